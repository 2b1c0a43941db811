/**
 * Known-answer tests of a provider before its first use (FIPS 140-3 IG 10.3.A, SP 800-140): one row
 * for each primitive. A failure means that the platform computes wrongly; nothing may be served
 * then.
 */
import { concat, fromBase64url, fromHex, toHex, utf8 } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { Hash, PairSpec, SigningAlgorithm } from '../domain/algorithms.ts'
import { ecSec1, ecSpki, okpSpki, rsaPkcs1, rsaSpki } from './keys.ts'
import * as answers from './known-answers.ts'
import type { CryptoProvider, Eventually } from './provider.ts'

interface KnownAnswer {
  readonly name: string
  /** Where the expected value comes from. */
  readonly source: string
  /** Skipped where the platform declares that it lacks this. */
  readonly needs?: PairSpec | 'scrypt'
  /** Bytes in hex, or the outcome of a verification. */
  readonly expected: string | boolean
  run(provider: CryptoProvider): Eventually<Uint8Array | boolean | undefined>
}

const hex = (text: string): Uint8Array => fromHex(text)!
const base64url = (text: string): Uint8Array => fromBase64url(text)!
const entries = <T extends object>(table: T) => Object.entries(table) as [keyof T & Hash, string][]

const DIGEST_ROWS = entries(answers.DIGESTS).map(([hash, expected]): KnownAnswer => ({
  name: `digest ${hash}`,
  source: 'FIPS 180-4',
  expected,
  run: (provider) => provider.digest(hash, utf8('a'), utf8('bc')),
}))

const MAC_ROWS = entries(answers.MACS).map(([hash, expected]): KnownAnswer => ({
  name: `HMAC ${hash}`,
  source: 'RFC 4231 4.3',
  expected,
  run: (provider) =>
    provider.hmac(hash, utf8('Jefe')).compute(utf8('what do ya want for nothing?')),
}))

const macRow = (name: string, change: number, expected: boolean): KnownAnswer => ({
  name,
  source: 'RFC 4231 4.3',
  expected,
  run: (provider) =>
    provider
      .hmac('SHA_256', utf8('Jefe'))
      .verify(changed(hex(answers.MACS.SHA_256), change), utf8('what do ya want for nothing?')),
})

/** Bytes that were made for this, with their last one changed by these bits. */
function changed(bytes: Uint8Array, change: number): Uint8Array {
  bytes[bytes.length - 1]! ^= change
  return bytes
}

const KDF_ROWS: readonly KnownAnswer[] = [
  {
    name: 'HKDF SHA_256',
    source: 'RFC 5869 A.1',
    expected: answers.HKDF.output,
    run: (provider) =>
      provider.hkdf(
        hex(answers.HKDF.input),
        hex(answers.HKDF.salt),
        hex(answers.HKDF.info),
        answers.HKDF.output.length / 2,
      ),
  },
  {
    name: 'scrypt',
    source: 'RFC 7914 section 12',
    needs: 'scrypt',
    expected: answers.SCRYPT,
    run: (provider) =>
      provider.scrypt(new Uint8Array(0), new Uint8Array(0), { N: 16, r: 1, p: 1 }, 64),
  },
]

const xaesSealed = (): Uint8Array =>
  concat(hex(answers.XAES.nonce), hex(answers.XAES.commitment), hex(answers.XAES.ciphertext))
const XAES_AAD = utf8('c2sp.org/XAES-256-GCM')
const XAES_PLAINTEXT = utf8('XAES-256-GCM')

/** Opens the vector after one bit of it was changed; true when that is refused. */
const refusesChange = (name: string, at: number): KnownAnswer => ({
  name,
  source: 'C2SP XAES-256-GCM',
  expected: true,
  run: (provider) => {
    const sealed = xaesSealed()
    sealed[at]! ^= 1
    return provider.suite(hex(answers.XAES.key)).open(sealed, 0, XAES_AAD) === undefined
  },
})

const SUITE_ROWS: readonly KnownAnswer[] = [
  {
    name: 'suite seal',
    source: 'C2SP XAES-256-GCM',
    expected: answers.XAES.nonce + answers.XAES.commitment + answers.XAES.ciphertext,
    run: (provider) =>
      provider
        .suite(hex(answers.XAES.key))
        .sealWithNonce(hex(answers.XAES.nonce), XAES_AAD, XAES_PLAINTEXT),
  },
  {
    name: 'suite open',
    source: 'C2SP XAES-256-GCM',
    expected: toHex(XAES_PLAINTEXT),
    run: (provider) => provider.suite(hex(answers.XAES.key)).open(xaesSealed(), 0, XAES_AAD),
  },
  refusesChange('suite commitment', 24),
  refusesChange('suite tag', 83),
]

