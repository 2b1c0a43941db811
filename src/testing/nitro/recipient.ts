/** The enclave's side of `Recipient`: opens what AWS KMS answers. */
import { equalBytes, fromBase64, fromHex, wipe } from '../../base/bytes.ts'
import { octetsOf, readBer, type BerNode } from './ber.ts'

/**
 * A key in the ways in which tests have it: DER (PKCS#8 or SPKI), the same as PEM, or a KeyObject of
 * `node:crypto`.
 */
export type KeyInput =
  Uint8Array | string | { export(options: { format: 'der'; type: never }): Uint8Array }

const PEM = /-----BEGIN [A-Z ]+-----([A-Za-z0-9+/=\s]+)-----END/

export function derOf(key: KeyInput, type: 'spki' | 'pkcs8'): Uint8Array<ArrayBuffer> {
  if (key instanceof Uint8Array) return new Uint8Array(key)
  if (typeof key !== 'string')
    return new Uint8Array(key.export({ format: 'der', type: type as never }))
  const bytes = fromBase64((PEM.exec(key)?.[1] ?? '').replace(/\s/g, ''))
  if (!bytes?.length) throw new TypeError(`expected a key as DER, PEM or KeyObject (${type})`)
  return new Uint8Array(bytes)
}

/** Contents of object identifiers: RFC 5652 4 and 6.1, RFC 4055 4.1, RFC 3565 4.1. */
const ENVELOPED_DATA = fromHex('2a864886f70d010703')!
const RSAES_OAEP = fromHex('2a864886f70d010107')!
const AES_256_CBC = fromHex('60864801650304012a')!
const VERSION = Uint8Array.of(2)

const algorithm = (node: BerNode | undefined, oid: Uint8Array): boolean =>
  node?.children[0] !== undefined && equalBytes(node.children[0].contents, oid)

/** What is in an EnvelopedData for one recipient. */
function parts(bytes: Uint8Array) {
  const content = readBer(bytes)
  const [version, recipients, encrypted] = content.children[1]?.children[0]?.children ?? []
  const [recipientVersion, , wrapping, encryptedKey] = recipients?.children[0]?.children ?? []
  const [, cipher, body] = encrypted?.children ?? []
  const right =
    algorithm(content, ENVELOPED_DATA) &&
    recipients?.children.length === 1 &&
    [version, recipientVersion].every((item) => item && equalBytes(item.contents, VERSION)) &&
    algorithm(wrapping, RSAES_OAEP) &&
    algorithm(cipher, AES_256_CBC)
  const iv = cipher?.children[1]
  if (!right || !encryptedKey || !iv || !body)
    throw new RangeError('expected CMS EnvelopedData with RSAES-OAEP and AES-256-CBC')
  return {
    encryptedKey: octetsOf(encryptedKey),
    iv: octetsOf(iv),
    body: octetsOf(body),
  }
}

const OAEP = { name: 'RSA-OAEP', hash: 'SHA-256' } as const

/**
 * Decrypts `CiphertextForRecipient` with the private key (PKCS#8) whose public key the attestation
 * document held, as an enclave does.
 * @throws RangeError when it is not such a ciphertext
 * @throws DOMException when it is for another key
 *
 * @example
 * const plaintext = await openForRecipient(answer.CiphertextForRecipient, privateKey)
 */
export async function openForRecipient(
  ciphertextForRecipient: Uint8Array,
  privateKey: KeyInput,
): Promise<Uint8Array> {
  const { encryptedKey, iv, body } = parts(ciphertextForRecipient)
  const pkcs8 = derOf(privateKey, 'pkcs8')
  const { subtle } = globalThis.crypto
  try {
    const rsa = await subtle.importKey('pkcs8', pkcs8, OAEP, false, ['unwrapKey'])
    const aes = { name: 'AES-CBC' } as const
    const key = await subtle.unwrapKey('raw', copy(encryptedKey), rsa, OAEP, aes, false, [
      'decrypt',
    ])
    return new Uint8Array(await subtle.decrypt({ ...aes, iv: copy(iv) }, key, copy(body)))
  } finally {
    wipe(pkcs8)
  }
}

const copy = (bytes: Uint8Array) => new Uint8Array(bytes)
