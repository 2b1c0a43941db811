/** X.509 certificates on P-384 (RFC 5280), made for tests: what is asked for, right or wrong. */
import { p384 } from '@noble/curves/nist.js'
import { fromHex, utf8 } from '../../base/bytes.ts'
import * as der from '../../crypto/der.ts'
import type { DerNode, DerPart } from '../../crypto/der.ts'
import { ecSpki } from '../../crypto/keys.ts'

export interface KeyPair {
  readonly secretKey: Uint8Array
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array
}

/** A pair from 72 bytes of seed. */
export function keyPair(seed: Uint8Array): KeyPair {
  const { secretKey } = p384.keygen(seed)
  return { secretKey, spki: ecSpki('EC_P384', p384.getPublicKey(secretKey, false)) }
}
export const SEED_BYTES = p384.lengths.seed!

export interface CertificateInput {
  /** Common names. */
  readonly subject: string
  readonly issuer: string
  readonly serial: Uint8Array
  /** SPKI of the subject. */
  readonly spki: Uint8Array
  /** The private key of the issuer. */
  readonly signer: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  readonly extensions: readonly DerNode[]
  /** Contents of the signature algorithm, when it is another one than ECDSA with SHA-384. */
  readonly algorithm?: DerNode
  /** Counted from 0: 2 is version 3. */
  readonly version?: number
}

// RFC 5758 3.2, RFC 5280 A.1
const ECDSA_SHA384 = der.sequence(der.oid(fromHex('2a8648ce3d040303')!))
const COMMON_NAME = fromHex('550403')!
const ORGANIZATION = fromHex('55040a')!
const SET = 0x31
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const BOOLEAN = 0x01
const CONTEXT_3 = 0xa3

/** @returns DER */
export function makeCertificate(input: CertificateInput): Uint8Array {
  const algorithm = input.algorithm ?? ECDSA_SHA384
  const tbs = der.encodeDer(
    der.sequence(
      der.node(der.TAG.context0, der.integer(Uint8Array.of(input.version ?? 2))),
      der.integer(input.serial),
      algorithm,
      name(input.issuer),
      der.sequence(time(input.notBefore), time(input.notAfter)),
      name(input.subject),
      input.spki,
      der.node(CONTEXT_3, der.sequence(...input.extensions)),
    ),
  )
  const signature = p384.sign(tbs, input.signer, { format: 'der' })
  return der.encodeDer(der.sequence(tbs, algorithm, der.bits(signature)))
}

const attribute = (type: Uint8Array, value: string): DerNode =>
  der.node(SET, der.sequence(der.oid(type), der.node(UTF8_STRING, utf8(value))))

const name = (commonName: string): DerNode =>
  der.sequence(attribute(ORGANIZATION, 'Strongroom tests'), attribute(COMMON_NAME, commonName))

/** RFC 5280 4.1.2.5: UTCTime through 2049. */
export function time(date: Date): DerNode {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '')
  return date.getUTCFullYear() < 2050
    ? der.node(UTC_TIME, utf8(digits.slice(2)))
    : der.node(GENERALIZED_TIME, utf8(digits))
}

/** An extension by the hex of its object identifier. */
export const extension = (hex: string, critical: boolean, value: DerNode): DerNode =>
  der.sequence(
    der.oid(fromHex(hex)!),
    ...(critical ? [TRUE] : []),
    der.octets(der.encodeDer(value)),
  )
const TRUE = der.node(BOOLEAN, Uint8Array.of(0xff))

/** RFC 5280 4.2.1.9; of an authority, or with `undefined` of an end entity. */
export const basicConstraints = (
  authority: { readonly pathLength?: number } | undefined,
  critical = true,
): DerNode => {
  const parts: DerPart[] = authority ? [TRUE] : []
  if (authority?.pathLength !== undefined)
    parts.push(der.integer(Uint8Array.of(authority.pathLength)))
  return extension('551d13', critical, der.sequence(...parts))
}

/** RFC 5280 4.2.1.3, of bits counted from the left. */
export function keyUsage(bits: readonly number[], critical = true): DerNode {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0)
  const unused = 7 - Math.max(...bits)
  return extension('551d0f', critical, der.node(der.TAG.bits, Uint8Array.of(unused, byte)))
}
export const DIGITAL_SIGNATURE = 0
export const KEY_CERT_SIGN = 5
export const CRL_SIGN = 6
