/** Key material on its way to a key, wrapped as the documentation tells: by Node, and by openssl. */
import { execFileSync } from 'node:child_process'
import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  type KeyPairKeyObjectResult,
} from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  type AlgorithmSpec,
  type ImportKeyMaterialRequest,
  type KMSClient,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms'

export type Wrap = (spki: Uint8Array, material: Uint8Array, algorithm: AlgorithmSpec) => Uint8Array

const hashOf = (algorithm: AlgorithmSpec): string =>
  algorithm.endsWith('SHA_1') ? 'sha1' : 'sha256'
const isHybrid = (algorithm: AlgorithmSpec): boolean => algorithm.startsWith('RSA_AES_KEY_WRAP')

/** RFC 5649 section 3: A65959A6, and the length follows by itself. */
const KWP_IV = Buffer.from('a65959a6', 'hex')

export const byNode: Wrap = (spki, material, algorithm) => {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  const oaep = (bytes: Uint8Array) =>
    publicEncrypt(
      { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hashOf(algorithm) },
      bytes,
    )
  if (!isHybrid(algorithm)) return new Uint8Array(oaep(material))
  const temporary = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', temporary, KWP_IV)
  const wrapped = Buffer.concat([cipher.update(material), cipher.final()])
  return new Uint8Array(Buffer.concat([oaep(temporary), wrapped]))
}

/** False where there is no openssl. */
export const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** `pkeyutl` for RSA-OAEP, `enc` for the key wrap. */
export const byOpenssl: Wrap = (spki, material, algorithm) => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-import-'))
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void => void execFileSync('openssl', args)
  const hash = hashOf(algorithm)
  const oaep = (bytes: Uint8Array): Buffer => {
    writeFileSync(at('in'), bytes)
    openssl(
      ...['pkeyutl', '-encrypt', '-pubin', '-keyform', 'DER', '-inkey', at('spki')],
      ...['-in', at('in'), '-out', at('out'), '-pkeyopt', 'rsa_padding_mode:oaep'],
      ...['-pkeyopt', `rsa_oaep_md:${hash}`, '-pkeyopt', `rsa_mgf1_md:${hash}`],
    )
    return readFileSync(at('out'))
  }
  try {
    writeFileSync(at('spki'), spki)
    if (!isHybrid(algorithm)) return new Uint8Array(oaep(material))
    const temporary = randomBytes(32)
    writeFileSync(at('in'), material)
    openssl(
      ...['enc', '-id-aes256-wrap-pad', '-K', temporary.toString('hex'), '-iv', 'A65959A6'],
      ...['-in', at('in'), '-out', at('wrapped')],
    )
    const wrapped = readFileSync(at('wrapped'))
    return new Uint8Array(Buffer.concat([oaep(temporary), wrapped]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export interface Parameters {
  readonly ImportToken: Uint8Array
  readonly PublicKey: Uint8Array
  readonly ParametersValidTo: Date
}

export interface How {
  readonly algorithm?: AlgorithmSpec
  readonly spec?: WrappingKeySpec
  readonly wrap?: Wrap
}

export async function parametersOf(
  kms: KMSClient,
  KeyId: string,
  { algorithm = 'RSAES_OAEP_SHA_256', spec = 'RSA_2048' }: How = {},
): Promise<Parameters> {
  const asked = { KeyId, WrappingAlgorithm: algorithm, WrappingKeySpec: spec }
  const { ImportToken, PublicKey, ParametersValidTo } = await kms.send(
    new GetParametersForImportCommand(asked),
  )
  return {
    ImportToken: ImportToken!,
    PublicKey: PublicKey!,
    ParametersValidTo: ParametersValidTo!,
  }
}

/** Imports material that never expires, unless `more` says otherwise. */
export async function importInto(
  kms: KMSClient,
  KeyId: string,
  material: Uint8Array,
  more: Partial<ImportKeyMaterialRequest> = {},
  how: How = {},
) {
  const { wrap = byNode, algorithm = 'RSAES_OAEP_SHA_256' } = how
  const { ImportToken, PublicKey } = await parametersOf(kms, KeyId, how)
  return kms.send(
    new ImportKeyMaterialCommand({
      KeyId,
      ImportToken,
      EncryptedKeyMaterial: wrap(PublicKey, material, algorithm),
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      ...more,
    }),
  )
}

/** Material of each spec that can be imported: raw keys, and private keys as PKCS#8. */
export function materialOf(spec: string): Uint8Array {
  const pkcs8 = ({ privateKey }: KeyPairKeyObjectResult): Uint8Array =>
    privateKey.export({ format: 'der', type: 'pkcs8' })
  const ec = (namedCurve: string) => pkcs8(generateKeyPairSync('ec', { namedCurve }))
  const made: Readonly<Record<string, () => Uint8Array>> = {
    HMAC_224: () => randomBytes(28),
    HMAC_256: () => randomBytes(32),
    HMAC_384: () => randomBytes(48),
    HMAC_512: () => randomBytes(64),
    RSA_2048: () => pkcs8(generateKeyPairSync('rsa', { modulusLength: 2048 })),
    ECC_NIST_P256: () => ec('P-256'),
    ECC_NIST_P384: () => ec('P-384'),
    ECC_NIST_P521: () => ec('P-521'),
    ECC_SECG_P256K1: () => ec('secp256k1'),
    ECC_NIST_EDWARDS25519: () => pkcs8(generateKeyPairSync('ed25519')),
  }
  return new Uint8Array(made[spec]!())
}
