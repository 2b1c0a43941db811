/** TABLE of the ways in which material ends, and a room with something for each of them. */
import type { Strongroom, VirtualClock } from '../../src/index.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { wrapFor } from '../engine/judge.ts'
import type { Chance } from './chance.ts'

const DAY_MS = 86_400_000
const PLAINTEXT = utf8('gone for good')
const MATERIAL = new Uint8Array(32).fill(8)
const NAMES = ['killed', 'due', 'versions', 'withdrawn', 'expiring', 'living'] as const

/** What a room holds. */
export interface Stock {
  readonly vaultId: string
  readonly doomedVault: string
  readonly ids: Readonly<Record<(typeof NAMES)[number], string>>
  /** The first version of `versions`, of which there are two. */
  readonly oldVersion: string
  /** Work of each key by its name, of the old version and of a key in the doomed vault. */
  readonly ciphertexts: ReadonlyMap<string, Uint8Array>
}

export async function stocked(room: Strongroom, chance: Chance): Promise<Stock> {
  const vault = async (): Promise<string> => (await room.createVault({ displayName: 'v' })).id
  const [vaultId, doomedVault] = [await vault(), await vault()]
  const ciphertexts = new Map<string, Uint8Array>()
  const seal = async (name: string, keyId: string): Promise<string> => {
    const made = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    ciphertexts.set(name, made.ciphertext)
    return made.versionId
  }
  const make = async (displayName: string, home = vaultId): Promise<string> => {
    const origin = displayName in IMPORTED ? 'imported' : 'internal'
    const asked = { vaultId: home, displayName, spec: 'AES_256', origin } as const
    const { id } = await room.createKey(asked)
    if (origin === 'imported') await importInto(room, id)
    await seal(displayName, id)
    return id
  }
  const ids: Partial<Record<(typeof NAMES)[number], string>> = {}
  for (const name of NAMES) ids[name] = await make(name)
  await make('in the doomed vault', doomedVault)
  const oldVersion = await seal('old version', ids.versions!)
  await room.createKeyVersion({ keyId: ids.versions! })
  await seal('versions', ids.versions!)
  for (const home of [vaultId, doomedVault]) await others(room, home, chance)
  return { vaultId, doomedVault, ids: ids as Stock['ids'], oldVersion, ciphertexts }
}

const IMPORTED = { withdrawn: true, expiring: true }

/** Up to two keys more, of any kind, each with two versions. */
async function others(room: Strongroom, vaultId: string, chance: Chance): Promise<void> {
  for (let i = chance.below(3); i > 0; i--) {
    const spec = chance.pick(['AES_128', 'HMAC_512', 'EC_P384', 'ED25519'] as const)
    const { id } = await room.createKey({ vaultId, displayName: `other ${i}`, spec })
    await room.createKeyVersion({ keyId: id })
  }
}

async function importInto(room: Strongroom, keyId: string, expiresAt?: Date): Promise<unknown> {
  const asked = { keyId, wrapping: 'RSA_OAEP_SHA_256', wrappingSpec: 'RSA_2048' } as const
  const { publicKey, importToken } = await room.getImportParameters(asked)
  const wrapped = wrapFor('RSA_OAEP_SHA_256', publicKey, MATERIAL)
  return room.importKeyMaterial({ keyId, importToken, wrapped, ...(expiresAt && { expiresAt }) })
}

/** A room in the middle of its life. */
export interface Life extends Stock {
  readonly room: Strongroom
  readonly clock: VirtualClock
}

interface Way {
  /** The ciphertext that opens no more. */
  readonly gone: string
  readonly prepare?: (life: Life) => Promise<unknown>
  readonly destroy: (life: Life) => Promise<unknown>
}

const inAWeek = ({ clock }: Life): Date => new Date(clock.now() + 7 * DAY_MS)
const afterAWeek = async ({ room, clock }: Life): Promise<unknown> => {
  clock.advance({ days: 7 })
  return room.tick()
}

export const WAYS: Readonly<Record<string, Way>> = {
  destroyKey: {
    gone: 'killed',
    destroy: ({ room, ids }) => room.destroyKey({ keyId: ids.killed }),
  },
  'the deletion of a key, when it is due': {
    gone: 'due',
    prepare: (life) =>
      life.room.scheduleKeyDeletion({ keyId: life.ids.due, deletionAt: inAWeek(life) }),
    destroy: afterAWeek,
  },
  'the deletion of a version, when it is due': {
    gone: 'old version',
    prepare: (life) => {
      const version = { keyId: life.ids.versions, versionId: life.oldVersion }
      return life.room.scheduleKeyVersionDeletion({ ...version, deletionAt: inAWeek(life) })
    },
    destroy: afterAWeek,
  },
  deleteKeyMaterial: {
    gone: 'withdrawn',
    destroy: ({ room, ids }) => room.deleteKeyMaterial({ keyId: ids.withdrawn }),
  },
  'the expiry of material': {
    gone: 'expiring',
    prepare: (life) => importInto(life.room, life.ids.expiring, inAWeek(life)),
    destroy: afterAWeek,
  },
  'the deletion of a vault, when it is due': {
    gone: 'in the doomed vault',
    prepare: (life) =>
      life.room.scheduleVaultDeletion({ vaultId: life.doomedVault, deletionAt: inAWeek(life) }),
    destroy: afterAWeek,
  },
}
