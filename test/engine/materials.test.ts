/**
 * Several materials of one imported key (contracts: AWS 9): one waits for the rotation that makes it
 * current, each expires, is deleted and comes back by itself, and each has a name of its own.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import type { ImportedMaterial, ImportKeyMaterialInput, Key, Rotation } from '../../src/index.ts'
import { wrapFor } from './judge.ts'
import { codeOf, DAY_MS, stage, type Stage } from './support.ts'

const wrapping = 'RSA_OAEP_SHA_256'
const [FIRST, SECOND, THIRD] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
const PLAINTEXT = utf8('sealed before')

let on: Stage
let key: Key
beforeEach(async () => {
  on = await stage()
  key = await made()
  return () => on.room.close()
})

const made = (spec: 'AES_256' | 'HMAC_256' = 'AES_256'): Promise<Key> =>
  on.room.createKey({ vaultId: on.vaultId, displayName: 'k', spec, origin: 'imported' })

type Given = Partial<Omit<ImportKeyMaterialInput, 'keyId' | 'wrapped'>>
async function give(material: Uint8Array, given: Given = {}, to = key): Promise<ImportedMaterial> {
  const asked = { keyId: to.id, wrapping, wrappingSpec: 'RSA_2048' } as const
  const { publicKey, importToken } = await on.room.getImportParameters(asked)
  const wrapped = wrapFor(wrapping, publicKey, material)
  return on.room.importKeyMaterial({ keyId: to.id, importToken, wrapped, ...given })
}
const asNew = (material: Uint8Array, given: Given = {}): Promise<ImportedMaterial> =>
  give(material, { importType: 'new', ...given })
const rotate = () => on.room.rotateKey({ keyId: key.id })
const later = (days: number): Date => new Date(on.clock.now() + days * DAY_MS)
const forget = (materialId?: string): Promise<Key> =>
  on.room.deleteKeyMaterial({ keyId: key.id, ...(materialId && { materialId }) })
const seal = async (): Promise<Uint8Array> =>
  (await on.room.encrypt({ keyId: key.id, plaintext: PLAINTEXT })).ciphertext
const open = (ciphertext: Uint8Array): Promise<string> => codeOf(on.room.decrypt({ ciphertext }))
const state = async (): Promise<string> => (await on.room.getKey({ keyId: key.id })).state
const materials = async (): Promise<readonly Rotation[]> => {
  const asked = { keyId: key.id, includeMaterials: true, sortOrder: 'ASC' } as const
  return (await on.room.listRotations(asked)).items
}
const uses = async () => (await materials()).map(({ use, imported }) => [use, imported?.present])

/** Code and rule of a refusal. */
async function why(call: Promise<unknown>): Promise<readonly unknown[]> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown as StrongroomError,
  )
  return [error?.code, error?.explain?.rule]
}

