/**
 * TABLE of the short Weierstrass curves: SP 800-186 (P-256, P-384, P-521) and SEC 2 v2 (secp256k1).
 */
import { fromHex } from '../base/bytes.ts'
import { SPECS } from '../domain/algorithms.ts'
import type { SpecOf } from '../domain/algorithms.ts'

export type EcSpec = SpecOf<'ec'>

export interface CurveRow {
  /** The name in JWK (RFC 7518 6.2.1.1, RFC 8812). */
  readonly crv: string
  /** The name that OpenSSL uses. */
  readonly openssl: string
  /** Contents of the object identifier (RFC 5480 2.1.1.1, SEC 2 A.2). */
  readonly oid: Uint8Array
  /** The prime p: coordinates are numbers modulo it. */
  readonly field: bigint
  /** Order n of the base point; the cofactor of each curve is 1. */
  readonly order: bigint
  /** Bytes of a coordinate and of a scalar. */
  readonly bytes: number
}

const row = (
  spec: EcSpec,
  openssl: string,
  oid: string,
  field: bigint,
  order: bigint,
): CurveRow => ({
  crv: SPECS[spec].curve,
  openssl,
  oid: fromHex(oid)!,
  field,
  order,
  bytes: SPECS[spec].bytes,
})

export const CURVES: Readonly<Record<EcSpec, CurveRow>> = {
  // SP 800-186 3.2.1.3
  EC_P256: row(
    'EC_P256',
    'prime256v1',
    '2a8648ce3d030107',
    2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ),
  // SP 800-186 3.2.1.4
  EC_P384: row(
    'EC_P384',
    'secp384r1',
    '2b81040022',
    2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    (0xffffffffffffffffffffffffffffffffn << 256n) +
      0xffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ),
  // SP 800-186 3.2.1.5
  EC_P521: row(
    'EC_P521',
    'secp521r1',
    '2b81040023',
    2n ** 521n - 1n,
    (0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffan << 256n) +
      0x51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  ),
  // SEC 2 v2 2.4.1
  EC_SECP256K1: row(
    'EC_SECP256K1',
    'secp256k1',
    '2b8104000a',
    2n ** 256n - 2n ** 32n - 977n,
    0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  ),
}
