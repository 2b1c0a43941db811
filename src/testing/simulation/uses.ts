/** Uses of keys: what was made with a version is opened or checked as long as the version may be used. */
import { equalBytes, utf8 } from '../../base/bytes.ts'
import type { Strongroom } from '../../engine/room.ts'
import * as m from '../model.ts'
import { codeOf, violated } from './trace.ts'
import type { Made, Truth } from './truth.ts'

export const MESSAGE = utf8('what is protected')
const CONTEXT = { table: 'orders' }

export type Use = Made['by']

interface Target {
  readonly keyId: string
  readonly versionId?: string
}

const MAKE: Readonly<
  Record<Use, (room: Strongroom, at: Target) => Promise<{ bytes: Uint8Array; versionId: string }>>
> = {
  encrypt: async (room, target) => {
    const { ciphertext, versionId } = await room.encrypt({
      ...target,
      plaintext: MESSAGE,
      context: CONTEXT,
    })
    return { bytes: ciphertext, versionId }
  },
  sign: async (room, target) => {
    const { signature, versionId } = await room.sign({ ...target, message: MESSAGE })
    return { bytes: signature, versionId }
  },
  generateMac: async (room, target) => {
    const { mac, versionId } = await room.generateMac({ ...target, message: MESSAGE })
    return { bytes: mac, versionId }
  },
}

const OPEN: Readonly<Record<Use, (room: Strongroom, made: Made) => Promise<boolean>>> = {
  encrypt: async (room, { bytes }) => {
    const { plaintext } = await room.decrypt({ ciphertext: bytes, context: CONTEXT })
    return equalBytes(plaintext, MESSAGE)
  },
  sign: async (room, { keyId, versionId, bytes }) =>
    (await room.verify({ keyId, versionId, message: MESSAGE, signature: bytes })).valid,
  generateMac: async (room, { keyId, versionId, bytes }) =>
    (await room.verifyMac({ keyId, versionId, message: MESSAGE, mac: bytes })).valid,
}

const WAY_BACK = {
  encrypt: m.USES.decrypt,
  sign: m.USES.verify,
  generateMac: m.USES.verifyMac,
} as const

const PURPOSES = { encrypt: 'encrypt', sign: 'sign', mac: 'generateMac' } as const

export function useOf(key: m.ModelKey): Use {
  const purpose = key.purposes.find((one) => Object.hasOwn(PURPOSES, one))
  return PURPOSES[purpose as keyof typeof PURPOSES]
}

export const make = (room: Strongroom, use: Use, target: Target) => MAKE[use](room, target)

/** `ok`, or the code of the refusal; opening to something else is never right. */
export async function opened(room: Strongroom, made: Made): Promise<string> {
  try {
    if (await OPEN[made.by](room, made)) return 'ok'
  } catch (error) {
    return codeOf(error)
  }
  return violated(
    `${made.by} by ${made.keyName} version ${made.number} comes out as something else`,
  )
}

/** What the model says of the same. */
export function predictedOpen({ vault, model }: Truth, made: Made): string {
  const key = vault.keys.find(({ displayName }) => displayName === made.keyName)!
  try {
    m.use(model, key, WAY_BACK[made.by], key.versions[made.number - 1])
    return 'ok'
  } catch (error) {
    if (error instanceof m.Refusal) return error.code
    throw error
  }
}

export const useFor = (use: Use): m.Use => m.USES[use]
