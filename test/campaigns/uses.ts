/** TABLE of what keys do: a proof that outlives the process, and a later look at it. */
import type { Strongroom } from '../../src/index.ts'
import { toHex } from '../../src/base/bytes.ts'

export type CampaignSpec = 'AES_256' | 'EC_P256' | 'HMAC_256'

interface Use {
  readonly make: (room: Strongroom, keyId: string, message: Uint8Array) => Promise<Uint8Array>
  /** Whether the key stands by what it made. */
  readonly holds: (
    room: Strongroom,
    keyId: string,
    message: Uint8Array,
    proof: Uint8Array,
  ) => Promise<boolean>
}

const context = { for: 'a campaign' }

export const USES: Readonly<Record<CampaignSpec, Use>> = {
  AES_256: {
    make: async (room, keyId, plaintext) =>
      (await room.encrypt({ keyId, plaintext, context })).ciphertext,
    holds: async (room, keyId, message, ciphertext) =>
      toHex((await room.decrypt({ keyId, ciphertext, context })).plaintext) === toHex(message),
  },
  EC_P256: {
    make: async (room, keyId, message) => (await room.sign({ keyId, message })).signature,
    holds: (room, keyId, message, signature) =>
      withAnyVersion(room, keyId, (versionId) =>
        room.verify({ keyId, versionId, message, signature }),
      ),
  },
  HMAC_256: {
    make: async (room, keyId, message) => (await room.generateMac({ keyId, message })).mac,
    holds: (room, keyId, message, mac) =>
      withAnyVersion(room, keyId, (versionId) =>
        room.verifyMac({ keyId, versionId, message, mac }),
      ),
  },
}

async function withAnyVersion(
  room: Strongroom,
  keyId: string,
  verify: (versionId: string) => Promise<{ readonly valid: boolean }>,
): Promise<boolean> {
  const { items } = await room.listKeyVersions({ keyId, limit: 1000 })
  for (const { id } of items) if ((await verify(id)).valid) return true
  return false
}
