/** Encrypt, Decrypt and ReEncrypt (contracts: AWS 5, 6, 8.1, 17), by the official client. */
import {
  CreateAliasCommand,
  DecryptCommand,
  DisableKeyCommand,
  EncryptCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  type DecryptCommandInput,
  type EncryptCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { awsHandler } from '../../../src/faces/aws/index.ts'
import { seededRandom } from '../../../src/testing/index.ts'
import { outcome } from './ask.ts'
import { ACCOUNT, openWorld, REGION, TRANSPORTS } from './world.ts'
import {
  base64,
  bytes,
  clientsOf,
  createKey,
  importMaterial,
  keysOf,
  UNKNOWN,
  utf8,
} from './using.ts'

const world = await openWorld()
const { room, kms: handler } = world
const keyOf = keysOf(handler)
const HELLO = utf8('hello')
const MATERIAL = /^[0-9a-f]{64}$/
const UNKNOWN_KEY =
  'AccessDeniedException: The ciphertext refers to a customer master key that does not exist, ' +
  'does not exist in this region, or you are not allowed to access.'
const INCORRECT_KEY =
  'IncorrectKeyException: The key ID in the request does not identify a CMK that can perform ' +
  'this operation.'
/** It has no text, and the client says so. */
const INVALID_CIPHERTEXT = /^InvalidCiphertextException: (UnknownError)?$/

const encrypt = (kms: KMSClient, input: Partial<EncryptCommandInput>) =>
  kms.send(new EncryptCommand({ Plaintext: HELLO, ...input } as EncryptCommandInput))
const decrypt = (kms: KMSClient, input: Partial<DecryptCommandInput>) =>
  kms.send(new DecryptCommand(input as DecryptCommandInput))

await handler.send(
  new CreateAliasCommand({ AliasName: 'alias/orders', TargetKeyId: (await keyOf()).KeyId }),
)

describe.each(clientsOf(world))('through the %s', (_, kms) => {
  describe('Encrypt and Decrypt', () => {
    it('name the key by its ARN, the algorithm and the material', async () => {
      const { KeyId, Arn } = await keyOf()
      const EncryptionContext = { table: 'orders', tenant: 'north' }
      const { $metadata: _, ...sealed } = await encrypt(kms, { KeyId, EncryptionContext })
      const { CiphertextBlob } = sealed
      expect(sealed).toEqual({
        CiphertextBlob: expect.any(Uint8Array) as Uint8Array,
        KeyId: Arn,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      })
      const { $metadata: __, ...opened } = await decrypt(kms, { CiphertextBlob, EncryptionContext })
      expect({ ...opened, Plaintext: bytes(opened.Plaintext) }).toEqual({
        Plaintext: HELLO,
        KeyId: Arn,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        KeyMaterialId: expect.stringMatching(MATERIAL) as string,
      })
    })

    it.each(['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const)('%s', async (algorithm) => {
      const { KeyId, Arn } = await keyOf('RSA_2048')
      const named = { KeyId, EncryptionAlgorithm: algorithm }
      const { CiphertextBlob, $metadata: _, ...sealed } = await encrypt(kms, named)
      expect(sealed).toEqual({ KeyId: Arn, EncryptionAlgorithm: algorithm })
      expect(CiphertextBlob).toHaveLength(256)
      const { $metadata: __, ...opened } = await decrypt(kms, { ...named, CiphertextBlob })
      expect({ ...opened, Plaintext: bytes(opened.Plaintext) }).toEqual({
        Plaintext: HELLO,
        KeyId: Arn,
        EncryptionAlgorithm: algorithm,
      })
    })

    it('take every name of a key', async () => {
      const { KeyId, Arn } = await keyOf()
      const alias = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/orders`
      for (const name of [KeyId, Arn, 'alias/orders', alias]) {
        const { CiphertextBlob, KeyId: used } = await encrypt(kms, { KeyId: name })
        expect(used, name).toBe(Arn)
        for (const other of [KeyId, Arn, 'alias/orders', alias, undefined])
          expect((await decrypt(kms, { CiphertextBlob, KeyId: other })).KeyId).toBe(Arn)
      }
    })

    it('bind the context, in any order, exactly', async () => {
      const { KeyId } = await keyOf()
      const text = fc.string({ unit: 'grapheme', maxLength: 4 })
      const context = fc.dictionary(fc.constantFrom('a', 'A', 'aa', 'b', '__proto__'), text)
      await fc.assert(
        fc.asyncProperty(context, context, async (sealed, opened) => {
          const { CiphertextBlob } = await encrypt(kms, { KeyId, EncryptionContext: sealed })
          const sorted = (pairs: object) => JSON.stringify(Object.entries(pairs).sort())
          const same = sorted(sealed) === sorted(opened)
          const reversed = Object.fromEntries(Object.entries(opened).reverse())
          const input = { CiphertextBlob, EncryptionContext: reversed }
          const expected = same ? /^ok$/ : INVALID_CIPHERTEXT
          expect(await outcome(kms, 'Decrypt', input)).toMatch(expected)
        }),
        { numRuns: 30 },
      )
      const { CiphertextBlob } = await encrypt(kms, { KeyId })
      await decrypt(kms, { CiphertextBlob, EncryptionContext: {} })
    })

    it('refuse what is not their ciphertext, without a word', async () => {
      const { KeyId } = await keyOf()
      const { CiphertextBlob } = await encrypt(kms, { KeyId })
      const blob = bytes(CiphertextBlob)
      const flipped = (at: number) => blob.map((byte, i) => (i === at ? byte ^ 1 : byte))
      const end = blob.length
      for (const altered of [
        flipped(0),
        flipped(18),
        flipped(50),
        flipped(end - 1),
        blob.subarray(0, end - 1),
        blob.subarray(0, 18),
        blob.subarray(0, 1),
        new Uint8Array([...blob, 0]),
        utf8('not a ciphertext'),
      ]) {
        const input = { CiphertextBlob: altered }
        expect(await outcome(kms, 'Decrypt', input)).toMatch(INVALID_CIPHERTEXT)
        const named = { ...input, KeyId }
        expect(await outcome(kms, 'Decrypt', named)).toMatch(INVALID_CIPHERTEXT)
      }
      // Bytes 2 to 17 say which version of a key it is of.
      expect(await outcome(kms, 'Decrypt', { CiphertextBlob: flipped(2) })).toBe(UNKNOWN_KEY)
      const named = { CiphertextBlob: flipped(2), KeyId }
      expect(await outcome(kms, 'Decrypt', named)).toBe(INCORRECT_KEY)
      const rsa = await keyOf('RSA_2048')
      const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
      for (const length of [1, 255, 256, 257]) {
        const CiphertextBlob = new Uint8Array(length).fill(2)
        const input = { KeyId: rsa.KeyId, EncryptionAlgorithm, CiphertextBlob }
        expect(await outcome(kms, 'Decrypt', input)).toMatch(INVALID_CIPHERTEXT)
      }
    })

    it('look at the key that is named before its usage', async () => {
      const { KeyId } = await keyOf()
      const { CiphertextBlob } = await encrypt(kms, { KeyId })
      for (const other of [
        await createKey(kms),
        await keyOf('HMAC_256', 'GENERATE_VERIFY_MAC'),
        await keyOf('RSA_2048'),
      ]) {
        const input = { CiphertextBlob, KeyId: other.KeyId }
        expect(await outcome(kms, 'Decrypt', input)).toBe(INCORRECT_KEY)
        const move = { CiphertextBlob, SourceKeyId: other.KeyId, DestinationKeyId: KeyId }
        expect(await outcome(kms, 'ReEncrypt', move)).toBe(INCORRECT_KEY)
      }
    })
  })

  describe('ReEncrypt', () => {
    it('moves a plaintext from key to key, from context to context', async () => {
      const [source, target] = [await keyOf(), await createKey(kms)]
      const SourceEncryptionContext = { from: 'here' }
      const DestinationEncryptionContext = { to: 'there' }
      const { CiphertextBlob } = await encrypt(kms, {
        KeyId: source.KeyId,
        EncryptionContext: SourceEncryptionContext,
      })
      const contexts = { SourceEncryptionContext, DestinationEncryptionContext }
      const { $metadata: _, ...moved } = await kms.send(
        new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: target.KeyId, ...contexts }),
      )
      expect(moved).toEqual({
        CiphertextBlob: expect.any(Uint8Array) as Uint8Array,
        SourceKeyId: source.Arn,
        KeyId: target.Arn,
        SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        SourceKeyMaterialId: expect.stringMatching(MATERIAL) as string,
        DestinationKeyMaterialId: expect.stringMatching(MATERIAL) as string,
      })
      const opened = await decrypt(kms, {
        CiphertextBlob: moved.CiphertextBlob,
        EncryptionContext: DestinationEncryptionContext,
      })
      expect(bytes(opened.Plaintext)).toEqual(HELLO)
      expect(opened.KeyMaterialId).toBe(moved.DestinationKeyMaterialId)
    })

    it('goes to an asymmetric key and back, and names materials of symmetric keys alone', async () => {
      const [aes, rsa] = [await keyOf(), await keyOf('RSA_2048')]
      const { CiphertextBlob } = await encrypt(kms, { KeyId: aes.KeyId })
      const there = await kms.send(
        new ReEncryptCommand({
          CiphertextBlob,
          DestinationKeyId: rsa.KeyId,
          DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        }),
      )
      expect(there.DestinationKeyMaterialId).toBeUndefined()
      const back = await kms.send(
        new ReEncryptCommand({
          CiphertextBlob: there.CiphertextBlob,
          SourceKeyId: rsa.KeyId,
          SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
          DestinationKeyId: aes.KeyId,
        }),
      )
      expect(back.SourceKeyMaterialId).toBeUndefined()
      expect(back.SourceEncryptionAlgorithm).toBe('RSAES_OAEP_SHA_256')
      const opened = await decrypt(kms, { CiphertextBlob: back.CiphertextBlob })
      expect(bytes(opened.Plaintext)).toEqual(HELLO)
    })
  })
})

describe('refusals', () => {
  const usage = (arn: string, of: string, operation: string) =>
    `InvalidKeyUsageException: ${arn} key usage is ${of} which is not valid for ${operation}.`
  const incompatible = (algorithm: string, spec: string) =>
    `InvalidKeyUsageException: Algorithm ${algorithm} is incompatible with key spec ${spec}.`
  const violation = (text: string) =>
    `ValidationException: 1 validation error detected: ${text} failed to satisfy constraint: ` +
    'Member must '

  it('lengths outside of the bounds of the model', async () => {
    const { KeyId } = await keyOf()
    const of = (length: number) => new Uint8Array(length)
    expect(await outcome(handler, 'Encrypt', { KeyId, Plaintext: of(4096) })).toBe('ok')
    const plaintext = violation("Value at 'plaintext'")
    expect(await outcome(handler, 'Encrypt', { KeyId, Plaintext: of(4097) })).toBe(
      `${plaintext}have length less than or equal to 4096`,
    )
    expect(await outcome(handler, 'Encrypt', { KeyId, Plaintext: of(0) })).toBe(
      `${plaintext}have length greater than or equal to 1`,
    )
    expect(await outcome(handler, 'Decrypt', { CiphertextBlob: of(6145) })).toBe(
      `${violation("Value at 'ciphertextBlob'")}have length less than or equal to 6144`,
    )
    expect(await outcome(handler, 'Encrypt', { Plaintext: of(1) })).toBe(
      `${violation("Value null at 'keyId'")}not be null`,
    )
    const largest = await encrypt(handler, { KeyId, Plaintext: of(4096) })
    expect(largest.CiphertextBlob!.length).toBeLessThanOrEqual(6144)
  })

  it('contexts of more than 8192 bytes, however many pairs there are', async () => {
    const { KeyId } = await keyOf()
    const pairs = (count: number, value: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`.padStart(4, '0'), value]))
    const asked = { KeyId, Plaintext: HELLO }
    const most = { ...asked, EncryptionContext: pairs(1024, 'four') }
    expect(await outcome(handler, 'Encrypt', most)).toBe('ok')
    const longer = { ...asked, EncryptionContext: { ...pairs(1023, 'four'), 9999: 'fives' } }
    expect(await outcome(handler, 'Encrypt', longer)).toMatch(/^ValidationException: context: /)
  })

  it.each([
    ['RSAES_OAEP_SHA_1', 214],
    ['RSAES_OAEP_SHA_256', 190],
  ])('%s and RSA_2048 take %d bytes', async (EncryptionAlgorithm, max) => {
    const { KeyId } = await keyOf('RSA_2048')
    const { KeyId: aes } = await keyOf()
    const text =
      `ValidationException: Algorithm ${EncryptionAlgorithm} and key spec RSA_2048 cannot ` +
      `encrypt data larger than ${max} bytes.`
    for (const [length, expected] of [
      [max, 'ok'],
      [max + 1, text],
    ] as const) {
      const Plaintext = new Uint8Array(length)
      const input = { KeyId, EncryptionAlgorithm, Plaintext }
      expect(await outcome(handler, 'Encrypt', input)).toBe(expected)
      const { CiphertextBlob } = await encrypt(handler, { KeyId: aes, Plaintext })
      const DestinationEncryptionAlgorithm = EncryptionAlgorithm
      const move = { CiphertextBlob, DestinationKeyId: KeyId, DestinationEncryptionAlgorithm }
      expect(await outcome(handler, 'ReEncrypt', move)).toBe(expected)
    }
  })

  it('keys of another usage or spec, in this order', async () => {
    const rsa = await keyOf('RSA_2048')
    const hmac = await keyOf('HMAC_256', 'GENERATE_VERIFY_MAC')
    const signer = await keyOf('RSA_2048', 'SIGN_VERIFY')
    const { KeyId: aes } = await keyOf()
    const { CiphertextBlob } = await encrypt(handler, { KeyId: aes })
    const Plaintext = HELLO
    const OAEP = 'RSAES_OAEP_SHA_256'
    const rows: [string, object, string][] = [
      ['Encrypt', { KeyId: rsa.KeyId, Plaintext }, incompatible('SYMMETRIC_DEFAULT', 'RSA_2048')],
      [
        'Encrypt',
        { KeyId: aes, Plaintext, EncryptionAlgorithm: OAEP },
        incompatible(OAEP, 'SYMMETRIC_DEFAULT'),
      ],
      [
        'Encrypt',
        { KeyId: hmac.KeyId, Plaintext },
        usage(hmac.Arn, 'GENERATE_VERIFY_MAC', 'Encrypt'),
      ],
      [
        'Encrypt',
        { KeyId: signer.KeyId, Plaintext, EncryptionAlgorithm: OAEP },
        usage(signer.Arn, 'SIGN_VERIFY', 'Encrypt'),
      ],
      [
        'Decrypt',
        { KeyId: signer.KeyId, CiphertextBlob: new Uint8Array(256), EncryptionAlgorithm: OAEP },
        usage(signer.Arn, 'SIGN_VERIFY', 'Decrypt'),
      ],
      [
        'Decrypt',
        { KeyId: rsa.KeyId, CiphertextBlob: new Uint8Array(256) },
        incompatible('SYMMETRIC_DEFAULT', 'RSA_2048'),
      ],
      [
        'ReEncrypt',
        { CiphertextBlob, DestinationKeyId: hmac.KeyId },
        usage(hmac.Arn, 'GENERATE_VERIFY_MAC', 'ReEncrypt'),
      ],
      [
        'Encrypt',
        {
          KeyId: rsa.KeyId,
          Plaintext,
          EncryptionAlgorithm: OAEP,
          EncryptionContext: { table: 'orders' },
        },
        `ValidationException: EncryptionContext is not supported with algorithm ${OAEP}.`,
      ],
      [
        'Decrypt',
        { CiphertextBlob, EncryptionAlgorithm: OAEP },
        `ValidationException: KeyId is required with algorithm ${OAEP}.`,
      ],
      ['Decrypt', { KeyId: aes }, 'ValidationException: CiphertextBlob is required.'],
      [
        'Encrypt',
        { KeyId: UNKNOWN, Plaintext },
        `NotFoundException: Key 'arn:aws:kms:${REGION}:${ACCOUNT}:key/${UNKNOWN}' does not exist`,
      ],
      [
        'Encrypt',
        { KeyId: 'alias/nothing', Plaintext },
        `NotFoundException: Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/nothing is not found.`,
      ],
    ]
    for (const [name, input, expected] of rows)
      expect(await outcome(handler, name, input), `${name} ${expected}`).toBe(expected)
  })

  it('a state comes before everything that is wrong about the rest', async () => {
    const states: [string, (keyId: string) => Promise<unknown>][] = [
      [
        'DisabledException: ARN is disabled.',
        (KeyId) => handler.send(new DisableKeyCommand({ KeyId })),
      ],
      [
        'KMSInvalidStateException: ARN is pending deletion.',
        (KeyId) => handler.send(new ScheduleKeyDeletionCommand({ KeyId })),
      ],
    ]
    for (const [text, change] of states) {
      const { KeyId, Arn } = await createKey(handler)
      const other = await keyOf()
      const { CiphertextBlob } = await encrypt(handler, { KeyId })
      const elsewhere = await encrypt(handler, { KeyId: other.KeyId })
      await change(KeyId)
      const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
      const expected = text.replace('ARN', Arn)
      const rows: [string, object][] = [
        ['Encrypt', { KeyId, Plaintext: HELLO }],
        ['Encrypt', { KeyId, Plaintext: HELLO, EncryptionAlgorithm }],
        ['Decrypt', { CiphertextBlob }],
        ['Decrypt', { CiphertextBlob, KeyId, EncryptionContext: { a: 'b' } }],
        ['ReEncrypt', { CiphertextBlob, DestinationKeyId: other.KeyId }],
        ['ReEncrypt', { CiphertextBlob: elsewhere.CiphertextBlob, DestinationKeyId: KeyId }],
      ]
      for (const [name, input] of rows)
        expect(await outcome(handler, name, input), name).toBe(expected)
    }
  })

  it('material that is not there, or not any more', async () => {
    const { KeyId, Arn } = await createKey(handler, { Origin: 'EXTERNAL' })
    const pending = `KMSInvalidStateException: ${Arn} is pending import.`
    const asked = { KeyId, Plaintext: HELLO }
    expect(await outcome(handler, 'Encrypt', asked)).toBe(pending)
    await importMaterial(room, KeyId)
    const { CiphertextBlob } = await encrypt(handler, { KeyId })
    await room.deleteKeyMaterial({ keyId: KeyId })
    expect(await outcome(handler, 'Encrypt', asked)).toBe(pending)
    expect(await outcome(handler, 'Decrypt', { CiphertextBlob })).toBe(pending)
    await importMaterial(room, KeyId)
    expect(bytes((await decrypt(handler, { CiphertextBlob })).Plaintext)).toEqual(HELLO)
  })

  it('a key that is not here: of another room, another region, or deleted', async () => {
    const foreign = await openWorld(
      TRANSPORTS['handler'],
      {},
      { random: seededRandom('another room') },
    )
    const { KeyId: theirs } = await createKey(foreign.kms)
    const { CiphertextBlob } = await encrypt(foreign.kms, { KeyId: theirs })
    expect(await outcome(handler, 'Decrypt', { CiphertextBlob })).toBe(UNKNOWN_KEY)

    const here = await encrypt(handler, { KeyId: (await keyOf()).KeyId })
    const elsewhere = world.client({ region: 'us-east-1' })
    const input = { CiphertextBlob: here.CiphertextBlob }
    expect(await outcome(elsewhere, 'Decrypt', input)).toBe(UNKNOWN_KEY)

    const { kms, clock } = await openWorld()
    const { KeyId, Arn } = await createKey(kms)
    const target = await createKey(kms)
    const sealed = await encrypt(kms, { KeyId })
    await decrypt(kms, { CiphertextBlob: sealed.CiphertextBlob })
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    clock.advance({ days: 7 })
    const gone = { CiphertextBlob: sealed.CiphertextBlob }
    expect(await outcome(kms, 'Decrypt', gone)).toBe(UNKNOWN_KEY)
    const move = { ...gone, DestinationKeyId: target.KeyId }
    expect(await outcome(kms, 'ReEncrypt', move)).toBe(UNKNOWN_KEY)
    const missing = `NotFoundException: Key '${Arn}' does not exist`
    expect(await outcome(kms, 'Decrypt', { ...gone, KeyId })).toBe(missing)
    expect(await outcome(kms, 'Encrypt', { KeyId, Plaintext: HELLO })).toBe(missing)
  })
})

