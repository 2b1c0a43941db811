/** Grants: made, named, listed, retired, revoked, and what they allow meanwhile (contracts: AWS 11). */
import { beforeEach, describe, expect, test } from 'vitest'
import { toBase64url, utf8 } from '../../../src/base/bytes.ts'
import { LIMITS } from '../../../src/domain/limits.ts'
import type { CreateGrantInput, Grant, Key } from '../../../src/index.ts'
import { codeOf, rowsOf, stage, type Stage } from '../support.ts'
import { ACCOUNT, allow, ANN, as, BOB, deny, mine, policy, READER, ROOT } from './support.ts'
import { ruleOf, SESSION } from './support.ts'

const TEXT = utf8('attack at dawn')

let s: Stage
let key: Key
beforeEach(async () => {
  s = await stage()
  key = await s.room.createKey({ vaultId: s.vaultId, displayName: 'k', spec: 'AES_256' })
  return () => s.room.close()
})

const grant = (given: Partial<CreateGrantInput> = {}) =>
  s.room.createGrant({
    keyId: key.id,
    granteePrincipal: ANN,
    operations: ['Encrypt', 'Decrypt'],
    ...given,
  })
const encrypt = (who: string, context: Record<string, string> = {}) =>
  ruleOf(s.room.encrypt({ keyId: key.id, plaintext: TEXT, context, ...as(who) }))
const listed = async (query: object = {}): Promise<readonly Grant[]> =>
  (await s.room.listGrants({ keyId: key.id, ...query })).items

describe('a grant', () => {
  test('answers all that it says, and a token', async () => {
    const given = {
      retiringPrincipal: READER,
      constraints: { contextSubset: { table: 'orders' } },
      name: 'reading/1',
      ...as(BOB, { identityPolicies: 'all' as const }),
    }
    await s.room.putKeyPolicy({ keyId: key.id, policy: policy(allow(BOB, 'CreateGrant')) })
    const { grant: made, grantToken } = await grant(given)
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      keyId: key.id,
      vaultId: s.vaultId,
      granteePrincipal: ANN,
      retiringPrincipal: READER,
      operations: ['Encrypt', 'Decrypt'],
      constraints: { contextSubset: { table: 'orders' } },
      name: 'reading/1',
      createdAt: s.room.now(),
      issuedBy: BOB,
      issuingAccount: ACCOUNT,
    })
    expect(grantToken.length).toBeLessThan(LIMITS.grantTokenLengthMax)
    expect(await listed()).toEqual([made])
  })

  test('works at once, until it is revoked', async () => {
    expect(await encrypt(ANN)).toBe('principal')
    const { grant: made } = await grant()
    for (let i = 0; i < 3; i++) expect(await encrypt(ANN)).toBe('ok')
    expect(await encrypt(BOB)).toBe('principal')
    await s.room.revokeGrant({ keyId: key.id, grantId: made.id })
    expect(await encrypt(ANN)).toBe('principal')
    expect(await codeOf(s.room.revokeGrant({ keyId: key.id, grantId: made.id }))).toBe('NOT_FOUND')
  })

  test('under constraints', async () => {
    await grant({ constraints: { contextEquals: { table: 'orders' } } })
    expect(await encrypt(ANN, { table: 'orders' })).toBe('ok')
    expect(await encrypt(ANN, { table: 'orders', x: 'y' })).toBe('principal')
    expect(await encrypt(ANN)).toBe('principal')
    expect(await encrypt(ANN, { Table: 'orders' })).toBe('ok')
  })

  test('never against a denial', async () => {
    await grant()
    await s.room.putKeyPolicy({ keyId: key.id, policy: policy(deny(ANN, 'Encrypt')) })
    expect(await encrypt(ANN)).toBe('keyPolicy.deny')
  })

  test('only while the key can be granted', async () => {
    await s.room.disableKey({ keyId: key.id })
    expect(await codeOf(grant())).toBe('INVALID_STATE')
    await s.room.enableKey({ keyId: key.id })
    const { grant: made } = await grant()
    await s.room.scheduleKeyDeletion({ keyId: key.id })
    expect(await codeOf(grant())).toBe('INVALID_STATE')
    expect(await listed()).toHaveLength(1)
    expect(await codeOf(s.room.revokeGrant({ keyId: key.id, grantId: made.id }))).toBe('ok')
  })

  test.each<[string, object]>([
    ['no operations', { operations: [] }],
    ['CreateGrant alone', { operations: ['CreateGrant'] }],
    ['an operation of another kind of key', { operations: ['Sign'] }],
    ['an operation twice', { operations: ['Decrypt', 'Decrypt'] }],
    ['no such operation', { operations: ['Destroy'] }],
    ['a group', { granteePrincipal: `arn:aws:iam::${ACCOUNT}:group/admins` }],
    ['nobody', { granteePrincipal: 'ann' }],
    ['both contexts', { constraints: { contextEquals: { a: 'b' }, contextSubset: { a: 'b' } } }],
    [
      'nine pairs',
      {
        constraints: { contextEquals: Object.fromEntries(Array.from('abcdefghi', (x) => [x, x])) },
      },
    ],
    ['a value of 385 characters', { constraints: { contextSubset: { a: 'x'.repeat(385) } } }],
    ['a source that is no ARN', { constraints: { sourceArn: 'https://example.com/an/address' } }],
    ['a name with spaces', { name: 'two words' }],
  ])('refuses %s', async (_, given) => {
    expect(await codeOf(grant(given))).toBe('INVALID_ARGUMENT')
    expect(await listed()).toEqual([])
  })
})

