/** A KMS in one line: fixed keys, virtual time, the same bytes every time. */
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateMacCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { awsSeed } from '../../src/faces/aws/index.ts'
import { Strongroom } from '../../src/index.ts'
import { kmsFixture } from '../../src/testing/index.ts'
import { freshPath } from '../engine/support.ts'

const ID = '01234567-89ab-cdef-0123-456789abcdef'
const Plaintext = new TextEncoder().encode('ten apples')

describe('kmsFixture', () => {
  it('is ready for a client, with the keys that were asked for', async () => {
    await using kms = await kmsFixture({ keys: [{ KeyId: ID, Aliases: ['alias/orders'] }] })
    const client = new KMSClient(kms.client)
    const Arn = `arn:aws:kms:us-east-1:111122223333:key/${ID}`
    expect(kms.keys).toEqual([{ KeyId: ID, Arn, Aliases: ['alias/orders'] }])
    const { CiphertextBlob, KeyId } = await client.send(
      new EncryptCommand({ KeyId: 'alias/orders', Plaintext }),
    )
    expect(KeyId).toBe(Arn)
    const opened = await client.send(new DecryptCommand({ CiphertextBlob }))
    expect(new Uint8Array(opened.Plaintext!)).toEqual(Plaintext)
  })

  it('gives the same ciphertext for the same seed, and another for another', async () => {
    const bytes = async (seed: string) => {
      await using kms = await kmsFixture({ seed, keys: [{ KeyId: ID }] })
      const sent = new KMSClient(kms.client).send(new EncryptCommand({ KeyId: ID, Plaintext }))
      return Buffer.from((await sent).CiphertextBlob!).toString('hex')
    }
    expect(await bytes('a')).toBe(await bytes('a'))
    expect(await bytes('a')).not.toBe(await bytes('b'))
  })

  it('holds the material that was asked for', async () => {
    const material = Buffer.alloc(32, 7)
    const mac = async (Material: Uint8Array | string) => {
      const key = { KeyId: ID, KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC', Material }
      await using kms = await kmsFixture({ keys: [key] })
      const asked = { KeyId: ID, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' } as const
      const { Mac } = await new KMSClient(kms.client).send(new GenerateMacCommand(asked))
      return Buffer.from(Mac!).toString('hex')
    }
    const { createHmac } = await import('node:crypto')
    const expected = createHmac('sha256', material).update(Plaintext).digest('hex')
    expect(await mac(new Uint8Array(material))).toBe(expected)
    expect(await mac(material.toString('base64'))).toBe(expected)
  })

  it('deletes what is due when its clock goes on', async () => {
    await using kms = await kmsFixture({ keys: [{ KeyId: ID }] })
    const client = new KMSClient(kms.client)
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: ID, PendingWindowInDays: 7 }))
    kms.clock.advance({ days: 7 })
    const gone = client.send(new DescribeKeyCommand({ KeyId: ID }))
    await expect(gone).rejects.toMatchObject({ name: 'NotFoundException' })
  })
})

describe('a seed', () => {
  const seed = [
    { KeyId: ID, Description: 'orders', Aliases: ['alias/a', 'alias/b'] },
    { KeyId: ID.replace('0', '1'), Enabled: false, Region: 'eu-west-1', Account: '222233334444' },
  ]

  it('changes nothing of what is there already, through restarts too', async () => {
    const path = freshPath()
    const options = { path, seal: { key: new Uint8Array(32).fill(1) }, region: 'us-east-1' }
    const first = await Strongroom.open(options)
    const made = await awsSeed(first, seed)
    expect(await awsSeed(first, seed)).toEqual(made)
    await first.close()
    const again = await Strongroom.open(options)
    expect(await awsSeed(again, seed)).toEqual(made)
    const keys = await again.listVaults({})
    expect(keys.items).toHaveLength(2)
    const { state } = await again.getKey({ keyId: ID.replace('0', '1') })
    expect(state).toBe('disabled')
    await again.close()
  })

  it.each([
    ['an id of another form', { KeyId: 'orders' }, 'ValidationException'],
    ['material that is no base64', { Material: '*' }, 'ValidationException'],
    ['material of another length', { Material: 'AAAA' }, 'IncorrectKeyMaterialException'],
    ['a member with a wrong value', { KeySpec: 'ROT13' }, 'ValidationException'],
    ['an alias of another form', { Aliases: ['orders'] }, 'ValidationException'],
  ])('is refused for %s', async (_, key, name) => {
    await using room = await Strongroom.open()
    await expect(awsSeed(room, [key])).rejects.toMatchObject({ name })
  })
})
