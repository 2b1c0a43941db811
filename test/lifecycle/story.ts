/** Tells a story of `fixtures/lifecycle/cascades.json` to a real room, line by line. */
import { expect } from 'vitest'
import { Strongroom } from '../../src/index.ts'
import type { VirtualClock } from '../../src/base/clock.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { OperationName } from '../../src/engine/api.ts'
import { sharedProvider } from '../helpers/provider.ts'
import type { Room } from '../model/real.ts'
import type { Line } from './fixtures.ts'

const DAY_MS = 24 * 60 * 60 * 1000

interface Scene {
  readonly room: Room
  readonly clock: VirtualClock
  readonly start: number
  /** Name in the story -> id. */
  readonly ids: Map<string, string>
}

/** `k.2` is the second version of `k`. */
async function versionId({ room, ids }: Scene, name: string): Promise<string> {
  const [key, number] = name.split('.')
  const { items } = await room.listKeyVersions({ keyId: ids.get(key!)! })
  return items.find((version) => version.number === Number(number))!.id
}

async function target(scene: Scene, name: string): Promise<Record<string, string>> {
  if (name === 'v') return { vaultId: scene.ids.get('v')! }
  if (!name.includes('.')) return { keyId: scene.ids.get(name)! }
  const keyId = scene.ids.get(name.split('.')[0]!)!
  return { keyId, versionId: await versionId(scene, name) }
}

async function input(scene: Scene, line: Line): Promise<object> {
  const { start, ids } = scene
  if (line.do === 'createVault') return { displayName: 'v' }
  if (line.do === 'createKey')
    return { vaultId: ids.get('v'), displayName: line.on, spec: 'AES_256' }
  const on = await target(scene, line.on!)
  return {
    ...on,
    ...(line.do === 'encrypt' && { plaintext: utf8('story') }),
    ...(line.do === 'updateVault' && { displayName: 'renamed' }),
    ...(line.days !== undefined && { deletionAt: new Date(start + line.days * DAY_MS) }),
    ...(line.restoreTo && { restoreTo: line.restoreTo }),
  }
}

async function act(scene: Scene, line: Line): Promise<void> {
  const { room, clock, ids } = scene
  if (line.do === 'wait') {
    clock.set(new Date(clock.now() + line.days! * DAY_MS + (line.milliseconds ?? 0)))
    return
  }
  const given = await input(scene, line)
  const call = room[line.do as OperationName] as (input: object) => Promise<{ id?: string }>
  const answer = await call.call(room, given).catch((error: unknown) => {
    if (error instanceof StrongroomError) return error.code
    throw error
  })
  if (line.refused !== undefined) return expect(answer).toBe(line.refused)
  expect(answer).toBeTypeOf('object')
  if (line.do!.startsWith('create') && typeof answer === 'object' && !ids.has(line.on!))
    ids.set(line.on!, answer.id!)
}

async function see(scene: Scene, line: Line): Promise<void> {
  const on = await target(scene, line.see!)
  const { room } = scene
  const got = on['versionId']
    ? await room.getKeyVersion({ keyId: on['keyId']!, versionId: on['versionId'] })
    : on['vaultId']
      ? await room.getVault({ vaultId: on['vaultId'] })
      : await room.getKey({ keyId: on['keyId']! })
  const { state, days } = line
  const at = days === undefined ? undefined : new Date(scene.start + days * DAY_MS)
  const found = { state: got.state, at: got.state === 'deleted' ? undefined : got.deletionAt }
  expect(found, `${line.see} should be ${state}`).toEqual({ state, at })
}

export async function tell(lines: readonly Line[], clock: VirtualClock): Promise<void> {
  const room: Room = await Strongroom.open({ clock, crypto: await sharedProvider() })
  const scene: Scene = { room, clock, start: clock.now(), ids: new Map() }
  for (const line of lines) await (line.see === undefined ? act(scene, line) : see(scene, line))
  await room.close()
}