describe('the name', () => {
  test('finds the grant that is there, with another token', async () => {
    const first = await grant({ name: 'a' })
    s.clock.advance({ minutes: 1 })
    const again = await grant({ name: 'a', operations: ['Decrypt', 'Encrypt'] })
    expect(again.grant).toEqual(first.grant)
    expect(again.grantToken).not.toBe(first.grantToken)
    expect(await listed()).toHaveLength(1)
    const token = again.grantToken
    expect(await ruleOf(s.room.retireGrant({ grantToken: token }))).toBe('ok')
    expect(await codeOf(s.room.retireGrant({ grantToken: first.grantToken }))).toBe('NOT_FOUND')
  })

  test.each<[string, Partial<CreateGrantInput>]>([
    ['another name', { name: 'b' }],
    ['other operations', { operations: ['Decrypt'] }],
    ['another grantee', { granteePrincipal: BOB }],
    ['a retiring principal', { retiringPrincipal: BOB }],
    ['a constraint', { constraints: { contextEquals: { a: 'b' } } }],
  ])('with %s is another grant', async (_, given) => {
    const first = await grant({ name: 'a' })
    expect((await grant({ name: 'a', ...given })).grant.id).not.toBe(first.grant.id)
    expect(await listed()).toHaveLength(2)
  })

  test('on another key is another grant, and without a name every one is', async () => {
    const other = await s.room.createKey({ vaultId: s.vaultId, displayName: 'o', spec: 'AES_256' })
    const first = await grant({ name: 'a' })
    const second = await grant({ name: 'a', keyId: other.id })
    expect(second.grant.id).not.toBe(first.grant.id)
    expect((await grant()).grant.id).not.toBe((await grant()).grant.id)
  })

  test('given again after the end makes a new grant, which old tokens do not end', async () => {
    const first = await grant({ name: 'a' })
    await s.room.revokeGrant({ keyId: key.id, grantId: first.grant.id })
    s.clock.advance({ minutes: 1 })
    const second = await grant({ name: 'a' })
    expect(await codeOf(s.room.retireGrant({ grantToken: first.grantToken }))).toBe('NOT_FOUND')
    expect(await codeOf(s.room.retireGrant({ grantToken: second.grantToken }))).toBe('ok')
  })
})

