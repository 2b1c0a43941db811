/** The bytes of a backup on their way in: given, or fetched from the object store; checked by MD5. */
import { toBase64 } from '../../base/bytes.ts'
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import type { ObjectRef, ObjectStore } from '../../backup/objects.ts'

export type Blob = Uint8Array | AsyncIterable<Uint8Array>

export interface Given {
  readonly blob?: Blob
  readonly from?: ObjectRef
  /** Base64 of the MD5 (RFC 1321) of the received bytes, as in the header Content-MD5. */
  readonly md5?: string
}

export function objectsOf(objects: ObjectStore | undefined, what: string): ObjectStore {
  return (
    objects ??
    invalidArgument(what, 'an object store given to open({ objects }) beside it', undefined)
  )
}

async function bytesOf(
  objects: ObjectStore | undefined,
  { blob, from }: Given,
): Promise<AsyncIterable<Uint8Array>> {
  if ((blob === undefined) === (from === undefined))
    invalidArgument('blob', 'exactly one of blob and from', blob)
  if (blob !== undefined) return blob instanceof Uint8Array ? inPieces(blob) : blob
  const found = await reachable(() => objectsOf(objects, 'from').get(from!))
  if (found) return found
  throw new StrongroomError('NOT_FOUND', 'from: expected an object in the store, found none.')
}

/** So that no step of the reader is long. */
const PIECE_BYTES = 262_144

async function* inPieces(blob: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.length; at += PIECE_BYTES) yield blob.subarray(at, at + PIECE_BYTES)
}

/** What the caller's own code throws becomes an error of ours. */
export async function reachable<T>(call: () => Promise<T> | T): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    if (cause instanceof StrongroomError) throw cause
    throw new StrongroomError(
      'UNAVAILABLE',
      'Backup: expected a stream or object store that works, it failed; nothing was changed.',
      { cause },
    )
  }
}

/**
 * Hands the bytes to the body, which must make nothing visible yet: they count only when the MD5 is
 * right. A wrong MD5 explains whatever the body found wrong.
 * @throws CONTENT_MISMATCH
 */
export async function received<T>(
  objects: ObjectStore | undefined,
  given: Given,
  body: (source: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const source = await bytesOf(objects, given)
  const hash = given.md5 === undefined ? undefined : (await import('../../crypto/md5.ts')).md5()
  const iterator = source[Symbol.asyncIterator]()
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    const result = await reachable(() => iterator.next())
    if (result.done === true) return result
    if (!(result.value instanceof Uint8Array)) invalidArgument('blob', 'bytes', result.value)
    hash?.update(result.value)
    return result
  }
  const seen = { end: false }
  const told = async () => {
    const result = await next()
    seen.end ||= result.done === true
    return result
  }
  const guarded = { [Symbol.asyncIterator]: () => ({ next: told }) }
  try {
    const [outcome] = await Promise.allSettled([body(guarded)])
    if (hash) {
      while (!seen.end) await told()
      matchMd5(toBase64(hash.digest()), given.md5!)
    }
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  } finally {
    if (!seen.end) await reachable(() => iterator.return?.()).catch(() => undefined)
  }
}

function matchMd5(actual: string, expected: string): void {
  if (actual === expected) return
  // The text of the contract (OCI 9), word for word.
  throw new StrongroomError(
    'CONTENT_MISMATCH',
    `The computed MD5 of the request body (${actual}) does not match the Content-MD5 header ` +
      `(${expected}).`,
  )
}
