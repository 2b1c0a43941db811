/** The table of operations is the client's: every method of it has a row (contracts: Azure 4). */
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys'
import { expect, it } from 'vitest'
import { PERMISSIONS } from '../../../src/faces/azure/index.ts'
import { OPERATIONS, routeOf } from '../../../src/faces/azure/operations.ts'

/** What each method of the client asks for; `undefined` is not offered, and the page says so. */
const METHODS: Readonly<Record<string, readonly string[] | undefined>> = {
  createKey: ['createKey'],
  createEcKey: ['createKey'],
  createRsaKey: ['createKey'],
  createOctKey: ['createKey'],
  importKey: ['importKey'],
  getCryptographyClient: [],
  beginDeleteKey: ['deleteKey', 'getDeletedKey'],
  updateKeyProperties: ['updateKey'],
  getKey: ['getKey'],
  getKeyAttestation: undefined,
  getDeletedKey: ['getDeletedKey'],
  purgeDeletedKey: ['purgeDeletedKey'],
  beginRecoverDeletedKey: ['getKey', 'recoverDeletedKey'],
  backupKey: ['backupKey'],
  restoreKeyBackup: ['restoreKey'],
  getRandomBytes: ['getRandomBytes'],
  rotateKey: ['rotateKey'],
  releaseKey: ['releaseKey'],
  getKeyRotationPolicy: ['getKeyRotationPolicy'],
  updateKeyRotationPolicy: ['updateKeyRotationPolicy'],
  listPropertiesOfKeyVersions: ['getKeyVersions'],
  listPropertiesOfKeys: ['getKeys'],
  listDeletedKeys: ['getDeletedKeys'],
  encrypt: ['encrypt'],
  decrypt: ['decrypt'],
  wrapKey: ['wrapKey'],
  unwrapKey: ['unwrapKey'],
  sign: ['sign'],
  verify: ['verify'],
  signData: ['sign'],
  verifyData: ['verify'],
}

/** Private, though JavaScript does not say so. */
const INTERNAL =
  /^(?:constructor|initializeIV|disambiguate\w+|getKeyMaterial|getProvider|fetchKey|ensureValid|list\w+(?:Page|All))$/

const methodsOf = (type: { readonly prototype: object }): string[] =>
  Object.entries(Object.getOwnPropertyDescriptors(type.prototype))
    .filter(([name, { value }]) => typeof value === 'function' && !INTERNAL.test(name))
    .map(([name]) => name)

it('every method of the clients leads to operations that there are, and every operation to a method', () => {
  const known = [...methodsOf(KeyClient), ...methodsOf(CryptographyClient)]
  expect(known.filter((name) => !Object.hasOwn(METHODS, name))).toEqual([])
  const asked = new Set(Object.values(METHODS).flatMap((names) => names ?? []))
  expect([...asked].sort()).toEqual(Object.keys(OPERATIONS).sort())
})

it('every permission is that of some operation', () => {
  const used = new Set(Object.values(OPERATIONS).map(({ permission }) => permission))
  expect([...used].sort()).toEqual([...PERMISSIONS].sort())
})

it.each([
  ['GET', 'keys/a', 'getKey'],
  ['GET', `keys/a/${'0'.repeat(32)}`, 'getKey'],
  ['GET', 'keys/a/versions', 'getKeyVersions'],
  ['GET', 'keys/a/rotationpolicy', 'getKeyRotationPolicy'],
  ['POST', 'keys/restore', 'restoreKey'],
  ['POST', 'keys/restore/sign', 'sign'],
  ['POST', 'keys/sign/sign', 'sign'],
  ['POST', `keys/a/${'0'.repeat(32)}/release`, 'releaseKey'],
  ['DELETE', 'deletedkeys/a', 'purgeDeletedKey'],
])('%s /%s is %s', (method, path, name) => {
  expect(routeOf(method, path.split('/'))).toMatchObject({ name })
})

it('a path of another method is told apart from none', () => {
  expect(routeOf('POST', ['keys', 'a'])).toBe('other method')
  expect(routeOf('GET', ['keys', 'a', 'attestation', 'x'])).toBeUndefined()
})