describe('new material beside the current one', () => {
  test('waits, and is of no use until the key is rotated', async () => {
    const first = await give(FIRST!)
    const sealed = await seal()
    const second = await asNew(SECOND!, { materialDescription: 'from the ceremony' })
    expect(second).toMatchObject({ state: 'enabled', currentMaterialId: first.materialId })
    expect(second.materialId).not.toBe(first.materialId)
    expect(await materials()).toMatchObject([
      { use: 'current', materialId: first.materialId, imported: { present: true } },
      {
        use: 'pendingRotation',
        materialId: second.materialId,
        imported: { present: true, description: 'from the ceremony' },
      },
    ])
    expect((await on.room.listRotations({ keyId: key.id })).items).toEqual([])

    const rotated = await rotate()
    expect(rotated).toMatchObject({ current: true, number: 2, materialId: second.materialId })
    expect(await on.room.getKey({ keyId: key.id })).toMatchObject({
      currentMaterialId: second.materialId,
      state: 'enabled',
    })
    expect((await on.room.listRotations({ keyId: key.id })).items).toMatchObject([
      { number: 2, rotatedAt: new Date(on.clock.now()), automatic: false, use: 'current' },
    ])
    expect(await open(sealed)).toBe('ok')
    expect(await open(await seal())).toBe('ok')
  })

  test('is not used even where older versions are', async () => {
    await give(FIRST!)
    await asNew(SECOND!)
    await on.room.updateKey({ keyId: key.id, olderVersions: 'all' })
    const [, pending] = await materials()
    const { versionId } = pending!
    const used = on.room.encrypt({ keyId: key.id, versionId, plaintext: PLAINTEXT })
    expect(await why(used)).toEqual(['NOT_PERMITTED_FOR_KEY', 'version.current'])
    const deletion = on.room.scheduleKeyVersionDeletion({ keyId: key.id, versionId })
    expect(await codeOf(deletion)).toBe('CONFLICT')
  })

  test('is one at a time, and both are named in the refusal', async () => {
    await give(FIRST!)
    const second = await asNew(SECOND!)
    const error = await asNew(THIRD!).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'INVALID_STATE',
      explain: { rule: 'material.other', found: second.materialId },
    })
    const { subject } = (error as StrongroomError).explain!
    await rotate()
    expect((await asNew(THIRD!)).materialId).toBe(subject)
  })

  test('must be new', async () => {
    await give(FIRST!)
    expect(await why(asNew(FIRST!))).toEqual(['INVALID_KEY_MATERIAL', 'material.new'])
    await asNew(SECOND!)
    expect(await why(asNew(SECOND!))).toEqual(['INVALID_KEY_MATERIAL', 'material.new'])
    expect(await why(give(THIRD!))).toEqual(['INVALID_KEY_MATERIAL', 'material.same'])
  })

  test('is for symmetric keys alone', async () => {
    key = await made('HMAC_256')
    await give(FIRST!)
    expect(await why(asNew(SECOND!))).toEqual(['INVALID_KEY_MATERIAL', 'material.same'])
  })

  test('is the only one that a rotation takes', async () => {
    await give(FIRST!)
    expect(await why(rotate())).toEqual(['INVALID_STATE', 'material.pending'])
    await asNew(SECOND!, { expiresAt: later(1) })
    on.clock.advance({ days: 1 })
    expect(await why(rotate())).toEqual(['INVALID_STATE', 'material.pending'])
  })

  test('is taken back without a trace, and may come again', async () => {
    await give(FIRST!)
    const second = await asNew(SECOND!)
    expect(await forget(second.materialId)).toMatchObject({ state: 'enabled' })
    expect(await uses()).toEqual([['current', true]])
    expect(await why(rotate())).toEqual(['INVALID_STATE', 'material.pending'])
    expect(await why(give(SECOND!))).toEqual(['INVALID_KEY_MATERIAL', 'material.same'])
    expect((await asNew(SECOND!)).materialId).toBe(second.materialId)
    expect((await rotate()).number).toBe(3)
  })

  test('that expires leaves the key as it is, and comes back', async () => {
    await give(FIRST!)
    await asNew(SECOND!, { expiresAt: later(5) })
    on.clock.advance({ days: 5 })
    const ticked = async () => [await state(), await uses()]
    const lost = [
      'enabled',
      [
        ['current', true],
        ['pendingRotation', false],
      ],
    ]
    expect(await ticked()).toEqual(lost)
    await on.room.tick()
    expect(await ticked()).toEqual(lost)
    await give(SECOND!)
    await rotate()
    expect(await uses()).toEqual([
      ['former', true],
      ['current', true],
    ])
  })

  test('brings its end along when it becomes current', async () => {
    await give(FIRST!)
    await asNew(SECOND!, { expiresAt: later(5) })
    await rotate()
    expect((await on.room.getKey({ keyId: key.id })).materialExpiresAt).toEqual(later(5))
    on.clock.advance({ days: 5 })
    expect(await state()).toBe('pendingImport')
    expect((await on.room.getKey({ keyId: key.id })).materialExpiresAt).toBeUndefined()
  })
})

