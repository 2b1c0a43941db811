/** Keys that are imported: from a JWK to the material that the room takes (contracts: Azure 4.1). */
import { concat, wipe } from '../../base/bytes.ts'
import { ecSec1, pkcs8Of, rsaPkcs1 } from '../../crypto/keys.ts'
import { SPECS, type SpecOf } from '../../domain/algorithms.ts'
import type { Spec } from '../../domain/algorithms.ts'
import { KEY_OPS_LIST, KEY_TYPE, signsAlone } from './attributes.ts'
import { bad, invalid } from './errors.ts'
import { bytes, may, need, record, text } from './fields.ts'
import { CURVE_NAMES, CURVES, HSM, octSpec, rsaSpec, sizesOf, type KeyType } from './shapes.ts'
import { words } from './fields.ts'

/** Of RSA-4096, with room for leading zeros. */
const NUMBER = bytes(520)
const OCT_BYTES_MAX = 64

export const JWK = record({
  kid: may(text(2048)),
  kty: need(KEY_TYPE),
  key_ops: may(KEY_OPS_LIST),
  n: may(NUMBER),
  e: may(NUMBER),
  d: may(NUMBER),
  p: may(NUMBER),
  q: may(NUMBER),
  dp: may(NUMBER),
  dq: may(NUMBER),
  qi: may(NUMBER),
  crv: may(words(...CURVE_NAMES)),
  x: may(NUMBER),
  y: may(NUMBER),
  k: may(NUMBER),
  key_hsm: may(text(65_536)),
})
export type Jwk = ReturnType<typeof JWK>

/** Whoever takes it wipes it. */
export interface Imported {
  readonly spec: Spec
  readonly material: Uint8Array
}

const SECRETS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'] as const

/** @throws 400 BadParameter */
export function materialOf(key: Jwk): Imported {
  if (key.key_hsm !== undefined) bad('Keys that are wrapped for a HSM (key_hsm) are not offered.')
  try {
    return READERS[key.kty.replace(HSM, '') as KeyType](key)
  } finally {
    wipe(...SECRETS.map((name) => key[name]))
  }
}

/** Clients may send zeros in front (contracts: Azure 1). */
function magnitude(number: Uint8Array): Uint8Array {
  let start = 0
  while (start < number.length - 1 && number[start] === 0) start++
  return number.subarray(start)
}

function members<N extends keyof Jwk>(key: Jwk, ...names: readonly N[]): Record<N, Uint8Array> {
  for (const name of names) if (!key[name]) invalid(`key.${name}`, `a value in ${key.kty} keys`)
  return key as unknown as Record<N, Uint8Array>
}

const READERS: Readonly<Record<KeyType, (key: Jwk) => Imported>> = {
  RSA: (key) => {
    const given = members(key, 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi')
    const bits = magnitude(given.n).length * 8
    const spec = rsaSpec(bits) as SpecOf<'rsa'> | undefined
    if (!spec) return invalid('key.n', `a modulus of ${sizesOf('RSA')} bits`)
    const inner = rsaPkcs1(given)
    try {
      return { spec, material: pkcs8Of(spec, inner) }
    } finally {
      wipe(inner)
    }
  },
  EC: (key) => {
    const given = members(key, 'd', 'x', 'y')
    if (!key.crv) return invalid('key.crv', `one of ${CURVE_NAMES.join(', ')}`)
    const spec = CURVES[key.crv] as SpecOf<'ec'>
    const { bytes: size } = SPECS[spec]
    const [d, x, y] = [given.d, given.x, given.y].map((number) => padded(number, size))
    const inner = ecSec1(spec, d!, concat(Uint8Array.of(4), x!, y!))
    try {
      return { spec, material: pkcs8Of(spec, inner) }
    } catch {
      return invalid('key.d', `a private key on ${key.crv}`)
    } finally {
      wipe(inner, d)
    }
  },
  oct: (key) => {
    const { k } = members(key, 'k')
    if (k.length > OCT_BYTES_MAX)
      bad(`JSON Web Key: k property of oct key is too large, maximum size is ${OCT_BYTES_MAX}`)
    const macs = signsAlone(key.key_ops)
    const spec = octSpec(k.length * 8, macs)
    if (!spec) return invalid('key.k', `a key of ${sizesOf('oct', macs)} bits`)
    return { spec, material: k.slice() }
  },
}

function padded(number: Uint8Array, size: number): Uint8Array {
  const digits = magnitude(number)
  if (digits.length > size) return invalid('key', `numbers of at most ${size} bytes`)
  const out = new Uint8Array(size)
  out.set(digits, size - digits.length)
  return out
}
