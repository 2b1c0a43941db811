/**
 * Commands that bring material from outside. Each makes an RSA pair, so they have a property of
 * their own.
 */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import fc from 'fast-check'
import * as m from '../../src/testing/model.ts'
import { SPECS } from '../../src/domain/algorithms.ts'
import type { Key, Vault } from '../../src/engine/api.ts'
import { compareKey, compareVault, type Real, type Room } from './real.ts'
import { onKey } from './steps-keys.ts'
import { keysOf, pickKey } from './steps-vaults.ts'
import { TIME_STEPS, USE_STEPS } from './steps-use.ts'
import { choice, pick, step, type Command } from './step.ts'

function wrap(publicKey: Uint8Array, material: Uint8Array): Uint8Array {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return new Uint8Array(publicEncrypt({ key, padding, oaepHash: 'sha256' }, material))
}

/** Fresh import parameters, and the material under them. */
export async function bringMaterial(
  room: Room,
  keyId: string,
  material: Uint8Array,
  expiresAt?: Date,
): Promise<Key> {
  const asked = { keyId, wrapping: 'RSA_OAEP_SHA_256', wrappingSpec: 'RSA_2048' } as const
  const { publicKey, importToken } = await room.getImportParameters(asked)
  const wrapped = wrap(publicKey, material)
  return room.importKeyMaterial({ keyId, importToken, wrapped, ...(expiresAt && { expiresAt }) })
}

/** The bytes of a key's material: one for its whole life, and a wrong one. */
const materialOf = (key: m.ModelKey | undefined, wrong: boolean): Uint8Array =>
  new Uint8Array(SPECS[key?.spec ?? 'AES_256'].bytes).fill(wrong ? 9 : 4)

const importMaterial = step(
  'ImportKeyMaterial',
  { key: choice, wrong: fc.constantFrom(false, false, true), days: fc.constantFrom(undefined, 9) },
  ({ key, wrong, days }, model, real: Real) => {
    const imported = keysOf(model).filter((known) => known.imported)
    const target =
      pick(imported, key, (known) => m.keyState(known) !== 'deleted') ?? pickKey(model, key)
    const expiresAt = days === undefined ? undefined : model.now + days * m.DAY_MS
    return onKey(
      real,
      target,
      (known) => {
        m.importMaterial(model, known, real.material.get(known) !== !wrong, expiresAt)
        if (!real.material.has(known)) real.material.set(known, wrong)
      },
      async ({ keyId }) =>
        bringMaterial(
          real.room,
          keyId,
          materialOf(target, wrong),
          expiresAt === undefined ? undefined : new Date(expiresAt),
        ),
    )
  },
)

/** A vault with a key that waits for its material, so that short histories have one. */
const pendingKey = step('PendingKey', {}, (_, model, real) => ({
  model: () => {
    const vault = m.createVault(model, { displayName: 'v', compartmentId: 'east' })
    const purposes = ['encrypt'] as const
    return m.createKey(model, vault, {
      spec: 'AES_256',
      purposes,
      displayName: 'k',
      imported: true,
    })
  },
  call: async () => {
    const vault = await real.room.createVault({ displayName: 'v', compartmentId: 'east' })
    const spec = 'AES_256'
    const input = { vaultId: vault.id, displayName: 'k', spec, origin: 'imported' } as const
    return { vault, key: await real.room.createKey(input) }
  },
  agree: async (key: m.ModelKey, answer: { vault: Vault; key: Key }) => {
    key.id = answer.key.id
    key.vault.id = answer.vault.id
    await compareVault(real, key.vault)
    await compareKey(real, key)
  },
}))

export const IMPORT_STEPS: readonly Command[] = [
  pendingKey,
  pendingKey,
  importMaterial,
  importMaterial,
  importMaterial,
  importMaterial,
  ...USE_STEPS,
  ...TIME_STEPS,
]
