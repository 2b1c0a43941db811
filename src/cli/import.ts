/**
 * Material for `key import`: read from a file, recognised, and wrapped under the vault's wrapping
 * key, so that the engine sees it in the same form as from any other importer (RSA-OAEP-SHA256 of a
 * temporary AES-256 key, then AES-KWP of the material: the CKM_RSA_AES_KEY_WRAP form of PKCS#11
 * 3.0).
 */
import { createPrivateKey } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Strongroom } from '../index.ts'
import type { WrappedMaterial } from '../engine/api.ts'
import { concat, wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { Family, Spec } from '../domain/algorithms.ts'
import { PAIR_SPECS, SPECS } from '../domain/algorithms.ts'
import { parsePkcs8Parts } from '../crypto/keys.ts'
import { isLattice } from '../crypto/parameter-sets.ts'
import { LIMITS } from '../domain/limits.ts'
import { fileFailure } from './paths.ts'
import { privateKeyOfPem } from './pem.ts'

/** PEM is base64: a third longer than the material, plus its two lines. */
const FILE_BYTES_MAX = 2 * LIMITS.wrappedMaterialBytesMax

interface Material {
  readonly spec: Spec
  /** Raw AES or HMAC bytes, or PKCS#8 DER. */
  readonly bytes: Uint8Array
}

/** The `spec`, `wrapped` and `wrapping` of an import. */
export async function importedMaterial(
  room: Strongroom,
  vaultId: string,
  file: string,
  spec: Spec | undefined,
): Promise<WrappedMaterial & { readonly spec: Spec }> {
  const content = await readMaterial(file)
  let material: Material | undefined
  try {
    material = recognise(content, spec)
    const { publicKey } = await room.getWrappingKey({ vaultId })
    const wrapped = await wrapHybrid(publicKey, material.bytes)
    return { spec: material.spec, wrapped, wrapping: 'RSA_OAEP_AES_SHA_256' }
  } finally {
    wipe(content, material?.bytes)
  }
}

async function readMaterial(file: string): Promise<Uint8Array> {
  try {
    if ((await stat(file)).size <= FILE_BYTES_MAX) return await readFile(file)
  } catch (error) {
    throw fileFailure('key material', file, error)
  }
  throw new StrongroomError(
    'LIMIT_EXCEEDED',
    `key material: expected a file of at most ${FILE_BYTES_MAX} bytes.`,
  )
}

const RAW_AES = new Map<number, Spec>([
  [16, 'AES_128'],
  [24, 'AES_192'],
  [32, 'AES_256'],
])

/** Families whose material is the bytes themselves. */
const SYMMETRIC: Readonly<Partial<Record<Family, true>>> = { aes: true, hmac: true }

/**
 * Symmetric specs take the file as it is; else it must parse as a private key. No spec: the length
 * tells AES.
 */
function recognise(content: Uint8Array, spec: Spec | undefined): Material {
  const lattice = recogniseLattice(content, spec)
  if (lattice) return lattice
  const raw = spec ?? RAW_AES.get(content.length)
  if (raw === undefined || SYMMETRIC[SPECS[raw].family] !== true)
    return recognisePair(content, spec)
  const { bytes } = SPECS[raw]
  if (content.length === bytes) return { spec: raw, bytes: content }
  throw new StrongroomError(
    'INVALID_KEY_MATERIAL',
    `key material: expected ${bytes} raw bytes for ${raw}, got ${content.length}.`,
  )
}

/** What node:crypto calls a key, as our spec. Curve names are those of OpenSSL. */
const PAIRS = new Map<string, Spec>([
  ['rsa 2048', 'RSA_2048'],
  ['rsa 3072', 'RSA_3072'],
  ['rsa 4096', 'RSA_4096'],
  ['ec prime256v1', 'EC_P256'],
  ['ec secp384r1', 'EC_P384'],
  ['ec secp521r1', 'EC_P521'],
  ['ec secp256k1', 'EC_SECP256K1'],
  ['ed25519', 'ED25519'],
])

function recognisePair(content: Uint8Array, spec: Spec | undefined): Material {
  const key = parsePrivateKey(content)
  const details = key?.asymmetricKeyDetails
  const name = [key?.asymmetricKeyType, details?.modulusLength ?? details?.namedCurve]
  const found = PAIRS.get(name.filter((part) => part !== undefined).join(' '))
  if (key && found !== undefined && (spec === undefined || spec === found))
    return { spec: found, bytes: key.export({ type: 'pkcs8', format: 'der' }) }
  throw new StrongroomError(
    'INVALID_KEY_MATERIAL',
    'key material: expected 16, 24 or 32 raw bytes, or a private key of ' +
      `${spec ?? 'a known spec'}, got ${content.length} bytes that are ${found ?? 'neither'}.`,
  )
}

/** ML-DSA and ML-KEM: the identifier in PKCS#8 tells the spec; the engine reads the rest. */
function recogniseLattice(content: Uint8Array, spec: Spec | undefined): Material | undefined {
  const bytes = privateKeyOfPem(content) ?? content
  const found = PAIR_SPECS.filter(isLattice).find((each) => parsePkcs8Parts(each, bytes))
  if (found !== undefined && (spec === undefined || spec === found)) return { spec: found, bytes }
  if (bytes !== content) wipe(bytes)
  return undefined
}

/** PEM or DER; undefined when it is no private key (an encrypted one counts as none). */
function parsePrivateKey(content: Uint8Array) {
  const key = Buffer.from(content.buffer, content.byteOffset, content.length)
  for (const form of [{ format: 'pem' }, { format: 'der', type: 'pkcs8' }] as const)
    try {
      return createPrivateKey({ key, ...form })
    } catch {
      // Not in this form: the caller says what was expected when it is in none.
    }
  return undefined
}

async function wrapHybrid(publicKey: Uint8Array, material: Uint8Array): Promise<Uint8Array> {
  const { createNodeProvider } = await import('../crypto/node/index.ts')
  const crypto = createNodeProvider()
  const temporary = new Uint8Array(32)
  try {
    crypto.random.fill(temporary)
    const outer = await crypto.parseRsaPublicKey(publicKey)!.oaepEncrypt('SHA_256', temporary)
    const inner = crypto.aes(temporary).wrap(material, true)
    return concat(outer!, inner!)
  } finally {
    wipe(temporary)
  }
}
