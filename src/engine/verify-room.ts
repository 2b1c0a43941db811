/**
 * `room.verify()`. A store in memory is looked at where it is, between two commits. A store on disk
 * is looked at as an image and in a process of its own, since reading a damaged table may end the
 * process; writers wait only while the image is made.
 */
import { readInput } from '../base/check.ts'
import type { Core } from './core.ts'
import { VERIFY_SCHEMA } from './schemas.ts'
import { verifyStore, type VerifyProgress, type VerifyReport } from './verify.ts'

export interface VerifyRoomInput {
  /** Told now and then how far it is. */
  readonly onProgress?: (progress: VerifyProgress) => void
  /** Ends it early, with an error. */
  readonly signal?: AbortSignal
}

export async function verifyRoom(core: Core, raw: VerifyRoomInput): Promise<VerifyReport> {
  const input = readInput(VERIFY_SCHEMA, raw) as VerifyRoomInput
  await core.uses.flush()
  const { store, keys, provider, committer } = core
  const child = store.image && (await import('./verify-process.ts').catch(() => undefined))
  if (!child?.available())
    return committer.alone(() => verifyStore({ store, keys, provider, ...input }))
  const image = await committer.alone(() => store.image!())
  try {
    return await child.verifyImage(keys, image.path, input)
  } finally {
    await image.remove()
  }
}
