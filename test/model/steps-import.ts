/**
 * Commands that bring material from outside. Each makes an RSA pair, so they have a property of
 * their own.
 */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import fc from 'fast-check'
import * as m from '../../src/testing/model.ts'
import { SPECS } from '../../src/domain/algorithms.ts'
import type { ImportKeyMaterialInput, Key, Vault } from '../../src/engine/api.ts'
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
  more: Pick<ImportKeyMaterialInput, 'expiresAt' | 'importType'> = {},
): Promise<Key> {
  const asked = { keyId, wrapping: 'RSA_OAEP_SHA_256', wrappingSpec: 'RSA_2048' } as const
  const { publicKey, importToken } = await room.getImportParameters(asked)
  const wrapped = wrap(publicKey, material)
  return room.importKeyMaterial({ keyId, importToken, wrapped, ...more })
}

/** One of a few materials, by its number. */
const materialOf = (key: m.ModelKey | undefined, material: number): Uint8Array =>
  new Uint8Array(SPECS[key?.spec ?? 'AES_256'].bytes).fill(material)
const material = fc.constantFrom(4, 4, 5, 6)

const importedKey = (model: m.Model, key: number): m.ModelKey | undefined => {
  const imported = keysOf(model).filter((known) => known.imported)
  return pick(imported, key, (known) => m.keyState(known) !== 'deleted') ?? pickKey(model, key)
}

const importMaterial = step(
  'ImportKeyMaterial',
  {
    key: choice,
    material,
    importType: fc.constantFrom(undefined, undefined, 'new', 'existing'),
    days: fc.constantFrom(undefined, 9),
  },
  ({ key, material: brought, importType, days }, model, real: Real) => {
    const target = importedKey(model, key)
    const expiresAt = days === undefined ? undefined : model.now + days * m.DAY_MS
    return onKey(
      real,
      target,
      (known) => m.importMaterial(model, known, { material: brought, importType, expiresAt }),
      async ({ keyId }) =>
        bringMaterial(real.room, keyId, materialOf(target, brought), {
          ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
          ...(importType && { importType }),
        }),
    )
  },
)

const rotateKey = step('RotateKey', { key: choice }, ({ key }, model, real: Real) =>
  onKey(
    real,
    importedKey(model, key),
    (known) => void m.rotateKey(model, known),
    async ({ keyId }) => {
      await real.room.rotateKey({ keyId })
      return real.room.getKey({ keyId })
    },
  ),
)

/** One of the materials of a key, by its id as the list tells it. */
const deleteNamed = step(
  'DeleteNamedMaterial',
  { key: choice, material },
  ({ key, material: named }, model, real: Real) => {
    const target = importedKey(model, key)
    return onKey(
      real,
      target,
      (known) => m.deleteMaterial(known, named),
      async ({ keyId }) => {
        const asked = { keyId, includeMaterials: true, limit: 1000 } as const
        const { items } = await real.room.listRotations(asked)
        const at = target?.versions.find((one) => !one.gone && one.material === named)
        const materialId = items.find(({ number }) => number === at?.number)?.materialId
        return real.room.deleteKeyMaterial({ keyId, materialId: materialId ?? 'f'.repeat(64) })
      },
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
  rotateKey,
  rotateKey,
  deleteNamed,
  ...USE_STEPS,
  ...TIME_STEPS,
]
