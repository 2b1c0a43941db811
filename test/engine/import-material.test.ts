/** Import parameters: one token, one key, one use, one day; and material that expires, is deleted and comes back. */
import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { WRAPPINGS, type Wrapping } from '../../src/domain/algorithms.ts'
import type { ImportParameters, Key } from '../../src/engine/api.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { wrapFor, pairOf } from './judge.ts'
import { codeOf, DAY_MS, flipped, imageOf, rowsOf, stage, type Stage } from './support.ts'

const WRAPPING = 'RSA_OAEP_SHA_256'
const MATERIAL = new Uint8Array(32).fill(5)
const OTHER = new Uint8Array(32).fill(6)
const PLAINTEXT = utf8('sealed before')
const NAMES = Object.keys(WRAPPINGS) as Wrapping[]

let on: Stage
let key: Key
beforeEach(async () => {
  on = await stage()
  key = await makeKey()
  return () => on.room.close()
})

const makeKey = (): Promise<Key> =>
  on.room.createKey({
    vaultId: on.vaultId,
    displayName: 'k',
    spec: 'AES_256',
    origin: 'imported',
  })
const parameters = (
  { id: keyId }: Key = key,
  wrapping: Wrapping = WRAPPING,
): Promise<ImportParameters> =>
  on.room.getImportParameters({ keyId, wrapping, wrappingSpec: 'RSA_2048' })

interface Given {
  readonly material?: Uint8Array
  readonly token?: Uint8Array
  readonly wrapped?: Uint8Array
  readonly expiresAt?: Date
  readonly to?: Key
}
function give(made: ImportParameters, given: Given = {}): Promise<Key> {
  const { material = MATERIAL, token = made.importToken, expiresAt, to = key } = given
  const wrapped = given.wrapped ?? wrapFor(WRAPPING, made.publicKey, material)
  const more = expiresAt && { expiresAt }
  return on.room.importKeyMaterial({ keyId: to.id, importToken: token, wrapped, ...more })
}
const later = (ms: number): Date => new Date(on.clock.now() + ms)
const stateOf = async (): Promise<string> => (await on.room.getKey({ keyId: key.id })).state
const tickets = async (): Promise<number> =>
  (await rowsOf(on.store)).filter((row) => row.key[0] === 'P'.charCodeAt(0)).length

