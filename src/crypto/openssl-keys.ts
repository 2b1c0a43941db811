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

/** More than the free blocks of these sizes that lie about between others. */
const BLOCKS = 48
/** Typed arrays up to here live on the heap of V8. */
const ON_HEAP_BYTES_MAX = 64

/**
 * Overwrites blocks of about this size that were freed a moment ago: an allocator hands out again
 * first what fits best. OpenSSL reads DER into buffers that grow by a third (BUF_MEM_grow).
 */
export function overwriteFreed(length: number): void {
  const grown = Math.floor((length + 3) / 3) * 4
  for (const size of [length, grown])
    for (let i = 0; i < BLOCKS; i++)
      Buffer.allocUnsafeSlow(Math.max(size, ON_HEAP_BYTES_MAX + 1)).fill(0)
}
