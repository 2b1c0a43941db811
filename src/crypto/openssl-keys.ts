/**
 * Private keys into OpenSSL and out of it as DER. OpenSSL 3.0 frees its own copies of that DER
 * without wiping them (decode_der2key.c, a_i2d_fp.c): what it freed is overwritten here.
 */
import * as crypto from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { plain } from './node/hash.ts'

type Form = 'pkcs1' | 'sec1' | 'pkcs8'

/** The same memory as a Buffer, where the platform insists on one. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** The key object of DER; copies it. */
export function loadPrivate(der: Uint8Array, type: Form): KeyObject {
  try {
    return crypto.createPrivateKey({ key: asBuffer(der), format: 'der', type })
  } finally {
    overwriteFreed(der.length)
  }
}

/** The DER of a key object; whoever asks wipes it. */
export function exportPrivate(key: KeyObject, type: Form): Uint8Array {
  const der = plain(key.export({ type: type as 'pkcs8', format: 'der' }))
  overwriteFreed(der.length)
  return der
}

/** More than the free blocks of one size that lie about between others. */
const BLOCKS = 48
/** What was freed may be part of a larger free block by now. */
const MULTIPLES = [1, 2, 4, 8, 16, 32]
/** DER up to here is of a curve; small blocks are handed out again at once, the newest first. */
const SMALL_BYTES_MAX = 300
const SMALL_BLOCKS = 12
/** Scalars and seeds of 32, 48 and 66 bytes as strings of ASN.1, which end with a zero. */
const PART_BYTES = [33, 49, 67]
/** Typed arrays up to here live on the heap of V8: only OpenSSL takes such blocks. */
const ON_HEAP_BYTES_MAX = 64

const zeros = new Uint8Array(ON_HEAP_BYTES_MAX)

/**
 * Overwrites blocks that were freed a moment ago: an allocator hands out again first what fits
 * best. OpenSSL reads DER into buffers that grow by a third (BUF_MEM_grow).
 */
export function overwriteFreed(length: number): void {
  const grown = Math.floor((length + 3) / 3) * 4
  if (length > SMALL_BYTES_MAX) {
    overwrite(grown, BLOCKS)
    for (const times of MULTIPLES) overwrite(length * times, Math.ceil(BLOCKS / times))
    return
  }
  for (const bytes of [length, grown, ...PART_BYTES]) overwrite(bytes, SMALL_BLOCKS)
}

function overwrite(bytes: number, blocks: number): void {
  for (let i = 0; i < blocks; i++)
    if (bytes > ON_HEAP_BYTES_MAX) Buffer.allocUnsafeSlow(bytes).fill(0)
    else crypto.createSecretKey(zeros.subarray(0, bytes))
}
