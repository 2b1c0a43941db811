/**
 * The part of abstract-level that the store uses, as a type of our own: classic-level,
 * browser-level and memory-level fit, and nothing of them is imported.
 */

export type Operation =
  { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array }

export interface LevelSnapshot {
  ref(): void
  unref(): void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface LevelReadOptions {
  keyEncoding: 'view'
  valueEncoding: 'view'
  snapshot?: LevelSnapshot
}

export interface LevelRangeOptions extends LevelReadOptions {
  gte: Uint8Array
  lt: Uint8Array
  limit: number
  reverse: boolean
}

/** Five times cheaper per operation than a batch given as an array. */
export interface LevelBatch {
  put(key: Uint8Array, value: Uint8Array, options: LevelReadOptions): unknown
  del(key: Uint8Array, options: { keyEncoding: 'view' }): unknown
  write(options: { sync: boolean }): Promise<void>
  close(): Promise<void>
}

export interface LevelDatabase {
  readonly supports: {
    readonly explicitSnapshots: boolean
    readonly permanence: boolean
    readonly getSync?: boolean
  }
  open(options?: { createIfMissing?: boolean }): Promise<void>
  close(): Promise<void>
  get(key: Uint8Array, options: LevelReadOptions): Promise<Uint8Array | undefined>
  getSync(key: Uint8Array, options: LevelReadOptions): Uint8Array | undefined
  getMany(keys: Uint8Array[], options: LevelReadOptions): Promise<(Uint8Array | undefined)[]>
  batch(): LevelBatch
  iterator(options: LevelRangeOptions): {
    all(): Promise<[Uint8Array, Uint8Array][]>
    close(): Promise<void>
  }
  snapshot(): LevelSnapshot
  /** Of classic-level alone. */
  compactRange?(start: Uint8Array, end: Uint8Array, options: { keyEncoding: 'view' }): Promise<void>
}

export const VIEW = { keyEncoding: 'view', valueEncoding: 'view' } as const

/** All operations or none, on the disk when it returns. */
export async function writeDurably(
  db: LevelDatabase,
  operations: readonly Operation[],
): Promise<void> {
  const batch = db.batch()
  try {
    for (const operation of operations)
      if (operation.type === 'put') batch.put(operation.key, operation.value, VIEW)
      else batch.del(operation.key, VIEW)
  } catch (error) {
    await batch.close()
    throw error
  }
  await batch.write({ sync: true })
}