const AES_ROWS: readonly KnownAnswer[] = [
  {
    name: 'GCM seal',
    source: 'GCM specification, test case 16',
    expected: answers.GCM.ciphertext + answers.GCM.tag,
    run: (provider) => {
      const { key, iv, aad, plaintext } = answers.GCM
      const sealed = provider.aes(hex(key)).gcmSeal(hex(iv), hex(aad), hex(plaintext))
      return concat(sealed.ciphertext, sealed.tag)
    },
  },
  {
    name: 'GCM open',
    source: 'GCM specification, test case 16',
    expected: answers.GCM.plaintext,
    run: (provider) => gcmOpen(provider, 0),
  },
  {
    name: 'GCM tag',
    source: 'GCM specification, test case 16',
    expected: true,
    run: (provider) => gcmOpen(provider, 1) === undefined,
  },
  {
    name: 'CBC encrypt',
    source: 'SP 800-38A F.2.5',
    expected: answers.CBC.ciphertext,
    run: (provider) => {
      const { key, iv, plaintext } = answers.CBC
      return provider.aes(hex(key)).cbcEncrypt(hex(iv), hex(plaintext), false)
    },
  },
  {
    name: 'CBC decrypt',
    source: 'SP 800-38A F.2.6',
    expected: answers.CBC.plaintext,
    run: (provider) => {
      const { key, iv, ciphertext } = answers.CBC
      return provider.aes(hex(key)).cbcDecrypt(hex(iv), hex(ciphertext), false)
    },
  },
  ...wrapRows('KW', 'RFC 3394 4.6', answers.KW, false),
  ...wrapRows('KWP', 'RFC 5649 section 6', answers.KWP, true),
]

function gcmOpen(provider: CryptoProvider, change: number): Uint8Array | undefined {
  const { key, iv, aad, ciphertext, tag } = answers.GCM
  const aes = provider.aes(hex(key))
  return aes.gcmOpen(hex(iv), hex(aad), hex(ciphertext), changed(hex(tag), change))
}

function wrapRows(
  name: string,
  source: string,
  { key, material, wrapped }: Record<'key' | 'material' | 'wrapped', string>,
  padded: boolean,
): readonly KnownAnswer[] {
  return [
    {
      name: `${name} wrap`,
      source,
      expected: wrapped,
      run: (provider) => provider.aes(hex(key)).wrap(hex(material), padded),
    },
    {
      name: `${name} unwrap`,
      source,
      expected: material,
      run: (provider) => provider.aes(hex(key)).unwrap(hex(wrapped), padded),
    },
    {
      name: `${name} integrity`,
      source,
      expected: true,
      run: (provider) =>
        provider.aes(hex(key)).unwrap(changed(hex(wrapped), 1), padded) === undefined,
    },
  ]
}

interface SignatureVector {
  readonly algorithm: SigningAlgorithm
  readonly source: string
  readonly spec: PairSpec
  spki(): Uint8Array
  message(): Uint8Array
  signature(): Uint8Array
}

const rsaVector = (
  algorithm: SigningAlgorithm,
  source: string,
  jws: { readonly header: string; readonly signature: string },
): SignatureVector => ({
  algorithm,
  source,
  spec: 'RSA_2048',
  spki: () => rsaSpki(base64url(answers.RSA_VERIFY.n), base64url(answers.RSA_VERIFY.e)),
  message: () => utf8(`${jws.header}.${answers.RSA_VERIFY.payload}`),
  signature: () => base64url(jws.signature),
})

const SIGNATURES: readonly SignatureVector[] = [
  rsaVector('RSA_PKCS1_SHA_256', 'RFC 7520 4.1', answers.RSA_VERIFY.RS256),
  rsaVector('RSA_PSS_SHA_384', 'RFC 7520 4.2', answers.RSA_VERIFY.PS384),
  {
    algorithm: 'ECDSA_SHA_256',
    source: 'RFC 6979 A.2.5',
    spec: 'EC_P256',
    spki: () => ecSpki('EC_P256', hex(answers.ECDSA_P256.point)),
    message: () => utf8('sample'),
    signature: () => hex(answers.ECDSA_P256.signature),
  },
  {
    algorithm: 'ED25519',
    source: 'RFC 8032 7.1',
    spec: 'ED25519',
    spki: () => okpSpki(hex(answers.ED25519.publicKey)),
    message: () => hex(answers.ED25519.message),
    signature: () => hex(answers.ED25519.signature),
  },
]

