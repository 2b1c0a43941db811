/** Key policies as data of a key: put, read, removed, kept, carried along. */
import { beforeEach, describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { LIMITS } from '../../../src/domain/limits.ts'
import type { Key } from '../../../src/index.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { PORTABLE_LIMITS } from '../../../src/store/limits.ts'
import { codeOf, lasting, rowsOf, stage, type Stage } from '../support.ts'
import {
  ACCOUNT,
  allow,
  ANN,
  as,
  BOB,
  deny,
  mine,
  policy,
  READER,
  ROOT,
  ruleOf,
} from './support.ts'

const ANNS = policy(allow(ANN, '*'))

let s: Stage
let key: Key
beforeEach(async () => {
  s = await stage()
  key = await s.room.createKey({ vaultId: s.vaultId, displayName: 'k', spec: 'AES_256' })
  return () => s.room.close()
})
const create = (given: object) =>
  s.room.createKey({ vaultId: s.vaultId, displayName: 'x', spec: 'AES_128', ...given })

describe('the policy of a key', () => {
  test('comes back as it was given, to the character', async () => {
    expect(await s.room.getKeyPolicy({ keyId: key.id })).toEqual({ keyId: key.id })
    const text = `  ${ANNS.replaceAll(',', ' ,\n\t')} `
    const answer = await s.room.putKeyPolicy({ keyId: key.id, policy: text })
    expect(answer).toMatchObject({ keyId: key.id, policy: text, updatedAt: s.room.now() })
    expect(await s.room.getKeyPolicy({ keyId: key.id })).toEqual(answer)
    const { id } = await create({ policy: text })
    expect(await s.room.getKeyPolicy({ keyId: id })).toMatchObject({ policy: text })
  })

  test('has an etag of its own and leaves that of the key alone', async () => {
    const { etag } = await s.room.putKeyPolicy({ keyId: key.id, policy: ANNS })
    expect((await s.room.getKey({ keyId: key.id })).etag).toBe(key.etag)
    const put = (ifMatch: string) =>
      codeOf(s.room.putKeyPolicy({ keyId: key.id, policy: ANNS, ifMatch }))
    expect([await put(etag!), await put(etag!), await put('*')]).toEqual([
      'ok',
      'ETAG_MISMATCH',
      'ok',
    ])
    await s.room.putKeyPolicy({ keyId: key.id, policy: null })
    expect(await put(etag!)).toBe('ETAG_MISMATCH')
  })

  test('may be changed in every state of a living key, and in no other', async () => {
    const { keyId } = { keyId: key.id }
    const put = () => codeOf(s.room.putKeyPolicy({ keyId, policy: ANNS }))
    await s.room.disableKey({ keyId })
    expect(await put()).toBe('ok')
    await s.room.scheduleKeyDeletion({ keyId })
    expect(await put()).toBe('ok')
    await s.room.destroyKey({ keyId })
    expect(await put()).toBe('INVALID_STATE')
    const { id } = await create({ origin: 'imported', policy: ANNS })
    expect(await codeOf(s.room.putKeyPolicy({ keyId: id, policy: null }))).toBe('ok')
  })

  test('malformed or too long is refused and changes nothing', async () => {
    await s.room.putKeyPolicy({ keyId: key.id, policy: ANNS })
    const rows = await rowsOf(s.store)
    const put = (text: string) => codeOf(s.room.putKeyPolicy({ keyId: key.id, policy: text }))
    expect(await put('{}')).toBe('INVALID_POLICY')
    expect(await put(mine('Allow', '*'))).toBe('INVALID_POLICY')
    expect(await put(`${ANNS}${' '.repeat(LIMITS.policyBytesMax)}`)).toBe('LIMIT_EXCEEDED')
    expect(await codeOf(create({ policy: 'no' }))).toBe('INVALID_POLICY')
    expect(await rowsOf(s.store)).toEqual(rows)
  })

  test('of the greatest length fits the smallest rows', async () => {
    const store = Object.assign(createMemoryStore(), { limits: PORTABLE_LIMITS })
    const t = await stage(lasting(store))
    const text = `${ANNS}${' '.repeat(LIMITS.policyBytesMax - ANNS.length)}`
    const { id: keyId } = await t.room.createKey({
      ...{ vaultId: t.vaultId, displayName: 'k', spec: 'AES_256', policy: text },
    })
    expect((await t.room.getKeyPolicy({ keyId })).policy).toBe(text)
    for (const { value } of await rowsOf(store))
      expect(value.length).toBeLessThanOrEqual(PORTABLE_LIMITS.maxValueBytes)
    await t.room.close()
  })

  test('is sealed: neither it nor a grant shows in the store', async () => {
    await s.room.putKeyPolicy({ keyId: key.id, policy: ANNS })
    await s.room.createGrant({ keyId: key.id, granteePrincipal: BOB, operations: ['Decrypt'] })
    const latin = new TextDecoder('latin1')
    for (const { key: at, value } of await rowsOf(s.store))
      for (const bytes of [at, value]) expect(latin.decode(bytes)).not.toMatch(/user\/|kms:/)
  })

  test('goes with its key', async () => {
    const before = (await rowsOf(s.store)).length
    const { id: keyId } = await create({ policy: ANNS })
    await s.room.createGrant({ keyId, granteePrincipal: BOB, operations: ['Decrypt'] })
    await s.room.destroyKey({ keyId })
    expect(await s.room.getKeyPolicy({ keyId })).toEqual({ keyId })
    expect((await s.room.listGrants({ keyId })).items).toEqual([])
    const letters = (await rowsOf(s.store)).map(({ key: at }) => String.fromCharCode(at[0]!))
    expect(letters.filter((letter) => 'LEF'.includes(letter))).toEqual([])
    expect(before).toBeGreaterThan(0)
    expect((await s.room.verify()).ok).toBe(true)
  })

  test('goes with its vault', async () => {
    await s.room.putKeyPolicy({ keyId: key.id, policy: ANNS })
    await s.room.createGrant({ keyId: key.id, granteePrincipal: BOB, operations: ['Decrypt'] })
    await s.room.scheduleVaultDeletion({ vaultId: s.vaultId })
    s.clock.advance({ days: 31 })
    await s.room.tick()
    const letters = (await rowsOf(s.store)).map(({ key: at }) => String.fromCharCode(at[0]!))
    expect(letters.filter((letter) => 'LEF'.includes(letter))).toEqual([])
    expect((await s.room.verify()).ok).toBe(true)
  })
})

describe('locking oneself out (contracts: AWS 12)', () => {
  const access = { identityPolicies: 'all' } as const
  test.each<[string, string, boolean]>([
    ['naming the caller', policy(allow(ANN, 'PutKeyPolicy')), true],
    ['naming the account', policy(allow(ROOT, '*')), true],
    ['naming the account by its number', policy(allow(ACCOUNT, '*')), true],
    ['naming another', policy(allow(BOB, '*')), false],
    ['without PutKeyPolicy', policy(allow(ANN, 'GetKeyPolicy')), false],
    ['with a denial', policy(allow(ANN, '*'), deny(ROOT, 'PutKeyPolicy')), false],
  ])('%s', async (_, text, kept) => {
    const expected = kept ? 'ok' : 'POLICY_LOCKOUT'
    const given = { policy: text, ...as(ANN, access) }
    expect(await codeOf(create(given))).toBe(expected)
    expect(await codeOf(create({ ...given, bypassLockoutCheck: true }))).toBe('ok')
    await s.room.putKeyPolicy({ keyId: key.id, policy: ANNS })
    expect(await codeOf(s.room.putKeyPolicy({ keyId: key.id, ...given }))).toBe(expected)
    expect((await s.room.getKeyPolicy({ keyId: key.id })).policy).toBe(kept ? text : ANNS)
    const bypass = { keyId: key.id, ...given, bypassLockoutCheck: true }
    expect(await ruleOf(s.room.putKeyPolicy(bypass))).toBe('ok')
  })

  test('taking the policy away leaves what stands in for it, or nothing', async () => {
    await s.room.putKeyPolicy({ keyId: key.id, policy: ANNS })
    const remove = (unlessPolicy?: string) =>
      codeOf(
        s.room.putKeyPolicy({
          keyId: key.id,
          policy: null,
          ...as(ANN, { ...access, ...(unlessPolicy !== undefined && { unlessPolicy }) }),
        }),
      )
    expect(await remove()).toBe('POLICY_LOCKOUT')
    expect(await remove(policy(allow(READER, '*')))).toBe('POLICY_LOCKOUT')
    expect(await remove(policy(allow(ROOT, '*')))).toBe('ok')
  })

  test('the owner is never locked out', async () => {
    const text = policy(deny('*', '*'))
    expect(await codeOf(s.room.putKeyPolicy({ keyId: key.id, policy: text }))).toBe('ok')
    expect(await codeOf(s.room.encrypt({ keyId: key.id, plaintext: utf8('x') }))).toBe('ok')
  })
})
