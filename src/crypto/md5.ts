/**
 * MD5 (RFC 1321), for the one place where a contract demands it: the Content-MD5 of what was
 * uploaded. It finds accidents, it proves nothing; backups are authenticated by their own keys.
 */
import { md5 as noble } from '@noble/hashes/legacy.js'

export interface Md5 {
  update(bytes: Uint8Array): void
  digest(): Uint8Array
}

export function md5(): Md5 {
  const hash = noble.create()
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
}
