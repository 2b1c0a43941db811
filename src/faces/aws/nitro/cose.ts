/** COSE_Sign1 (RFC 9052 section 4.2), as far as attestation documents use it. */
import { decode, encode } from 'cborg'
import { refuse, type AttestationReason } from './refusal.ts'

/** COSE_Sign1 has tag 18 (RFC 9052 table 1); documents come with it or without it. */
const TAG_SIGN1 = 0xd2
/** Header parameter `alg`, and ES384 (RFC 9052 table 3, RFC 9053 table 1). */
const ALG = 1
const ES384 = -35
/** Bounds of the specification of attestation documents, section 3.1. */
const PAYLOAD_BYTES_MAX = 16_384
const SIGNATURE_BYTES = 96

const DECODING = {
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
}

/** The one item that the bytes hold. Maps become `Map`; tags are refused. */
export function readCbor(bytes: Uint8Array, reason: AttestationReason, what: string): unknown {
  try {
    return decode(bytes, DECODING)
  } catch {
    // Nesting that exhausts the stack ends here too.
    return refuse(reason, `${what} in CBOR`)
  }
}

export interface Sign1 {
  readonly payload: Uint8Array
  /** r || s. */
  readonly signature: Uint8Array
  /** The Sig_structure: what is signed. */
  readonly signed: Uint8Array
}

/** @throws AttestationRefused `structure` or `algorithm` */
export function readSign1(document: Uint8Array): Sign1 {
  const bare = document[0] === TAG_SIGN1 ? document.subarray(1) : document
  const parts = readCbor(bare, 'structure', 'a COSE_Sign1 structure')
  if (!Array.isArray(parts) || parts.length !== 4)
    refuse('structure', 'a COSE_Sign1 array of four elements')
  const [header, unprotected, payload, signature] = parts as unknown[]
  if (!(header instanceof Uint8Array) || header.length === 0)
    refuse('structure', 'a protected header as a byte string')
  // What is not signed could be changed on the way: the specification has nothing here.
  if (!(unprotected instanceof Map) || unprotected.size > 0)
    refuse('structure', 'an empty unprotected header')
  if (!(payload instanceof Uint8Array) || outside(payload, 1, PAYLOAD_BYTES_MAX))
    refuse('structure', `a payload of 1 to ${PAYLOAD_BYTES_MAX} bytes`)
  assertEs384(readCbor(header, 'structure', 'a protected header'))
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES)
    refuse('structure', `a signature of ${SIGNATURE_BYTES} bytes`)
  return { payload, signature, signed: sigStructure(header, payload) }
}

export const outside = ({ length }: { readonly length: number }, min: number, max: number) =>
  length < min || length > max

function assertEs384(header: unknown): void {
  if (!(header instanceof Map)) refuse('structure', 'a map as protected header')
  if (header.get(ALG) !== ES384) refuse('algorithm', 'the algorithm ES384 (-35)')
  if (header.size !== 1) refuse('structure', 'nothing but the algorithm in the protected header')
}

/** RFC 9052 section 4.4, without external data. */
export const sigStructure = (header: Uint8Array, payload: Uint8Array): Uint8Array =>
  encode(['Signature1', header, new Uint8Array(0), payload])
