/**
 * X.509 certificates (RFC 5280 section 4.1), strict DER, of the one kind that attests: ECDSA on
 * P-384 with SHA-384, version 3.
 */
import { equalBytes, fromHex, toHex } from '../../../base/bytes.ts'
import * as der from '../../../crypto/der.ts'
import type { DerReader } from '../../../crypto/der.ts'
import { parseEcSpki } from '../../../crypto/keys.ts'
import { refuse } from './refusal.ts'

const TAG = { boolean: 0x01, utcTime: 0x17, generalizedTime: 0x18, extensions: 0xa3 } as const
/** RFC 5758 3.2 ecdsa-with-SHA384; its parameters are absent. */
const ECDSA_SHA384 = fromHex('2a8648ce3d040303')!
const V3 = 2

/** Bits of KeyUsage (RFC 5280 4.2.1.3), counted from the left. */
const DIGITAL_SIGNATURE = 0
const KEY_CERT_SIGN = 5

export interface Certificate {
  readonly raw: Uint8Array
  /** The TBSCertificate: what is signed. */
  readonly tbs: Uint8Array
  /** ECDSA-Sig-Value. */
  readonly signature: Uint8Array
  /** Contents of the names. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** Milliseconds since 1970, both inclusive. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo, in DER, on P-384. */
  readonly spki: Uint8Array
  readonly isCa: boolean
  readonly pathLength: number | undefined
  readonly signsDocuments: boolean
  readonly signsCertificates: boolean
}

type Extensions = Pick<Certificate, 'isCa' | 'pathLength' | 'signsDocuments' | 'signsCertificates'>

/** @throws AttestationRefused `certificate` */
export function readCertificate(raw: Uint8Array): Certificate {
  const read = der.decodeDer(raw, (outer) => {
    const body = outer.sequence()
    const contents = body.read(der.TAG.sequence)
    const algorithm = body.read(der.TAG.sequence)
    const signature = body.bits()
    body.end()
    // DER: written again, the contents give the very bytes that were signed.
    const tbs = der.encodeDer(der.sequence(contents))
    return { raw, tbs, signature, ...whole(contents, (reader) => readTbs(reader, algorithm)) }
  })
  return read ?? refuse('certificate', 'X.509 certificates in DER')
}

const malformed = (): never => refuse('certificate', 'X.509 certificates in DER')

/** A structure within one: all of these contents. */
const whole = <T>(contents: Uint8Array, body: (reader: DerReader) => T): T =>
  der.decodeDer(contents, body) ?? malformed()

function readTbs(reader: DerReader, outerAlgorithm: Uint8Array) {
  const version = whole(reader.read(der.TAG.context0), (inner) => inner.unsigned())
  if (version.length !== 1 || version[0] !== V3) refuse('certificate', 'certificates of version 3')
  reader.read(der.TAG.integer)
  // RFC 5280 4.1.1.2: the signed field and the one outside are the same.
  const algorithm = reader.read(der.TAG.sequence)
  const expected = der.encodeDer(der.oid(ECDSA_SHA384))
  if (!equalBytes(algorithm, expected) || !equalBytes(outerAlgorithm, expected))
    refuse('algorithm', 'certificates signed with ECDSA and SHA-384')
  const issuer = reader.read(der.TAG.sequence)
  const validity = whole(reader.read(der.TAG.sequence), readValidity)
  const subject = reader.read(der.TAG.sequence)
  const spki = der.encodeDer(der.sequence(reader.read(der.TAG.sequence)))
  if (!parseEcSpki('EC_P384', spki)) refuse('algorithm', 'certificates of keys on P-384')
  const extensions = whole(reader.read(TAG.extensions), (list) => readExtensions(list.sequence()))
  return { issuer, subject, ...validity, spki, ...extensions }
}

function readValidity(reader: DerReader) {
  return { notBefore: readTime(reader), notAfter: readTime(reader) }
}

/** RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on, both in seconds and Z. */
function readTime(reader: DerReader): number {
  const short = reader.peek() === TAG.utcTime
  const contents = reader.read(short ? TAG.utcTime : TAG.generalizedTime)
  const digits = String.fromCharCode(...contents)
  const found = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits)
  if (!found || (found[1]!.length === 2) !== short) return malformed()
  const [year, month, ...rest] = found.slice(1).map(Number) as [number, number, ...number[]]
  const full = short ? year + (year < 50 ? 2000 : 1900) : year
  const [day, hour, minute, second] = rest
  const time = Date.UTC(full, month - 1, day, hour, minute, second)
  // Written back, a day that does not exist shows.
  const again = new Date(time).toISOString().replace(/[-:T]|\.000/g, '')
  return again.endsWith(digits) && full >= 1950 && short === full < 2050 ? time : malformed()
}

/** What RFC 5280 6.1 has to process: everything else must not be critical. */
const BASIC_CONSTRAINTS = '551d13'
const KEY_USAGE = '551d0f'

function readExtensions(list: DerReader): Extensions {
  const found = new Map<string, { readonly critical: boolean; readonly value: Uint8Array }>()
  while (list.peek() !== undefined) {
    const extension = list.sequence()
    const name = toHex(extension.read(der.TAG.oid))
    const critical = extension.peek() === TAG.boolean && readTrue(extension)
    const value = extension.read(der.TAG.octets)
    extension.end()
    if (found.has(name)) refuse('certificate', 'each extension once')
    if (critical && name !== BASIC_CONSTRAINTS && name !== KEY_USAGE)
      refuse('certificate', 'no critical extensions but basicConstraints and keyUsage')
    found.set(name, { critical, value })
  }
  list.end()
  const constraints = found.get(BASIC_CONSTRAINTS)
  const usage = found.get(KEY_USAGE)
  const basic = constraints && whole(constraints.value, readBasicConstraints)
  if (basic?.isCa && !constraints?.critical)
    refuse('certificate', 'critical basicConstraints in certificates of authorities')
  const uses = usage ? whole(usage.value, readKeyUsage) : () => false
  return {
    isCa: basic?.isCa ?? false,
    pathLength: basic?.pathLength,
    signsDocuments: uses(DIGITAL_SIGNATURE),
    signsCertificates: uses(KEY_CERT_SIGN),
  }
}

/** A BOOLEAN whose default is FALSE, which DER therefore leaves out (X.690 11.5). */
function readTrue(reader: DerReader): true {
  const contents = reader.read(TAG.boolean)
  return contents.length === 1 && contents[0] === 0xff ? true : malformed()
}

/** RFC 5280 4.2.1.9. */
function readBasicConstraints(reader: DerReader) {
  const body = reader.sequence()
  const isCa = body.peek() === TAG.boolean && readTrue(body)
  const length = body.peek() === undefined ? undefined : body.unsigned()
  body.end()
  return { isCa, pathLength: length && Number(der.toBigInt(length)) }
}

/** RFC 5280 4.2.1.3; a named-bit list has no trailing zero bits in DER (X.690 11.2.2). */
function readKeyUsage(reader: DerReader): (bit: number) => boolean {
  const [unused = 8, ...bits] = reader.read(der.TAG.bits)
  if (unused > 7 || bits.length === 0 || ((bits.at(-1)! >> unused) & 1) === 0) malformed()
  return (bit) => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0
}