/** Each vector twice: as it is, and with a changed message, which must be refused. */
const VERIFY_ROWS = SIGNATURES.flatMap((vector) =>
  [0, 1].map((change): KnownAnswer => ({
    name: `${vector.algorithm} ${change === 0 ? 'accepts' : 'refuses'}`,
    source: vector.source,
    needs: vector.spec,
    expected: change === 0,
    run: (provider) =>
      provider
        .publicKey(vector.spec, vector.spki())
        .verify(vector.algorithm, changed(vector.message(), change), vector.signature(), {
          messageType: 'raw',
          format: 'raw',
        }),
  })),
)

const oaepDecrypt = (provider: CryptoProvider, change: number) => {
  const vector = answers.RSA_OAEP
  const key = {
    n: base64url(vector.n),
    e: base64url(vector.e),
    d: base64url(vector.d),
    p: base64url(vector.p),
    q: base64url(vector.q),
    dp: base64url(vector.dp),
    dq: base64url(vector.dq),
    qi: base64url(vector.qi),
  }
  const pair = { privateKey: rsaPkcs1(key), publicKey: rsaSpki(key.n, key.e) }
  const input = changed(base64url(vector.ciphertext), change)
  return provider.privateKey('RSA_2048', pair).oaepDecrypt('SHA_1', input)
}

const PRIVATE_ROWS: readonly KnownAnswer[] = [
  {
    name: 'RSA-OAEP decrypt',
    source: 'RFC 7516 A.1',
    needs: 'RSA_2048',
    expected: answers.RSA_OAEP.plaintext,
    run: (provider) => oaepDecrypt(provider, 0),
  },
  {
    name: 'RSA-OAEP refuses',
    source: 'RFC 7516 A.1',
    needs: 'RSA_2048',
    expected: true,
    run: async (provider) => (await oaepDecrypt(provider, 1)) === undefined,
  },
  {
    name: 'ECDH',
    source: 'RFC 5903 8.1',
    needs: 'EC_P256',
    expected: answers.ECDH_P256.shared,
    run: (provider) => {
      const [scalar, point] = [hex(answers.ECDH_P256.scalar), hex(answers.ECDH_P256.point)]
      const pair = {
        privateKey: ecSec1('EC_P256', scalar, point),
        publicKey: ecSpki('EC_P256', point),
      }
      return provider
        .privateKey('EC_P256', pair)
        .agree(ecSpki('EC_P256', hex(answers.ECDH_P256.peer)))
    },
  },
]

/** Every known answer. */
export const KNOWN_ANSWERS: readonly KnownAnswer[] = [
  ...DIGEST_ROWS,
  ...MAC_ROWS,
  macRow('HMAC accepts', 0, true),
  macRow('HMAC refuses', 1, false),
  ...KDF_ROWS,
  ...SUITE_ROWS,
  ...AES_ROWS,
  ...VERIFY_ROWS,
  ...PRIVATE_ROWS,
]

/** Runs every row; throws SELF_TEST_FAILED naming the first one that comes out wrong. */
export async function runSelfTest(provider: CryptoProvider): Promise<void> {
  for (const row of KNOWN_ANSWERS) {
    if (row.needs !== undefined && provider.lacks(row.needs) !== undefined) continue
    const outcome = await outcomeOf(row, provider)
    if (outcome.value === row.expected) continue
    throw new StrongroomError(
      'SELF_TEST_FAILED',
      `${provider.name} provider, ${row.name}: the answer of ${row.source} came out wrong.`,
      outcome,
    )
  }
}

async function outcomeOf(
  row: KnownAnswer,
  provider: CryptoProvider,
): Promise<{ value?: string | boolean | undefined; cause?: unknown }> {
  try {
    const answer = await row.run(provider)
    return { value: answer instanceof Uint8Array ? toHex(answer) : answer }
  } catch (cause) {
    return { cause }
  }
}

const done = new WeakMap<CryptoProvider, Promise<void>>()

/** The self-test of a provider, run once; every caller awaits the same outcome. */
export function selfTestOnce(provider: CryptoProvider): Promise<void> {
  let outcome = done.get(provider)
  if (outcome === undefined) {
    outcome = runSelfTest(provider)
    done.set(provider, outcome)
  }
  return outcome
}