describe('tokens', () => {
  test('must be authentic wherever they are given', async () => {
    const { grantToken } = await grant()
    const altered = `${grantToken.slice(0, -1)}${grantToken.endsWith('A') ? 'B' : 'A'}`
    const wrong = ['x', altered, grantToken.slice(4), toBase64url(new Uint8Array(88))]
    const use = (grantTokens: string[], principal?: string) =>
      codeOf(
        s.room.encrypt({
          keyId: key.id,
          plaintext: TEXT,
          ...(principal !== undefined && { principal }),
          access: { grantTokens },
        }),
      )
    // Also on the fast path, where the key is known from before.
    for (let i = 0; i < 2; i++) await s.room.encrypt({ keyId: key.id, plaintext: TEXT })
    for (const token of wrong) {
      expect(await use([grantToken, token], ANN)).toBe('INVALID_GRANT_TOKEN')
      expect(await use([token])).toBe('INVALID_GRANT_TOKEN')
      expect(await codeOf(s.room.retireGrant({ grantToken: token }))).toBe('INVALID_GRANT_TOKEN')
    }
    expect(await use([grantToken], ANN)).toBe('ok')
    expect(await use([grantToken])).toBe('ok')
    expect(await use([grantToken], BOB)).toBe('FORBIDDEN')
  })

  test('need neither a key nor an id beside them', async () => {
    const { grant: made, grantToken } = await grant()
    const retire = (input: object) => codeOf(s.room.retireGrant(input))
    expect(await retire({ grantToken, grantId: made.id })).toBe('INVALID_ARGUMENT')
    expect(await retire({ keyId: key.id })).toBe('INVALID_ARGUMENT')
    expect(await retire({ grantId: made.id })).toBe('INVALID_ARGUMENT')
    expect(await retire({})).toBe('INVALID_ARGUMENT')
    expect(await retire({ grantToken })).toBe('ok')
  })

  test('of a room of the same realm only', async () => {
    const other = await stage()
    const { grantToken } = await grant()
    expect(await codeOf(other.room.retireGrant({ grantToken }))).toBe('INVALID_GRANT_TOKEN')
    await other.room.close()
  })
})

describe('retiring', () => {
  test.each<[string, Partial<CreateGrantInput>, string, string]>([
    ['the retiring principal', { retiringPrincipal: READER }, READER, 'ok'],
    ['its session', { retiringPrincipal: READER }, SESSION, 'ok'],
    ['the grantee whom it lets', { operations: ['Decrypt', 'RetireGrant'] }, ANN, 'ok'],
    ['the grantee whom it does not let', {}, ANN, 'grant.silent'],
    ['the root of the account that made it', as(BOB), ROOT, 'ok'],
    ['somebody of that account', as(BOB), READER, 'identityPolicy.silent'],
    ['the owner', {}, 'owner', 'ok'],
  ])('by %s', async (_, given, who, rule) => {
    await s.room.putKeyPolicy({
      keyId: key.id,
      policy: policy(allow([BOB, ANN], 'CreateGrant', 'RetireGrant')),
    })
    const { grant: made } = await grant(given)
    const retire = () => s.room.retireGrant({ keyId: key.id, grantId: made.id, principal: who })
    expect(await ruleOf(retire())).toBe(rule)
    expect(await listed()).toHaveLength(rule === 'ok' ? 0 : 1)
  })

  test('not against a denial', async () => {
    const { grantToken } = await grant({ retiringPrincipal: BOB })
    await s.room.putKeyPolicy({ keyId: key.id, policy: policy(deny(BOB, 'RetireGrant')) })
    expect(await ruleOf(s.room.retireGrant({ grantToken, ...as(BOB) }))).toBe('keyPolicy.deny')
  })

  test('of a key in any state that lives', async () => {
    const { grantToken } = await grant({ retiringPrincipal: BOB })
    await s.room.scheduleKeyDeletion({ keyId: key.id })
    expect(await ruleOf(s.room.retireGrant({ grantToken, ...as(BOB) }))).toBe('ok')
  })
})

