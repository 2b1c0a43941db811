/**
 * CiphertextForRecipient: CMS EnvelopedData (RFC 5652 section 6) as AWS KMS writes it. A fresh AES-256
 * key encrypts the content in CBC mode; RSAES-OAEP with SHA-256 wraps it for one recipient, who is
 * named by the SHA-256 of the public key.
 */
import { concat, fromHex, secretBytes, wipe } from '../../../base/bytes.ts'
import * as der from '../../../crypto/der.ts'
import type { CryptoProvider, PublicKey } from '../../../crypto/provider.ts'
import { refuse } from './refusal.ts'

/** Contents of object identifiers. */
const OID = {
  // RFC 5652 4 and 6.1
  data: fromHex('2a864886f70d010701')!,
  envelopedData: fromHex('2a864886f70d010703')!,
  // RFC 4055 4.1 and 2.2
  rsaesOaep: fromHex('2a864886f70d010107')!,
  mgf1: fromHex('2a864886f70d010108')!,
  // RFC 5754 2.2, RFC 3565 4.1
  sha256: fromHex('608648016503040201')!,
  aes256Cbc: fromHex('60864801650304012a')!,
} as const

const KEY_BYTES = 32
const IV_BYTES = 16
/** RFC 5652 6.1 and 6.2.1: both, since the recipient is a subjectKeyIdentifier. */
const VERSION = der.integer(Uint8Array.of(2))
const CONTEXT_0_PRIMITIVE = 0x80
const SET = 0x31
const INDEFINITE = 0x80
const END_OF_CONTENTS = new Uint8Array(2)

const SHA256 = der.sequence(der.oid(OID.sha256), der.NULL)
/** RFC 4055 4.1: hash and mask generation are explicit, the label is the empty default. */
const OAEP = der.sequence(
  der.oid(OID.rsaesOaep),
  der.sequence(
    der.node(der.TAG.context0, SHA256),
    der.node(der.TAG.context1, der.sequence(der.oid(OID.mgf1), SHA256)),
  ),
)

export interface RecipientKey {
  readonly key: PublicKey
  /** SHA-256 of the SPKI. */
  readonly identifier: Uint8Array
}

/**
 * The key of a document, if an answer can be encrypted to it: SPKI of RSA with 2048, 3072 or 4096
 * bits.
 * @throws AttestationRefused `publicKey`
 */
export function recipientKey(
  provider: CryptoProvider,
  publicKey: Uint8Array | undefined,
): RecipientKey {
  if (!publicKey) return refuse('publicKey', 'a document with a public key')
  const key = provider.parseRsaPublicKey(publicKey)
  if (!key)
    return refuse('publicKey', 'a public key of RSA with 2048, 3072 or 4096 bits, as SPKI in DER')
  return { key, identifier: provider.digest('SHA_256', publicKey) }
}

/** A plaintext for whoever holds the private key. Key and IV come from the provider. */
export async function envelopeFor(
  provider: CryptoProvider,
  recipient: RecipientKey,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const key = secretBytes(KEY_BYTES)
  const iv = new Uint8Array(IV_BYTES)
  try {
    provider.random.fill(key)
    provider.random.fill(iv)
    const encryptedKey = (await recipient.key.oaepEncrypt('SHA_256', key))!
    const content = provider.aes(key).cbcEncrypt(iv, plaintext, true)!
    return envelopedData(recipient.identifier, encryptedKey, iv, content)
  } finally {
    wipe(key)
  }
}

/**
 * The constructed types around the recipient have indefinite lengths (X.690 8.1.3.6), like those of
 * AWS KMS: the SDK for enclaves in C reads that form and no other.
 */
function envelopedData(
  identifier: Uint8Array,
  encryptedKey: Uint8Array,
  iv: Uint8Array,
  content: Uint8Array,
): Uint8Array {
  const recipient = der.sequence(
    VERSION,
    der.node(CONTEXT_0_PRIMITIVE, identifier),
    OAEP,
    der.octets(encryptedKey),
  )
  const encryptedContentInfo = indefinite(
    der.TAG.sequence,
    der.oid(OID.data),
    der.sequence(der.oid(OID.aes256Cbc), der.octets(iv)),
    indefinite(der.TAG.context0, der.octets(content)),
  )
  const enveloped = indefinite(
    der.TAG.sequence,
    VERSION,
    der.node(SET, recipient),
    encryptedContentInfo,
  )
  return indefinite(
    der.TAG.sequence,
    der.oid(OID.envelopedData),
    indefinite(der.TAG.context0, enveloped),
  )
}

function indefinite(tag: number, ...parts: readonly der.DerPart[]): Uint8Array {
  const bodies = parts.map((part) => (part instanceof Uint8Array ? part : der.encodeDer(part)))
  return concat(Uint8Array.of(tag, INDEFINITE), ...bodies, END_OF_CONTENTS)
}
