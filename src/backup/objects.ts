/** Where backups are kept: any store of named byte streams. */

/**
 * An object by bucket and name, or by a pre-authenticated URI; to us both are just names, which the
 * object store understands.
 */
export type ObjectRef =
  | { readonly bucket: string; readonly object: string; readonly namespace?: string }
  | { readonly uri: string }

export interface ObjectStore {
  /**
   * Keeps all that the stream gives under the name, whole or not at all, in place of what was there.
   */
  put(ref: ObjectRef, stream: AsyncIterable<Uint8Array>): Promise<void>
  /** Undefined when there is no such object. */
  get(ref: ObjectRef): Promise<AsyncIterable<Uint8Array> | undefined>
}
