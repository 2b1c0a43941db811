/** What the table of operations says beside the page that is written from it. */
import { expect, test } from 'vitest'
import { OPERATIONS, type OperationRow } from '../../src/domain/operations.ts'

const ROWS = Object.entries(OPERATIONS) as [string, OperationRow][]
const namesOf = (test: (row: OperationRow) => boolean): string[] =>
  ROWS.filter(([, row]) => test(row)).map(([name]) => name)

test('the answer waits for the sweep where material is destroyed', () => {
  expect(namesOf((row) => row.destroys === true)).toEqual(['destroyKey', 'deleteKeyMaterial'])
  expect(namesOf((row) => 'destroys' in row)).toHaveLength(2)
})

test('ifMatch does not speak of the target where something new is made, or something beside the target is meant', () => {
  expect(namesOf((row) => row.etag === false)).toEqual([
    'createKey',
    'createAlias',
    'updateAlias',
    'deleteAlias',
    'putKeyPolicy',
    'createKeyStore',
    'updateKeyStore',
    'connectKeyStore',
    'disconnectKeyStore',
    'deleteKeyStore',
    'importKey',
  ])
  expect(namesOf((row) => 'etag' in row)).toHaveLength(11)
})

test('the word in the permitted operations of a version', () => {
  const words = ROWS.flatMap(([name, row]) =>
    row.target === 'use' && row.operation !== undefined ? [[name, row.operation]] : [],
  )
  expect(Object.fromEntries(words)).toEqual({
    encrypt: 'encrypt',
    decrypt: 'decrypt',
    reEncrypt: 'encrypt',
    generateDataKey: 'encrypt',
    generateDataKeyPair: 'encrypt',
    sign: 'sign',
    verify: 'verify',
    generateMac: 'generateMac',
    verifyMac: 'verifyMac',
    wrapKey: 'wrapKey',
    unwrapKey: 'unwrapKey',
    deriveSharedSecret: 'deriveSharedSecret',
    encapsulate: 'encapsulate',
    decapsulate: 'decapsulate',
    exportKey: 'export',
  })
})

test('only software keys leave', () => {
  const bound = ROWS.flatMap(([name, row]) =>
    row.target === 'use' && row.protection ? [[name, row.protection]] : [],
  )
  expect(bound).toEqual([['exportKey', ['SOFTWARE']]])
})

test('material leaves in backups', () => {
  const copies = ROWS.filter(([, row]) => 'copies' in row && row.copies).map(([name]) => name)
  expect(copies).toEqual(['backupVault', 'backupKey'])
})
