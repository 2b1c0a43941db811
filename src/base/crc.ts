/** Cyclic redundancy checks: they find accidents, not forgers. */

/** A table of the reflected form: `polynomial` has its bits in reverse. */
const tableOf = (polynomial: number): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, start) => {
    let value = start
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
    return value
  })

const crcWith =
  (table: Uint32Array) =>
  /** Goes on from the sum of what came before. */
  (bytes: Uint8Array, before = 0): number => {
    let value = ~before
    for (const byte of bytes) value = (value >>> 8) ^ table[(value ^ byte) & 0xff]!
    return ~value >>> 0
  }

/** CRC-32 as in zlib and ISO 3309: the check sum of plaintexts of OCI (contracts: OCI 8). */
export const crc32 = crcWith(tableOf(0xedb88320))

/** CRC-32C (Castagnoli; RFC 3720 section 12.1): the check sum of blocks of LevelDB. */
export const crc32c = crcWith(tableOf(0x82f63b78))
