/** `Recipient` through the official client (contracts: AWS 8.2): answers that an enclave alone can read. */
import {
  CreateKeyCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateRandomCommand,
  type CreateKeyCommandInput,
  type KMSClient,
  type RecipientInfo,
} from '@aws-sdk/client-kms'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { recipientOf } from '../../../src/faces/aws/recipient.ts'
import { Face } from '../../../src/faces/aws/face.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import {
  nitroTestAuthority,
  openForRecipient,
  seededRandom,
  VirtualClock,
} from '../../../src/testing/index.ts'
import { openWorld, refusal, START, TRANSPORTS, type World } from './world.ts'

const enclave = generateKeyPairSync('rsa', { modulusLength: 2048 })
const clock = new VirtualClock(START)
const authority = nitroTestAuthority({ clock })
const options = { attestationRoots: [authority.root] }
const IMAGE = 'c0ffee'.repeat(16)

type Attest = Parameters<typeof authority.attest>[0]
const recipient = (input: Attest = {}): RecipientInfo => ({
  KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  AttestationDocument: authority.attest({ publicKey: enclave.publicKey, ...input }),
})
const open = async (ciphertext: Uint8Array | undefined) =>
  openForRecipient(ciphertext!, enclave.privateKey)

async function newKey(kms: KMSClient, input: CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand(input))
  return KeyMetadata!.KeyId!
}

async function encrypted(kms: KMSClient, Plaintext: Uint8Array): Promise<Uint8Array> {
  const KeyId = await newKey(kms)
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext }))
  return CiphertextBlob!
}

