/** A self-signed certificate of the key that signs releases (RFC 5280 4.1). */
import { fromHex, utf8 } from '../../base/bytes.ts'
import * as der from '../../crypto/der.ts'

const TAG = { utf8: 0x0c, utcTime: 0x17, generalizedTime: 0x18, set: 0x31 } as const
/** RFC 4055 5: sha256WithRSAEncryption. */
const RSA_SHA_256 = der.sequence(der.oid(fromHex('2a864886f70d01010b')!), der.NULL)
/** X.520: commonName. */
const COMMON_NAME = fromHex('550403')!
/** RFC 5280 4.1.2.5: no date at which it ends. */
const NO_END = der.node(TAG.generalizedTime, utf8('99991231235959Z'))

function timeOf(date: Date): der.DerNode {
  const text = `${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`
  // RFC 5280 4.1.2.5: through the year 2049 in the short form.
  return date.getUTCFullYear() < 2050
    ? der.node(TAG.utcTime, utf8(text.slice(2)))
    : der.node(TAG.generalizedTime, utf8(text))
}

export interface Subject {
  readonly commonName: string
  readonly since: Date
  /** SPKI DER of an RSA key. */
  readonly publicKey: Uint8Array
  /** Of the private key: PKCS#1 v1.5 with SHA-256. */
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>
}

/** DER. The same key gives the same certificate. */
export async function selfSigned(subject: Subject): Promise<Uint8Array> {
  const attribute = der.sequence(der.oid(COMMON_NAME), der.node(TAG.utf8, utf8(subject.commonName)))
  const name = der.sequence(der.node(TAG.set, attribute))
  const body = der.sequence(
    der.integer(Uint8Array.of(1)),
    RSA_SHA_256,
    name,
    der.sequence(timeOf(subject.since), NO_END),
    name,
    subject.publicKey,
  )
  const signature = await subject.sign(der.encodeDer(body))
  return der.encodeDer(der.sequence(body, RSA_SHA_256, der.bits(signature)))
}
