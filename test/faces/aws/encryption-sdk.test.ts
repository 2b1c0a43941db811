/** The AWS Encryption SDK, unmodified, over a room: its envelopes open with the keys that made them. */
import {
  buildClient,
  CommitmentPolicy,
  KmsKeyringNode,
  MultiKeyringNode,
} from '@aws-crypto/client-node'
import { CreateKeyCommand, KMS } from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { awsPlugin, awsRequestHandler } from '../../../src/faces/aws/index.ts'
import { ACCOUNT, openWorld } from './world.ts'
import { utf8 } from './using.ts'

const { room } = await openWorld()
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }

/** It wants the client that has a method for each operation. */
const PROVIDERS: Readonly<Record<string, (region: string) => KMS>> = {
  handler: (region) =>
    new KMS({ region, credentials, maxAttempts: 1, requestHandler: awsRequestHandler(room) }),
  plugin: (region) => {
    const client = new KMS({ region, maxAttempts: 1 })
    client.middlewareStack.use(awsPlugin(room, { region }))
    return client
  },
}

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
const MESSAGE = Buffer.from(utf8('a message longer than a block, in frames of its own'))
const encryptionContext = { table: 'orders', tenant: 'north' }

async function keyIn(region: string): Promise<string> {
  const { KeyMetadata } = await PROVIDERS['handler']!(region).send(new CreateKeyCommand({}))
  return KeyMetadata!.Arn!
}
const HOME = 'eu-central-1'
const AWAY = 'us-east-1'
const [home, other, away] = [await keyIn(HOME), await keyIn(HOME), await keyIn(AWAY)]

/** The package has another name for the same class. */
type Keyring = Extract<Parameters<typeof encrypt>[0], { onEncrypt: unknown }>
type Provider = NonNullable<
  NonNullable<ConstructorParameters<typeof KmsKeyringNode>[0]>['clientProvider']
>

describe.each(Object.entries(PROVIDERS))('through the %s', (_, provider) => {
  // Its types are those of an older client, without `undefined` in answers.
  const clientProvider = provider as unknown as Provider
  const keyring = (input: ConstructorParameters<typeof KmsKeyringNode>[0]) =>
    new KmsKeyringNode({ clientProvider, ...input }) as unknown as Keyring
  const strict = (generatorKeyId: string, ...keyIds: string[]) =>
    keyring({ generatorKeyId, keyIds })
  const discovery = (accountIDs = [ACCOUNT]) =>
    keyring({ discovery: true, discoveryFilter: { partition: 'aws', accountIDs } })

  it('opens with the key that sealed, and shows the context that it bound', async () => {
    const { result } = await encrypt(strict(home), MESSAGE, { encryptionContext, frameLength: 16 })
    const { plaintext, messageHeader } = await decrypt(strict(home), result)
    expect(plaintext.equals(MESSAGE)).toBe(true)
    expect(messageHeader.encryptionContext).toMatchObject(encryptionContext)
    expect(messageHeader.encryptedDataKeys.map(({ providerInfo }) => providerInfo)).toEqual([home])
  })

  it('discovers the key by what the envelope says, in its account alone', async () => {
    const { result } = await encrypt(strict(home), MESSAGE, { encryptionContext })
    expect((await decrypt(discovery(), result)).plaintext.equals(MESSAGE)).toBe(true)
    await expect(decrypt(discovery(['999999999999']), result)).rejects.toThrow()
  })

  it('opens with any of several keys, in two regions', async () => {
    const { result } = await encrypt(strict(home, other, away), MESSAGE, { encryptionContext })
    for (const key of [home, other, away]) {
      const { plaintext } = await decrypt(strict(key), result)
      expect(plaintext.equals(MESSAGE)).toBe(true)
    }
    await room.disableKey({ keyId: home.split('/')[1]! })
    try {
      // The first key does not answer: the next one does.
      expect((await decrypt(strict(home, away), result)).plaintext.equals(MESSAGE)).toBe(true)
      await expect(decrypt(strict(home), result)).rejects.toThrow('is disabled.')
    } finally {
      await room.enableKey({ keyId: home.split('/')[1]! })
    }
  })

  it('opens with one of several keyrings', async () => {
    const generator = strict(home)
    const both = new MultiKeyringNode({ generator, children: [strict(away)] })
    const { result } = await encrypt(both, MESSAGE, { encryptionContext })
    for (const keyring of [strict(away), discovery(), both])
      expect((await decrypt(keyring, result)).plaintext.equals(MESSAGE)).toBe(true)
  })

  it('does not open with another key, nor when anything was changed', async () => {
    const { result } = await encrypt(strict(home), MESSAGE, { encryptionContext })
    await expect(decrypt(strict(other), result)).rejects.toThrow()
    const at = result.indexOf(Buffer.from('orders'))
    const changed = Buffer.from(result)
    changed[at]! ^= 1
    await expect(decrypt(strict(home), changed)).rejects.toThrow()
  })
})