describe('import parameters', () => {
  test.each(NAMES)('%s brings the material in', async (wrapping) => {
    const made = await parameters(key, wrapping)
    expect(made.expiresAt).toEqual(later(DAY_MS))
    expect(await stateOf()).toBe('pendingImport')
    const wrapped = wrapFor(wrapping, made.publicKey, MATERIAL)
    const imported = await give(made, { wrapped })
    expect(imported).toMatchObject({ state: 'enabled', origin: 'imported' })
    const { ciphertext } = await on.room.encrypt({ keyId: key.id, plaintext: PLAINTEXT })
    expect((await on.room.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
  })

  test.each(['RSA_2048', 'RSA_3072', 'RSA_4096'] as const)('under %s', async (wrappingSpec) => {
    const asked = { keyId: key.id, wrapping: WRAPPING, wrappingSpec } as const
    const made = await on.room.getImportParameters(asked)
    expect((await give(made)).state).toBe('enabled')
  })

  test('are for imported keys alone', async () => {
    const { vaultId } = on
    const own = await on.room.createKey({ vaultId, displayName: 'own', spec: 'AES_256' })
    expect(await codeOf(parameters(own))).toBe('NOT_PERMITTED_FOR_KEY')
    expect(await codeOf(give(await parameters(), { to: own }))).toBe('NOT_PERMITTED_FOR_KEY')
    expect(await codeOf(on.room.deleteKeyMaterial({ keyId: own.id }))).toBe('NOT_PERMITTED_FOR_KEY')
  })
})

describe('the token', () => {
  test('is good for its key alone', async () => {
    const other = await makeKey()
    expect(await codeOf(give(await parameters(), { to: other }))).toBe('INVALID_IMPORT_TOKEN')
  })

  test('is good once, also for two at once', async () => {
    const made = await parameters()
    const both = await Promise.all([codeOf(give(made)), codeOf(give(made))])
    expect(both.sort()).toEqual(['INVALID_IMPORT_TOKEN', 'ok'])
    expect(await codeOf(give(made))).toBe('INVALID_IMPORT_TOKEN')
    expect(await tickets()).toBe(0)
  })

  test('is good for 24 hours', async () => {
    const [made, last] = [await parameters(), await parameters()]
    on.clock.advance({ days: 1, milliseconds: -1 })
    expect(await codeOf(give(last))).toBe('ok')
    on.clock.advance({ milliseconds: 1 })
    expect(await codeOf(give(made))).toBe('EXPIRED_IMPORT_TOKEN')
    expect(await tickets()).toBe(1)
    await on.room.tick()
    expect(await tickets()).toBe(0)
  })

  test('is good as it was given: every bit counts', async () => {
    const made = await parameters()
    const { importToken } = made
    const before = await imageOf(on.store)
    for (let at = 0; at < importToken.length; at++)
      expect(await codeOf(give(made, { token: flipped(importToken, at) }))).toBe(
        'INVALID_IMPORT_TOKEN',
      )
    for (const length of [1, 39, 40, 41, importToken.length - 1])
      expect(await codeOf(give(made, { token: importToken.subarray(0, length) }))).toBe(
        'INVALID_IMPORT_TOKEN',
      )
    const longer = new Uint8Array([...importToken, 0])
    expect(await codeOf(give(made, { token: longer }))).toBe('INVALID_IMPORT_TOKEN')
    expect(await imageOf(on.store)).toBe(before)
    expect(await codeOf(give(made))).toBe('ok')
  })

  test('of another room is not ours', async () => {
    const theirs = await stage()
    const asked = { displayName: 'k', spec: 'AES_256', origin: 'imported' } as const
    const foreign = await theirs.room.createKey({ vaultId: theirs.vaultId, ...asked })
    const made = await theirs.room.getImportParameters({ keyId: foreign.id, wrapping: WRAPPING })
    expect(await codeOf(give(await parameters(), { token: made.importToken }))).toBe(
      'INVALID_IMPORT_TOKEN',
    )
    await theirs.room.close()
  })

  test('is not used up by material that does not open', async () => {
    const made = await parameters()
    const foreign = wrapFor(WRAPPING, pairOf('RSA_2048').spki, MATERIAL)
    const otherHash = wrapFor('RSA_OAEP_SHA_1', made.publicKey, MATERIAL)
    const short = wrapFor(WRAPPING, made.publicKey, MATERIAL.subarray(1))
    const before = await imageOf(on.store)
    for (const wrapped of [foreign, otherHash, short, randomBytes(256), randomBytes(7)])
      expect(await codeOf(give(made, { wrapped }))).toBe('INVALID_KEY_MATERIAL')
    expect(await imageOf(on.store)).toBe(before)
    expect(await codeOf(give(made))).toBe('ok')
  })

  test('survives a restart and a destruction sweep', async () => {
    const made = await parameters()
    const other = await makeKey()
    await on.room.destroyKey({ keyId: other.id })
    const room = await on.again()
    const wrapped = wrapFor(WRAPPING, made.publicKey, MATERIAL)
    const { importToken } = made
    const imported = await room.importKeyMaterial({ keyId: key.id, importToken, wrapped })
    expect(imported.state).toBe('enabled')
    await room.close()
  })
})

describe('material', () => {
  const seal = async (): Promise<Uint8Array> =>
    (await on.room.encrypt({ keyId: key.id, plaintext: PLAINTEXT })).ciphertext
  const open = (ciphertext: Uint8Array): Promise<string> => codeOf(on.room.decrypt({ ciphertext }))
  const tick = { yes: () => on.room.tick(), no: async () => undefined }

  describe.each(['yes', 'no'] as const)('with a tick in between: %s', (ticked) => {
    test('expires by the clock, and comes back', async () => {
      const imported = await give(await parameters(), { expiresAt: later(10 * DAY_MS) })
      const version = { keyId: key.id, versionId: imported.currentVersionId! }
      const described = await on.room.getKeyVersion(version)
      expect(described.materialExpiresAt).toEqual(later(10 * DAY_MS))
      const ciphertext = await seal()
      on.clock.advance({ days: 10, milliseconds: -1 })
      expect(await open(ciphertext)).toBe('ok')
      on.clock.advance({ milliseconds: 1 })
      await tick[ticked]()
      expect([await stateOf(), await open(ciphertext)]).toEqual(['pendingImport', 'INVALID_STATE'])
      expect((await on.room.getKeyVersion(version)).state).toBe('pendingImport')
      const back = await give(await parameters())
      expect(back).toMatchObject({ state: 'enabled', currentVersionId: version.versionId })
      expect(await open(ciphertext)).toBe('ok')
      on.clock.advance({ days: 400 })
      expect(await open(ciphertext)).toBe('ok')
    })

    test('is deleted at once, and comes back', async () => {
      await give(await parameters())
      const ciphertext = await seal()
      expect((await on.room.deleteKeyMaterial({ keyId: key.id })).state).toBe('pendingImport')
      await tick[ticked]()
      expect([await stateOf(), await open(ciphertext)]).toEqual(['pendingImport', 'INVALID_STATE'])
      expect(await codeOf(seal())).toBe('INVALID_STATE')
      expect((await on.room.deleteKeyMaterial({ keyId: key.id })).state).toBe('pendingImport')
      expect(await codeOf(give(await parameters(), { material: OTHER }))).toBe(
        'INVALID_KEY_MATERIAL',
      )
      expect((await give(await parameters())).state).toBe('enabled')
      expect(await open(ciphertext)).toBe('ok')
    })
  })

  test('is the same as before, or refused', async () => {
    await give(await parameters())
    expect(await codeOf(give(await parameters(), { material: OTHER }))).toBe('INVALID_KEY_MATERIAL')
    expect(await codeOf(give(await parameters()))).toBe('ok')
  })

  test('lives on with a later end when it is imported again before it expires', async () => {
    await give(await parameters(), { expiresAt: later(5 * DAY_MS) })
    const ciphertext = await seal()
    on.clock.advance({ days: 4 })
    await give(await parameters(), { expiresAt: later(5 * DAY_MS) })
    on.clock.advance({ days: 4 })
    await on.room.tick()
    expect(await open(ciphertext)).toBe('ok')
    on.clock.advance({ days: 1 })
    expect(await open(ciphertext)).toBe('INVALID_STATE')
  })

  test('of a disabled key leaves it disabled', async () => {
    await give(await parameters())
    const ciphertext = await seal()
    await on.room.disableKey({ keyId: key.id })
    expect((await give(await parameters())).state).toBe('disabled')
    expect(await open(ciphertext)).toBe('INVALID_STATE')
    await on.room.enableKey({ keyId: key.id })
    expect(await open(ciphertext)).toBe('ok')
  })

  const BAD = [0, -1, 366 * DAY_MS]
  test.each(BAD)('cannot end %i ms from now', async (ms) => {
    const made = await parameters()
    expect(await codeOf(give(made, { expiresAt: later(ms) }))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(give(made, { expiresAt: later(365 * DAY_MS) }))).toBe('ok')
  })
})
