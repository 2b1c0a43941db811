import type { Random } from '../base/ports.ts'
import { bytesToUuid } from '../format/paths.ts'

/** A random UUID (RFC 9562 version 4) from the given source. */
export function newId(random: Random): string {
  const bytes = new Uint8Array(16)
  random.fill(bytes)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytesToUuid(bytes)
}
