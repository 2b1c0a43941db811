/** What a key policy allows whatever a request says is remembered: and nothing else of a request is. */
import { beforeEach, describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import type { Access, Key } from '../../../src/index.ts'
import { stage, type Stage } from '../support.ts'
import { ACCOUNT, allow, ANN, as, BOB, deny, OTHER, policy, ROOT, ruleOf } from './support.ts'

const TEXT = utf8('attack at dawn')
const WARM = 3

let s: Stage
let key: Key
beforeEach(async () => {
  s = await stage()
  key = await s.room.createKey({ vaultId: s.vaultId, displayName: 'k', spec: 'AES_256' })
  return () => s.room.close()
})

/** As a face describes keys: with all that decisions are about. */
const describing = (account: string) => (): Required<Omit<Access, 'attributes'>> | Access => ({
  resource: `arn:aws:kms:eu-central-1:${account}:key/1`,
  account,
  unlessPolicy: policy(allow(ROOT, '*')),
})
const ours = describing(ACCOUNT)
const ACCESS: Access = { action: 'kms:Encrypt', identityPolicies: 'all', describe: ours }

const encrypt = (access: object = {}, principal = ANN, context: object = { table: 'orders' }) =>
  ruleOf(
    s.room.encrypt({
      keyId: key.id,
      plaintext: TEXT,
      context: context as Record<string, string>,
      ...as(principal, { ...ACCESS, ...access }),
    }),
  )
const put = (...statements: readonly Readonly<Record<string, unknown>>[]) =>
  s.room.putKeyPolicy({ keyId: key.id, policy: policy(...statements) })
async function warmed(): Promise<void> {
  for (let i = 0; i < WARM; i++) expect(await encrypt()).toBe('ok')
}

describe('a request like those before', () => {
  test('is not decided again: its attributes are not asked for', async () => {
    await warmed()
    const { encrypt: before } = s.room.metrics()
    const attributes = () => {
      throw new Error('asked')
    }
    expect(await encrypt({ attributes })).toBe('ok')
    const { encrypt: after } = s.room.metrics()
    expect(after!.totalMs).toBe(before!.totalMs)
  })

  test('is by the same principal, for the same action', async () => {
    await put(allow(ANN, 'Encrypt'))
    await warmed()
    expect(await encrypt({}, BOB)).toBe('keyPolicy.silent')
    expect(await encrypt({ action: 'kms:Decrypt' })).toBe('keyPolicy.silent')
  })

  test('is about a key that is described so: another account is another question', async () => {
    await warmed()
    expect(await encrypt({ describe: describing(OTHER), sameAccountOnly: true })).toBe(
      'account.other',
    )
  })

  test('says the same of callers of other accounts', async () => {
    const foreign = `arn:aws:iam::${OTHER}:user/zoe`
    await put(allow(foreign, 'Encrypt'))
    for (let i = 0; i < WARM; i++) expect(await encrypt({}, foreign)).toBe('ok')
    expect(await encrypt({ sameAccountOnly: true }, foreign)).toBe('account.other')
  })
})

describe('what a request has beyond that is looked at', () => {
  test.each([
    ['policies of the caller', { identityPolicies: [] }, 'identityPolicy.silent'],
    ['tokens', { grantTokens: ['garbage'] }, 'INVALID_GRANT_TOKEN'],
    ['names that nobody knows', { actoin: 'kms:Decrypt' }, 'INVALID_ARGUMENT'],
  ])('%s', async (_, more, expected) => {
    await warmed()
    expect(await encrypt(more)).toBe(expected)
  })

  test('a context, by a denial of some', async () => {
    const secret = { StringEquals: { 'kms:EncryptionContext:table': 'secret' } }
    await put(allow(ROOT, '*'), { ...deny(ANN, '*'), Condition: secret })
    await warmed()
    expect(await encrypt({}, ANN, { table: 'secret' })).toBe('keyPolicy.deny')
    expect(await encrypt()).toBe('ok')
  })

  test('a context, by an allowance of some', async () => {
    const orders = { StringEquals: { 'kms:EncryptionContext:table': 'orders' } }
    await put({ ...allow(ANN, '*'), Condition: orders })
    await warmed()
    expect(await encrypt({}, ANN, { table: 'secret' })).toBe('keyPolicy.silent')
  })

  test('the time', async () => {
    const tomorrow = new Date(s.room.now().getTime() + 86_400_000).toISOString()
    const Condition = { DateLessThan: { 'aws:CurrentTime': tomorrow } }
    await put({ ...allow(ANN, '*'), Condition })
    await warmed()
    s.clock.advance({ days: 2 })
    expect(await encrypt()).toBe('keyPolicy.silent')
  })
})

test('a new policy, a revoked one and a restart of the decision', async () => {
  await warmed()
  await put(deny(ANN, 'Encrypt'))
  expect(await encrypt()).toBe('keyPolicy.deny')
  await put(allow(ANN, 'Encrypt'))
  await warmed()
  await s.room.putKeyPolicy({ keyId: key.id, policy: null })
  expect(await encrypt({}, `arn:aws:iam::${OTHER}:user/zoe`)).toBe('keyPolicy.silent')
  expect(await encrypt()).toBe('ok')
})