test('revoking is for the policy, and no grant', async () => {
  const { grant: made } = await grant({ operations: ['Decrypt', 'RetireGrant'] })
  const revoke = (who: string) =>
    ruleOf(s.room.revokeGrant({ keyId: key.id, grantId: made.id, ...as(who) }))
  expect(await revoke(ANN)).toBe('principal')
  await s.room.putKeyPolicy({ keyId: key.id, policy: policy(allow(BOB, 'RevokeGrant')) })
  expect(await revoke(ANN)).toBe('keyPolicy.silent')
  expect(await revoke(BOB)).toBe('ok')
})

describe('a grant by a grantee', () => {
  test('of no more than he has', async () => {
    await grant({
      operations: ['CreateGrant', 'Decrypt', 'Encrypt'],
      constraints: { contextSubset: { table: 'orders' } },
    })
    const child = (given: Partial<CreateGrantInput>) =>
      ruleOf(grant({ granteePrincipal: BOB, operations: ['Decrypt'], ...as(ANN), ...given }))
    expect(await child({})).toBe('principal')
    const constraints = { contextSubset: { table: 'orders', row: '7' } }
    expect(await child({ constraints })).toBe('ok')
    expect(await child({ constraints, operations: ['ReEncryptTo'] })).toBe('principal')
    const open = await s.room.encrypt({
      keyId: key.id,
      plaintext: TEXT,
      context: { table: 'orders', row: '7' },
    })
    const asked = { ciphertext: open.ciphertext, context: { table: 'orders', row: '7' } }
    expect(await ruleOf(s.room.decrypt({ ...asked, ...as(BOB) }))).toBe('ok')
    expect(await encrypt(BOB, { table: 'orders', row: '7' })).toBe('principal')
  })

  test('of anything, whom the policy lets', async () => {
    await s.room.putKeyPolicy({ keyId: key.id, policy: policy(allow(ANN, 'CreateGrant')) })
    expect(await ruleOf(grant({ granteePrincipal: BOB, ...as(ANN) }))).toBe('ok')
    expect(await encrypt(BOB)).toBe('ok')
    expect(await encrypt(ANN)).toBe('keyPolicy.silent')
  })
})

describe('trying out', () => {
  test('checks everything, changes nothing, says so', async () => {
    const { grant: made, grantToken } = await grant({ name: 'a' })
    const rows = await rowsOf(s.store)
    const dryRun = true
    const of = { keyId: key.id, grantId: made.id }
    expect(await codeOf(grant({ dryRun }))).toBe('DRY_RUN')
    expect(await codeOf(grant({ name: 'a', dryRun }))).toBe('DRY_RUN')
    expect(await codeOf(s.room.revokeGrant({ ...of, dryRun }))).toBe('DRY_RUN')
    expect(await codeOf(s.room.retireGrant({ ...of, dryRun }))).toBe('DRY_RUN')
    expect(await codeOf(s.room.retireGrant({ grantToken, dryRun }))).toBe('DRY_RUN')
    expect(await codeOf(grant({ operations: ['Sign'], dryRun }))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(grant({ ...as(BOB), dryRun }))).toBe('FORBIDDEN')
    expect(await codeOf(s.room.revokeGrant({ ...of, ...as(BOB), dryRun }))).toBe('FORBIDDEN')
    expect(await codeOf(s.room.retireGrant({ ...of, ...as(BOB), dryRun }))).toBe('FORBIDDEN')
    const grantId = 'ab'.repeat(32)
    expect(await codeOf(s.room.revokeGrant({ ...of, grantId, dryRun }))).toBe('NOT_FOUND')
    expect(await rowsOf(s.store)).toEqual(rows)
  })
})

