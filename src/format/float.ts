/**
 * The half and single forms of floats (RFC 8949 section 4.2.1: the shortest form that keeps the
 * value).
 */

const scratch = new DataView(new ArrayBuffer(4))

export const isSingle = (value: number): boolean => Object.is(Math.fround(value), value)

/** The bits of a finite value in binary16 (IEEE 754), or undefined when it does not fit exactly. */
export function halfBits(value: number): number | undefined {
  if (!isSingle(value)) return undefined
  scratch.setFloat32(0, value)
  const bits = scratch.getUint32(0)
  const sign = (bits >>> 16) & 0x8000
  if (value === 0) return sign
  const exponent = ((bits >>> 23) & 0xff) - 127
  const fraction = bits & 0x7f_ffff
  if (exponent > 15 || exponent < -24) return undefined
  if (exponent >= -14)
    return fraction & 0x1fff ? undefined : sign | ((exponent + 15) << 10) | (fraction >>> 13)
  // Subnormal: the leading 1 is written out and shifted to the place of 2^-24.
  const shift = -1 - exponent
  const whole = fraction | 0x80_0000
  return whole & ((1 << shift) - 1) ? undefined : sign | (whole >>> shift)
}

/** The value of binary16 bits; NaN and infinities come out as NaN. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return Number.NaN
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
