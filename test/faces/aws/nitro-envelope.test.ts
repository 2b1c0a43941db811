/** CiphertextForRecipient: CMS EnvelopedData (RFC 5652) as AWS KMS writes it, and as others read it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../../src/base/bytes.ts'
import { createNodeProvider } from '../../../src/crypto/node/index.ts'
import { createPortableProvider } from '../../../src/crypto/portable/index.ts'
import { envelopeFor as seal, recipientKey } from '../../../src/faces/aws/nitro/envelope.ts'
import type { CryptoProvider } from '../../../src/crypto/provider.ts'
import { openForRecipient, seededRandom } from '../../../src/testing/index.ts'
import { reasonOf } from './nitro-kit.ts'

const pair = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength })
const spkiOf = (key: KeyObject) => new Uint8Array(key.export({ type: 'spki', format: 'der' }))
const enclave = pair(2048)
const spki = spkiOf(enclave.publicKey)
const provider = createNodeProvider()
const envelopeFor = (by: CryptoProvider, key: Uint8Array, plaintext: Uint8Array) =>
  seal(by, recipientKey(by, key), plaintext)
const secret = utf8('a data key of thirty-two bytes..')

const folder = mkdtempSync(join(tmpdir(), 'strongroom-nitro-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('an envelope', () => {
  test('opens with a longer RSA key', async () => {
    const { publicKey, privateKey } = pair(3072)
    const envelope = await envelopeFor(provider, spkiOf(publicKey), secret)
    expect(await openForRecipient(envelope, privateKey)).toEqual(secret)
  })

  test('opens whatever was in it, with the key as DER, PEM or KeyObject', async () => {
    const { privateKey } = enclave
    const keys = [
      privateKey,
      privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })),
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 4096, size: 'max' }),
        fc.constantFrom(...keys),
        async (plaintext, key) => {
          const envelope = await envelopeFor(provider, spki, plaintext)
          expect(await openForRecipient(envelope, key)).toEqual(plaintext)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('by the portable provider opens too', async () => {
    const envelope = await envelopeFor(createPortableProvider(), spki, secret)
    expect(await openForRecipient(envelope, enclave.privateKey)).toEqual(secret)
  })

  test('is made of fresh bytes, unless they come from a seed', async () => {
    const seeded = () => envelopeFor(createNodeProvider({ random: seededRandom(7) }), spki, secret)
    expect(await seeded()).toEqual(await seeded())
    const [one, two] = [await envelopeFor(provider, spki, secret), await seeded()]
    expect(one).not.toEqual(two)
  })

  test('does not open with another key', async () => {
    const envelope = await envelopeFor(provider, spki, secret)
    await expect(openForRecipient(envelope, pair(2048).privateKey)).rejects.toThrow()
  })

  test('is not opened when it is cut or something else', async () => {
    const envelope = await envelopeFor(provider, spki, secret)
    for (const bytes of [envelope.subarray(0, -1), new Uint8Array(0), utf8('0'), spki])
      await expect(openForRecipient(bytes, enclave.privateKey)).rejects.toThrow(RangeError)
  })

  /**
   * The layout of a recorded answer of AWS KMS, read with `openssl asn1parse`: indefinite lengths
   * around, definite ones within the recipient, a key identifier that is the SHA-256 of the SPKI,
   * versions 2, explicit OAEP parameters, one octet string of content. With a 32-byte plaintext and
   * RSA-2048 it has 493 bytes.
   */
  test('has the bytes of AWS KMS around keys, IV and content', async () => {
    const envelope = await envelopeFor(provider, spki, secret)
    const wild = (bytes: number) => `([0-9a-f]{${2 * bytes}})`
    const layout = [
      '3080 06092a864886f70d010703 a080 3080 020102',
      '3182016b 30820167 020102 8020',
      toHex(provider.digest('SHA_256', spki)),
      '303c 06092a864886f70d010107 302f a00f 300d0609608648016503040201 0500',
      'a11c 301a 06092a864886f70d010108 300d0609608648016503040201 0500',
      `04820100 ${wild(256)}`,
      `3080 06092a864886f70d010701 301d 060960864801650304012a 0410 ${wild(16)}`,
      `a080 0430 ${wild(48)} 0000 0000 0000 0000 0000`,
    ]
    expect(toHex(envelope)).toMatch(new RegExp(`^${layout.join('').replaceAll(' ', '')}$`))
    expect(envelope).toHaveLength(493)
  })
})

describe('a recipient is an RSA key of a known size', () => {
  const refusal = (key: Uint8Array | undefined) =>
    reasonOf(Promise.resolve().then(() => recipientKey(provider, key)))

  test.each<[string, Uint8Array | undefined]>([
    ['none', undefined],
    ['no key', utf8('dummy')],
    ['RSA-1024', spkiOf(pair(1024).publicKey)],
    ['RSA-2056', spkiOf(pair(2056).publicKey)],
    ['P-256', spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)],
    ['Ed25519', spkiOf(generateKeyPairSync('ed25519').publicKey)],
    ['PKCS#1', new Uint8Array(enclave.publicKey.export({ type: 'pkcs1', format: 'der' }))],
    ['a byte more', Uint8Array.of(...spki, 0)],
  ])('%s is refused', async (_, key) => {
    expect(await refusal(key)).toBe('publicKey')
  })

  test('2048 bits are enough', async () => {
    expect(await refusal(spki)).toBeUndefined()
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe.runIf(hasOpenssl)('openssl cms -decrypt', () => {
  test.each([1, 15, 16, 32, 2375])('opens %i bytes', async (length) => {
    const plaintext = new Uint8Array(length).map((_, at) => at)
    const key = join(folder, 'key.pem')
    const file = join(folder, `${length}.cms`)
    writeFileSync(key, enclave.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    writeFileSync(file, await envelopeFor(provider, spki, plaintext))
    const opened = execFileSync('openssl', [
      ...['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', file, '-inkey', key],
    ])
    expect(new Uint8Array(opened)).toEqual(plaintext)
  })

  /** The SKI form with a certificate of OpenSSL's own: its words for ours. */
  test('writes what openForRecipient opens', async () => {
    const key = join(folder, 'other.pem')
    const cert = join(folder, 'other.crt')
    writeFileSync(key, enclave.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    execFileSync('openssl', [
      ...['req', '-x509', '-new', '-key', key, '-subj', '/CN=enclave', '-days', '1', '-out', cert],
    ])
    const oaep = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256']
    const sealed = execFileSync(
      'openssl',
      [
        ...['cms', '-encrypt', '-binary', '-aes-256-cbc', '-outform', 'DER', '-keyid'],
        ...['-recip', cert, ...oaep.flatMap((option) => ['-keyopt', option])],
      ],
      { input: secret },
    )
    expect(await openForRecipient(new Uint8Array(sealed), enclave.privateKey)).toEqual(secret)
  })
})
