/** Who may do what to custom key stores: policies of IAM, of the whole account (contracts: AWS 17). */
import { ListKeysCommand } from '@aws-sdk/client-kms'
import { expect, test } from 'vitest'
import { Strongroom } from '../../../src/index.ts'
import { outcome } from './ask.ts'
import { ARNS, cast, denied, NOT_BY_IDENTITY, own } from './principals.ts'
import { CLOUD_HSM, CLUSTER, connected, PASSWORD, TRUST_ANCHOR } from './stores-kit.ts'

const room = await Strongroom.open()
const clusters = { [CLUSTER]: { room, trustAnchor: TRUST_ANCHOR, password: PASSWORD } }

test('an action of its own for each operation', async () => {
  const allowances = {
    bob: [own(['kms:DescribeCustomKeyStores', 'kms:DescribeKey', 'kms:Encrypt'])],
  }
  const { as } = await cast('handler', allowances, { clusters })
  const CustomKeyStoreId = await connected(as('root'), CLOUD_HSM)
  const bob = as('bob')
  expect(await outcome(bob, 'DescribeCustomKeyStores', {})).toBe('ok')
  const refused = [
    ['CreateCustomKeyStore', { ...CLOUD_HSM, CustomKeyStoreName: 'more' }],
    ['UpdateCustomKeyStore', { CustomKeyStoreId, NewCustomKeyStoreName: 'renamed' }],
    ['ConnectCustomKeyStore', { CustomKeyStoreId }],
    ['DisconnectCustomKeyStore', { CustomKeyStoreId }],
    ['DeleteCustomKeyStore', { CustomKeyStoreId }],
    ['CreateKey', { CustomKeyStoreId, Origin: 'AWS_CLOUDHSM' }],
    ['GenerateRandom', { CustomKeyStoreId, NumberOfBytes: 5 }],
  ] as const
  const found = await Promise.all(refused.map(([name, input]) => outcome(bob, name, input)))
  const expected = refused.map(([name]) => denied(ARNS.bob, name, '*', NOT_BY_IDENTITY(name)))
  expect(found).toEqual(expected)
})

test('the key policy decides about a key, whatever is allowed of its store', async () => {
  const allowances = { bob: [own(['kms:DescribeKey', 'kms:Encrypt', 'kms:Decrypt'])] }
  const { as } = await cast('handler', allowances, { clusters })
  const root = as('root')
  const CustomKeyStoreId = await connected(root, CLOUD_HSM)
  expect(await outcome(root, 'CreateKey', { CustomKeyStoreId, Origin: 'AWS_CLOUDHSM' })).toBe('ok')
  const { Keys } = await root.send(new ListKeysCommand({}))
  const { KeyId } = Keys![0]!
  const bob = as('bob')
  expect(await outcome(bob, 'DescribeKey', { KeyId })).toBe('ok')
  expect(await outcome(bob, 'Encrypt', { KeyId, Plaintext: new Uint8Array(3) })).toBe('ok')
})
