/** Texts that name somebody: whole, and not as a part of another text (contracts: AWS 11, 12). */
import { describe, expect, test } from 'vitest'
import {
  accountOf,
  isAccount,
  isPrincipalArn,
  isService,
  parsePrincipal,
} from '../../../src/domain/policy/principals.ts'
import { ACCOUNT, ANN, READER, ROOT, SESSION } from './support.ts'

const FEDERATED = `arn:aws:sts::${ACCOUNT}:federated-user/bob`
const ARNS = [ROOT, ANN, READER, SESSION, FEDERATED]

describe('a text that has something before or after the name names nobody', () => {
  test.each(ARNS)('%s', (arn) => {
    expect(isPrincipalArn(arn)).toBe(true)
    for (const text of [`x${arn}`, `${arn} `, `${arn}\n`, `${arn}/`, `${arn}:`, `${arn}*`])
      expect([text, isPrincipalArn(text)]).toEqual([text, false])
    expect(parsePrincipal(arn).account).toBe(ACCOUNT)
    expect(parsePrincipal(`x${arn}`).account).toBeUndefined()
    expect(parsePrincipal(`x${arn}`).root).toBe(false)
    expect(parsePrincipal(`x${arn}`).role).toBeUndefined()
  })

  test('accounts', () => {
    for (const text of [ACCOUNT, ROOT]) expect(isAccount(text)).toBe(true)
    for (const text of [`1${ACCOUNT}`, `${ACCOUNT}1`, `${ROOT}x`, `x${ROOT}`, ANN])
      expect([text, isAccount(text)]).toEqual([text, false])
  })

  test('services', () => {
    for (const text of ['s3.amazonaws.com', 'logs.us-east-1.amazonaws.com'])
      expect(isService(text)).toBe(true)
    for (const text of [
      's3',
      '.s3.amazonaws.com',
      's3.amazonaws.com.',
      's3.amazonaws.com/x',
      ' a.b',
    ])
      expect([text, isService(text)]).toEqual([text, false])
  })
})

test('names of users and roles have a path or none, and at most 64 characters', () => {
  const role = (name: string): boolean => isPrincipalArn(`arn:aws:iam::${ACCOUNT}:role/${name}`)
  for (const name of ['a', 'a/b', 'a/b/c', 'a.b@c-d,e=f+g_h', 'x'.repeat(64)])
    expect([name, role(name)]).toEqual([name, true])
  for (const name of ['', '/a', 'a/', 'a b', 'a b/c', 'x'.repeat(65)])
    expect([name, role(name)]).toEqual([name, false])
})

test('an account is known by its number, its root and everybody in it', () => {
  for (const text of [ACCOUNT, ...ARNS]) expect([text, accountOf(text)]).toEqual([text, ACCOUNT])
  for (const text of ['alice', 's3.amazonaws.com', ''])
    expect([text, accountOf(text)]).toEqual([text, undefined])
})

test('the session of a role is known by the role, and its root is nobody else', () => {
  expect(parsePrincipal(SESSION)).toMatchObject({ root: false, role: `aws:${ACCOUNT}:reader` })
  expect(parsePrincipal(ROOT)).toMatchObject({ root: true, role: undefined })
  expect(parsePrincipal(`${ROOT}x`).root).toBe(false)
  expect(parsePrincipal(`${SESSION}/x`).role).toBeUndefined()
})
