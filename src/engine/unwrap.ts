/**
 * Material in and out under RSA: RSA-OAEP of a short secret (RFC 8017 7.1), or RSA-OAEP of a
 * temporary AES key followed by AES-KWP of the material (RFC 5649; PKCS#11 CKM_RSA_AES_KEY_WRAP).
 * Every failure of foreign bytes is one error.
 */
import { concat, secretBytes, secretCopy, wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { CryptoProvider, PrivateKey, PublicKey } from '../crypto/provider.ts'
import { isPair, SPECS, WRAPPINGS, type Spec, type Wrapping } from '../domain/algorithms.ts'
import type { Material } from './make.ts'

const RSA_BYTES_MAX = 512
const TEMPORARY_KEY_BYTES = 32

/** Exactly the material that a spec wants, or INVALID_KEY_MATERIAL; the caller wipes it. */
export async function unwrapMaterial(
  provider: CryptoProvider,
  privateKey: PrivateKey,
  wrapping: Wrapping,
  wrapped: Uint8Array,
  spec: Spec,
): Promise<Material> {
  const secret = await unwrap(provider, privateKey, wrapping, wrapped)
  const material = secret && (await materialOf(provider, secret, spec))
  if (!material)
    throw refused('wrapped', spec, ', wrapped as named under the key that was handed out')
  return material
}

/**
 * Material in the clear: exactly what a spec wants, or INVALID_KEY_MATERIAL. The caller wipes both
 * what it gave and what it got.
 */
export async function clearMaterial(
  provider: CryptoProvider,
  material: Uint8Array,
  spec: Spec,
): Promise<Material> {
  const read = await materialOf(provider, secretCopy(material), spec)
  if (!read) throw refused('material', spec, '')
  return read
}

/** Takes the bytes: they are the material, or wiped. */
async function materialOf(
  provider: CryptoProvider,
  secret: Uint8Array,
  spec: Spec,
): Promise<Material | undefined> {
  if (!isPair(spec)) {
    if (secret.length === SPECS[spec].bytes) return { secret }
    wipe(secret)
    return undefined
  }
  try {
    const pair = await provider.parsePkcs8(spec, secret)
    return pair && { secret: pair.privateKey, publicKey: pair.publicKey }
  } finally {
    wipe(secret)
  }
}

async function unwrap(
  provider: CryptoProvider,
  privateKey: PrivateKey,
  wrapping: Wrapping,
  wrapped: Uint8Array,
): Promise<Uint8Array | undefined> {
  const { hash, hybrid } = WRAPPINGS[wrapping]
  if (!hybrid) return privateKey.oaepDecrypt(hash, wrapped)
  for (const rsaBytes of [256, 384, RSA_BYTES_MAX]) {
    if (wrapped.length <= rsaBytes) break
    const temporary = await privateKey.oaepDecrypt(hash, wrapped.subarray(0, rsaBytes))
    if (!temporary) continue
    try {
      if (![16, 24, 32].includes(temporary.length)) return undefined
      return provider.aes(temporary).unwrap(wrapped.subarray(rsaBytes), true)
    } finally {
      wipe(temporary)
    }
  }
  return undefined
}

/** The opposite, for export: under a caller's public key. */
export async function wrapMaterial(
  provider: CryptoProvider,
  publicKey: PublicKey,
  wrapping: Wrapping,
  secret: Uint8Array,
): Promise<Uint8Array> {
  const { hash, hybrid } = WRAPPINGS[wrapping]
  if (!hybrid) return (await publicKey.oaepEncrypt(hash, secret)) ?? tooLong(secret.length)
  const temporary = secretBytes(TEMPORARY_KEY_BYTES)
  provider.random.fill(temporary)
  try {
    const head = (await publicKey.oaepEncrypt(hash, temporary)) ?? tooLong(temporary.length)
    return concat(head, provider.aes(temporary).wrap(secret, true)!)
  } finally {
    wipe(temporary)
  }
}

function tooLong(length: number): never {
  throw new StrongroomError(
    'UNSUPPORTED',
    `wrapping: expected a hybrid one (RSA_OAEP_AES_*) for ${length} bytes, got plain RSA-OAEP.`,
  )
}

const FORMS = {
  aes: 'raw key',
  hmac: 'raw key',
  rsa: 'PKCS#8 key',
  ec: 'PKCS#8 key',
  okp: 'PKCS#8 key',
  mldsa: 'PKCS#8 key with its seed',
  mlkem: 'PKCS#8 key with its seed',
}

function refused(input: string, spec: Spec, how: string): StrongroomError {
  const { family, bytes } = SPECS[spec]
  const form = isPair(spec) ? FORMS[family] : `${FORMS[family]} of ${bytes} bytes`
  return new StrongroomError(
    'INVALID_KEY_MATERIAL',
    `${input}: expected the ${form} of ${spec}${how}; it does not open as that.`,
  )
}
