/** Keys of another account (contracts: AWS 6): by ARN alone, and by the ciphertexts that name them. */
import {
  CreateAliasCommand,
  DecryptCommand,
  EncryptCommand,
  KMSClient,
  ReEncryptCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import { openWorld, REGION, TRANSPORTS } from './world.ts'
import { arnOf, bytes, createKey, UNKNOWN, utf8 } from './using.ts'

const { room, kms: owner } = await openWorld()
const OTHER = '444455556666'
const HELLO = utf8('hello')
/** Everybody may use it. */
const Policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
})
const shared = await createKey(owner, { Policy })
await owner.send(new CreateAliasCommand({ AliasName: 'alias/shared', TargetKeyId: shared.KeyId }))
const aliasArn = (account: string) => `arn:aws:kms:${REGION}:${account}:alias/shared`
const SHARED_ALIAS = aliasArn(shared.Arn.split(':')[4]!)
const { CiphertextBlob } = await owner.send(
  new EncryptCommand({ KeyId: shared.KeyId, Plaintext: HELLO }),
)
const clients: [string, KMSClient][] = Object.entries(TRANSPORTS).map(([name, connect]) => [
  name,
  connect(room, { account: OTHER }, {}),
])

describe.each(clients)('another account through the %s', (_, kms) => {
  it('uses a shared key by its ARN or the ARN of its alias', async () => {
    for (const KeyId of [shared.Arn, SHARED_ALIAS]) {
      const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext: HELLO }))
      expect(sealed.KeyId).toBe(shared.Arn)
      const opened = await owner.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }))
      expect(bytes(opened.Plaintext)).toEqual(HELLO)
    }
  })

  it('opens what a shared key sealed, without naming it', async () => {
    const { Plaintext, KeyId } = await kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(bytes(Plaintext)).toEqual(HELLO)
    expect(KeyId).toBe(shared.Arn)
  })

  it('moves it to a key of its own', async () => {
    const own = await createKey(kms)
    const moved = await kms.send(
      new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: own.KeyId }),
    )
    expect(moved).toMatchObject({ SourceKeyId: shared.Arn, KeyId: own.Arn })
    expect(own.Arn).toBe(arnOf(own.KeyId, OTHER))
    const asked = { CiphertextBlob: moved.CiphertextBlob }
    expect(bytes((await kms.send(new DecryptCommand(asked))).Plaintext)).toEqual(HELLO)
  })

  it('finds ids and aliases without an ARN among its own alone', async () => {
    const named = (KeyId: string) => outcome(kms, 'Encrypt', { KeyId, Plaintext: HELLO })
    const [mine, theirs] = [arnOf(shared.KeyId, OTHER), arnOf(UNKNOWN)]
    expect(await named(shared.KeyId)).toBe(`NotFoundException: Key '${mine}' does not exist`)
    const alias = aliasArn(OTHER)
    expect(await named('alias/shared')).toBe(`NotFoundException: Alias ${alias} is not found.`)
    expect(await named(theirs)).toMatch(/^AccessDeniedException: /)
    expect(await named(aliasArn('777788889999'))).toMatch(/^AccessDeniedException: /)
  })
})