describe('a key with several materials', () => {
  let ids: readonly string[]
  let sealed: readonly Uint8Array[]
  beforeEach(async () => {
    const first = await give(FIRST!)
    const before = await seal()
    const second = await asNew(SECOND!)
    await rotate()
    ids = [first.materialId, second.materialId]
    sealed = [before, await seal()]
  })

  test('waits for all of them', async () => {
    await forget()
    await forget(ids[0])
    expect(await uses()).toEqual([
      ['former', false],
      ['current', false],
    ])
    expect((await give(SECOND!)).state).toBe('pendingImport')
    expect(await Promise.all(sealed.map(open))).toEqual(['INVALID_STATE', 'INVALID_STATE'])
    expect((await give(FIRST!)).state).toBe('enabled')
    expect(await Promise.all(sealed.map(open))).toEqual(['ok', 'ok'])
  })

  test('loses the current one when none is named, and that once', async () => {
    await forget()
    const { etag } = await forget()
    expect(await uses()).toEqual([
      ['former', true],
      ['current', false],
    ])
    expect((await on.room.getKey({ keyId: key.id })).etag).toBe(etag)
  })

  test('knows each by its id', async () => {
    await forget(ids[0])
    const other = give(FIRST!, { materialId: ids[1]! })
    expect(await why(other)).toEqual(['INVALID_KEY_MATERIAL', 'material.same'])
    const named = await give(FIRST!, { materialId: ids[0]! })
    expect([named.state, named.materialId]).toEqual(['enabled', ids[0]])
    expect(await codeOf(forget('0'.repeat(64)))).toBe('NOT_FOUND')
    const both = asNew(THIRD!, { materialId: ids[0]! })
    expect(await codeOf(both)).toBe('INVALID_ARGUMENT')
  })

  test('is restored from a backup as it was, and what waited still waits', async () => {
    const third = await asNew(THIRD!)
    const { blob } = await on.room.backupKey({ keyId: key.id })
    const shown = await materials()
    key = await on.room.restoreKey({ blob: blob!, newIds: true })
    expect((await materials()).map(({ use }) => use)).toEqual(shown.map(({ use }) => use))
    // The names of materials depend on the id of the key.
    expect((await materials())[2]!.materialId).not.toBe(third.materialId)
    expect((await rotate()).number).toBe(3)
    expect(await open(await seal())).toBe('ok')
  })
})

describe('a rotation on demand', () => {
  test('makes a version of a key of ours, and moves no schedule', async () => {
    const { vaultId } = on
    key = await on.room.createKey({
      vaultId,
      displayName: 'own',
      spec: 'AES_256',
      rotation: { everyDays: 90 },
    })
    const due = (await on.room.getKey({ keyId: key.id })).rotation?.nextRotationAt
    on.clock.advance({ days: 30 })
    const { materialId } = await rotate()
    const shown = await on.room.getKey({ keyId: key.id })
    expect([shown.currentMaterialId, shown.rotation?.nextRotationAt]).toEqual([materialId, due])
    on.clock.advance({ days: 60 })
    const { items } = await on.room.listRotations({ keyId: key.id, sortOrder: 'ASC' })
    expect(items.map(({ automatic, use }) => [automatic, use])).toEqual([
      [false, 'former'],
      [true, 'current'],
    ])
    expect(await materials()).toMatchObject([{ use: 'former', number: 1 }, {}, {}])
  })

  test('is granted 25 times, however many the clock makes', async () => {
    const { vaultId } = on
    key = await on.room.createKey({ vaultId, displayName: 'own', spec: 'AES_256' })
    await on.room.createKeyVersion({ keyId: key.id })
    for (let i = 0; i < 25; i++) await rotate()
    expect(await why(rotate())).toEqual(['LIMIT_EXCEEDED', 'key.rotations'])
    expect((await on.room.createKeyVersion({ keyId: key.id })).number).toBe(28)
  })

  test('takes a key that is enabled', async () => {
    await give(FIRST!)
    await asNew(SECOND!)
    await on.room.disableKey({ keyId: key.id })
    expect(await why(rotate())).toEqual(['INVALID_STATE', 'key.state'])
  })
})

test('a material is named by key and content, and the name tells nothing of it', async () => {
  const { materialId } = await give(FIRST!)
  expect(materialId).toMatch(/^[0-9a-f]{64}$/)
  await forget()
  expect((await give(FIRST!)).materialId).toBe(materialId)
  const other = await made()
  expect((await give(FIRST!, {}, other)).materialId).not.toBe(materialId)
  const { currentVersionId: versionId } = await on.room.getKey({ keyId: key.id })
  const version = await on.room.getKeyVersion({ keyId: key.id, versionId: versionId! })
  expect(version.materialId).toBe(materialId)
})