describe('lists', () => {
  test('page by page, while grants come and go', async () => {
    const made = new Map<string, Grant>()
    for (let i = 0; i < 7; i++) {
      const { grant: one } = await grant({ granteePrincipal: i % 2 ? ANN : BOB })
      made.set(one.id, one)
    }
    const seen: string[] = []
    let pageToken: string | undefined
    do {
      const page = await s.room.listGrants({
        keyId: key.id,
        limit: 2,
        ...(pageToken !== undefined && { pageToken }),
      })
      seen.push(...page.items.map(({ id }) => id))
      // What was seen goes; nobody behind it is missed.
      await s.room.revokeGrant({ keyId: key.id, grantId: seen.at(-1)! })
      pageToken = page.nextPage
    } while (pageToken !== undefined)
    expect(seen).toEqual([...made.keys()].sort())
  })

  test('of one grantee, of one id', async () => {
    const { grant: anns } = await grant()
    const { grant: bobs } = await grant({ granteePrincipal: BOB })
    await grant({ granteePrincipal: `arn:aws:iam::${ACCOUNT}:role/team/reader` })
    expect(await listed({ granteePrincipal: ANN })).toEqual([anns])
    expect(await listed({ granteePrincipal: READER })).toEqual([])
    expect(await listed({ grantId: bobs.id })).toEqual([bobs])
    expect(await listed({ grantId: 'ab'.repeat(32) })).toEqual([])
    const { nextPage: pageToken } = await s.room.listGrants({ keyId: key.id, limit: 1 })
    expect(await codeOf(listed({ granteePrincipal: ANN, pageToken }))).toBe('INVALID_PAGE_TOKEN')
    expect(await codeOf(listed({ pageToken: 'x' }))).toBe('INVALID_PAGE_TOKEN')
  })

  test('of all that somebody may retire, over keys and vaults', async () => {
    const second = await s.room.createVault({ displayName: 'second' })
    const expected: string[] = []
    for (const vaultId of [s.vaultId, second.id, s.vaultId]) {
      const { id: keyId } = await s.room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
      for (const retiringPrincipal of [READER, BOB, READER]) {
        const { grant: one } = await grant({ keyId, retiringPrincipal })
        if (retiringPrincipal === READER) expected.push(one.id)
      }
      await grant({ keyId })
    }
    const { id: gone } = await s.room.createKey({
      vaultId: s.vaultId,
      displayName: 'k',
      spec: 'AES_256',
    })
    await grant({ keyId: gone, retiringPrincipal: READER })
    await s.room.destroyKey({ keyId: gone })
    const all = async (query: object = {}) => {
      const ids: string[] = []
      let pageToken: string | undefined
      do {
        const page = await s.room.listRetirableGrants({
          retiringPrincipal: READER,
          limit: 2,
          ...query,
          ...(pageToken !== undefined && { pageToken }),
        })
        ids.push(...page.items.map(({ id }) => id))
        pageToken = page.nextPage
      } while (pageToken !== undefined)
      return ids
    }
    expect((await all()).sort()).toEqual(expected.sort())
    expect(await all({ vaultIds: [second.id] })).toHaveLength(2)
    expect(await all({ retiringPrincipal: ANN })).toEqual([])
    const asked = (identityPolicies: string[], resource: string) =>
      ruleOf(
        s.room.listRetirableGrants({
          retiringPrincipal: READER,
          ...as(ANN, { identityPolicies, resource }),
        }),
      )
    expect(await asked([], READER)).toBe('identityPolicy.silent')
    expect(await asked([mine('Allow', 'ListRetirableGrants')], READER)).toBe('ok')
  })
})

test('no more grants on a key than the bound', async () => {
  const count = async () => {
    const rows = await rowsOf(s.store)
    return rows.filter(({ key: at }) => String.fromCharCode(at[0]!) === 'E').length
  }
  const limits = LIMITS as { grantsPerKeyMax: number }
  const before = limits.grantsPerKeyMax
  try {
    limits.grantsPerKeyMax = 3
    const first = await grant({ name: 'a' })
    await Promise.all([grant(), grant()])
    expect(await codeOf(grant())).toBe('LIMIT_EXCEEDED')
    expect(await codeOf(grant({ name: 'a' }))).toBe('ok')
    await s.room.revokeGrant({ keyId: key.id, grantId: first.grant.id })
    expect(await codeOf(grant())).toBe('ok')
    expect(await count()).toBe(3)
  } finally {
    limits.grantsPerKeyMax = before
  }
})

test('a retry answers what was answered first', async () => {
  const first = await grant({ retryToken: 'once' })
  expect(await grant({ retryToken: 'once' })).toEqual(first)
  expect(await listed()).toHaveLength(1)
})
