/** COSE_Sign1 with ES384 (RFC 9052), as the Nitro hypervisor writes it. */
import { p384 } from '@noble/curves/nist.js'
import { encode } from 'cborg'
import { concat } from '../../base/bytes.ts'

export interface Sign1Input {
  readonly payload: Uint8Array
  readonly secretKey: Uint8Array
  /** Default ES384 and nothing else. */
  readonly header?: ReadonlyMap<unknown, unknown>
  readonly unprotected?: ReadonlyMap<unknown, unknown>
  /** With tag 18 in front. */
  readonly tagged?: boolean
}

const ES384 = new Map([[1, -35]])
const TAG_SIGN1 = Uint8Array.of(0xd2)

export function makeSign1(input: Sign1Input): Uint8Array {
  const { payload, secretKey, header = ES384, unprotected = new Map(), tagged } = input
  const head = encode(header)
  const signed = encode(['Signature1', head, new Uint8Array(0), payload])
  const signature = p384.sign(signed, secretKey)
  const body = encode([head, unprotected, payload, signature])
  return tagged ? concat(TAG_SIGN1, body) : body
}