describe.each(Object.entries(TRANSPORTS))('through the %s', (_, connect) => {
  it('Decrypt answers the enclave and nobody else', async () => {
    const { kms } = await openWorld(connect, options)
    const CiphertextBlob = await encrypted(kms, utf8('orders'))
    const answer = await kms.send(new DecryptCommand({ CiphertextBlob, Recipient: recipient() }))
    expect(await open(answer.CiphertextForRecipient)).toEqual(utf8('orders'))
    expect(answer.Plaintext).toBeUndefined()
    expect(answer.KeyMaterialId).toBeUndefined()
    expect(answer.EncryptionAlgorithm).toBe('SYMMETRIC_DEFAULT')
  })

  it('GenerateDataKey makes a key for the enclave, which Decrypt gives again', async () => {
    const { kms } = await openWorld(connect, options)
    const KeyId = await newKey(kms)
    const asked = { KeyId, KeySpec: 'AES_256', Recipient: recipient() } as const
    const answer = await kms.send(new GenerateDataKeyCommand(asked))
    expect(answer.Plaintext).toBeUndefined()
    expect(answer.KeyMaterialId).toBeUndefined()
    const { CiphertextBlob } = answer
    const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(Plaintext).toHaveLength(32)
    expect(await open(answer.CiphertextForRecipient)).toEqual(new Uint8Array(Plaintext!))
  })

  it('GenerateDataKeyPair makes a pair for the enclave', async () => {
    const { kms } = await openWorld(connect, options)
    const KeyId = await newKey(kms)
    const asked = { KeyId, KeyPairSpec: 'ECC_NIST_P256', Recipient: recipient() } as const
    const answer = await kms.send(new GenerateDataKeyPairCommand(asked))
    expect(answer.PrivateKeyPlaintext).toBeUndefined()
    const pkcs8 = Buffer.from(await open(answer.CiphertextForRecipient))
    const own = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
    expect(own.export({ format: 'der', type: 'spki' })).toEqual(Buffer.from(answer.PublicKey!))
    const CiphertextBlob = answer.PrivateKeyCiphertextBlob
    const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(Buffer.from(Plaintext!)).toEqual(pkcs8)
  })

  it('DeriveSharedSecret tells the enclave what is shared', async () => {
    const { kms } = await openWorld(connect, options)
    const KeyId = await newKey(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
    const peer = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const PublicKey = peer.publicKey.export({ format: 'der', type: 'spki' })
    const asked = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey } as const
    const plain = await kms.send(new DeriveSharedSecretCommand(asked))
    const attested = { ...asked, Recipient: recipient() }
    const answer = await kms.send(new DeriveSharedSecretCommand(attested))
    expect(answer.SharedSecret).toBeUndefined()
    const secret = await open(answer.CiphertextForRecipient)
    expect(secret).toEqual(new Uint8Array(plain.SharedSecret!))
    expect(secret).toHaveLength(32)
  })

  it('GenerateRandom draws for the enclave', async () => {
    const { kms } = await openWorld(connect, options)
    const random = new GenerateRandomCommand({ NumberOfBytes: 1024, Recipient: recipient() })
    const answer = await kms.send(random)
    expect(await open(answer.CiphertextForRecipient)).toHaveLength(1024)
    expect(answer.Plaintext).toBeUndefined()
  })

  it.each<[string, Partial<RecipientInfo>, string]>([
    [
      'no document',
      { AttestationDocument: undefined },
      "1 validation error detected: Value null at 'recipient.attestationDocument' failed to " +
        'satisfy constraint: Member must not be null',
    ],
    [
      'no algorithm',
      { KeyEncryptionAlgorithm: undefined },
      "1 validation error detected: Value null at 'recipient.keyEncryptionAlgorithm' failed to " +
        'satisfy constraint: Member must not be null',
    ],
    [
      'another algorithm',
      { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_1' as never },
      "1 validation error detected: Value 'RSAES_OAEP_SHA_1' at 'recipient.keyEncryptionAlgorithm'" +
        ' failed to satisfy constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_256]',
    ],
    [
      'a document that is too long',
      { AttestationDocument: new Uint8Array(262_145) },
      "1 validation error detected: Value at 'recipient.attestationDocument' failed to satisfy " +
        'constraint: Member must have length less than or equal to 262144',
    ],
    [
      'a document that is none',
      { AttestationDocument: utf8('document') },
      'The attestation document is not accepted: expected a COSE_Sign1 structure in CBOR.',
    ],
    [
      'a document of another authority',
      { AttestationDocument: nitroTestAuthority({ clock }).attest() },
      'The attestation document is not accepted: expected a chain that begins at a trusted root ' +
        'certificate.',
    ],
    [
      'a document without a key',
      { AttestationDocument: authority.attest() },
      'The attestation document is not accepted: expected a document with a public key.',
    ],
    [
      'a document with another key than RSA',
      {
        AttestationDocument: authority.attest({
          publicKey: generateKeyPairSync('ed25519').publicKey,
        }),
      },
      'The attestation document is not accepted: expected a public key of RSA with 2048, 3072 or ' +
        '4096 bits, as SPKI in DER.',
    ],
  ])('%s is refused', async (_name, change, text) => {
    const { kms } = await openWorld(connect, options)
    const Recipient = { ...recipient(), ...change }
    const asked = kms.send(new GenerateRandomCommand({ NumberOfBytes: 8, Recipient }))
    expect(await refusal(asked)).toEqual(['ValidationException', text])
  })
})

describe('a document', () => {
  const random = (world: World, Recipient: RecipientInfo) =>
    world.kms.send(new GenerateRandomCommand({ NumberOfBytes: 8, Recipient }))

  it('expires by the clock of the room', async () => {
    const world = await openWorld(undefined, options)
    const document = recipient()
    world.clock.advance({ hours: 3 })
    expect(await open((await random(world, document)).CiphertextForRecipient)).toHaveLength(8)
    world.clock.advance({ seconds: 1 })
    const [name, text] = await refusal(random(world, document))
    expect(name).toBe('ValidationException')
    expect(text).toContain('certificates that are valid at 2026-01-01T03:00:01.000Z')
  })

  it('of tests is nothing to a room that trusts AWS alone', async () => {
    const world = await openWorld()
    const [name, text] = await refusal(random(world, recipient()))
    expect([name, text]).toEqual(['ValidationException', expect.stringContaining('trusted root')])
  })

  it('is answered the same from the same seed', async () => {
    const document = recipient()
    const world = () => openWorld(undefined, options, { random: seededRandom('aws') })
    const answers = await Promise.all([0, 1].map(async () => random(await world(), document)))
    expect(answers[0]!.CiphertextForRecipient).toEqual(answers[1]!.CiphertextForRecipient)
  })

  it('is looked at before the key is', async () => {
    const { kms } = await openWorld(undefined, options)
    const CiphertextBlob = await encrypted(kms, utf8('orders'))
    const KeyId = '11111111-2222-3333-4444-555555555555'
    const Recipient = { ...recipient(), AttestationDocument: utf8('document') }
    const asked = kms.send(new DecryptCommand({ CiphertextBlob, KeyId, Recipient }))
    expect((await refusal(asked))[0]).toBe('ValidationException')
  })
})

describe('condition keys (contracts: AWS 12)', () => {
  const conditions = async (input: Attest) => {
    const { room } = await openWorld(undefined, options)
    const { AttestationDocument } = recipient(input)
    const Recipient = {
      KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      AttestationDocument: AttestationDocument!,
    } as const
    return (await recipientOf(new Face(room, options), { Recipient })).conditions
  }

  it('of an enclave are its registers, and the image by name', async () => {
    const given = await conditions({ pcrs: { 0: IMAGE, 3: 'ab'.repeat(48) } })
    expect(given['kms:RecipientAttestation:ImageSha384']).toBe(IMAGE)
    expect(given['kms:RecipientAttestation:PCR0']).toBe(IMAGE)
    expect(given['kms:RecipientAttestation:PCR3']).toBe('ab'.repeat(48))
    expect(given['kms:RecipientAttestation:PCR15']).toBe('00'.repeat(48))
    expect(Object.keys(given)).toHaveLength(17)
  })

  it('of an instance with NitroTPM are its registers', async () => {
    const given = await conditions({ source: 'tpm', pcrs: { 4: IMAGE } })
    expect(given['kms:RecipientAttestation:NitroTPMPCR4']).toBe(IMAGE)
    expect(Object.keys(given)).toHaveLength(16)
  })

  it('without a recipient there are none', async () => {
    const { room } = await openWorld()
    const { attested, conditions: given } = await recipientOf(new Face(room, {}), {
      Recipient: undefined,
    })
    expect([attested, given]).toEqual([false, {}])
  })
})