describe('materials', () => {
  it('a rotated key opens what it sealed before, and says with what', async () => {
    const { KeyId } = await createKey(handler)
    const first = await encrypt(handler, { KeyId })
    await room.createKeyVersion({ keyId: KeyId })
    const second = await encrypt(handler, { KeyId })
    const materials = []
    for (const { CiphertextBlob } of [first, second]) {
      const { KeyMaterialId, Plaintext } = await decrypt(handler, { CiphertextBlob })
      expect(bytes(Plaintext)).toEqual(HELLO)
      materials.push(KeyMaterialId)
    }
    expect(new Set(materials).size).toBe(2)
  })
})

describe('the wire', () => {
  const handle = awsHandler(room, {})
  const post = async (operation: string, body: object) => {
    const headers = { 'x-amz-target': `TrentService.${operation}` }
    const answer = await handle({ method: 'POST', url: '/', headers, body: JSON.stringify(body) })
    return JSON.parse(answer.body) as Record<string, string>
  }

  it('makes strings of numbers and flags in a context', async () => {
    const { KeyId } = await keyOf()
    const Plaintext = base64(HELLO)
    const { CiphertextBlob } = await post('Encrypt', {
      KeyId,
      Plaintext,
      EncryptionContext: { count: 3, paid: true },
    })
    const opened = await decrypt(handler, {
      CiphertextBlob: Buffer.from(CiphertextBlob!, 'base64'),
      EncryptionContext: { count: '3', paid: 'true' },
    })
    expect(bytes(opened.Plaintext)).toEqual(HELLO)
  })

  it('plaintexts are wiped once they were used and written, refused or not', async () => {
    const { KeyId } = await keyOf()
    const seen: Uint8Array[] = []
    const spied = new Proxy(room, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown
        if (typeof value !== 'function') return value
        if (name !== 'encrypt' && name !== 'decrypt') return value.bind(target) as unknown
        return async (input: { readonly plaintext?: Uint8Array }) => {
          if (input.plaintext) seen.push(input.plaintext)
          const answer = (await value.call(target, input)) as { readonly plaintext?: Uint8Array }
          if (answer.plaintext) seen.push(answer.plaintext)
          return answer
        }
      },
    })
    const ask = awsHandler(spied)
    const send = async (operation: string, body: object) => {
      const headers = { 'x-amz-target': `TrentService.${operation}` }
      const { body: text } = await ask({
        method: 'POST',
        url: '/',
        headers,
        body: JSON.stringify(body),
      })
      return JSON.parse(text) as Record<string, string>
    }
    const Plaintext = base64(HELLO)
    const { CiphertextBlob } = await send('Encrypt', { KeyId, Plaintext })
    expect((await send('Decrypt', { CiphertextBlob }))['Plaintext']).toBe(Plaintext)
    expect(await send('Decrypt', { CiphertextBlob, DryRun: true })).toMatchObject({
      __type: 'DryRunOperationException',
    })
    const { KeyId: disabled } = await createKey(handler)
    await handler.send(new DisableKeyCommand({ KeyId: disabled }))
    expect(await send('Encrypt', { KeyId: disabled, Plaintext })).toMatchObject({
      __type: 'DisabledException',
    })
    expect(seen).toEqual([0, 0, 0, 0].map(() => new Uint8Array(HELLO.length)))
  })
})
