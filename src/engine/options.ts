/** What `open` takes: read once, checked whole, before anything is touched. */
import * as c from '../base/check.ts'
import type { Field } from '../base/check.ts'
import { invalidArgument } from '../base/errors.ts'
import type { Clock, Random } from '../base/ports.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import type { ObjectStore } from '../backup/objects.ts'
import type { Store } from '../store/store.ts'
import { region } from './schemas.ts'
import { SEAL_FIELD, type Seal } from './seal.ts'

export interface OpenOptions {
  /**
   * A directory for the embedded LevelDB store; without `path` and `store` everything stays in
   * memory.
   */
  readonly path?: string
  /** Another store; the room closes it. */
  readonly store?: Store
  /** Default `ifMissing`; `always` refuses what exists, `never` what does not. */
  readonly create?: 'ifMissing' | 'always' | 'never'
  /** What opens the store; needed for every store that outlives the process. */
  readonly seal?: Seal
  readonly clock?: Clock
  /** The random source; a deterministic one (`seededRandom` of strongroom/testing) is for tests. */
  readonly random?: Random
  /** Default `auto`: node:crypto on Node, else portable. */
  readonly crypto?: 'auto' | 'node' | 'portable' | CryptoProvider
  /** A name for where this room is; data for faces and replicas. Default `local`. */
  readonly region?: string
  /** Bounds every cache; default 10,000. */
  readonly cachedKeys?: number
  /**
   * Runs `tick` so often; default never: time then acts on every read, and on disk when `tick` is
   * called.
   */
  readonly sweepEveryMs?: number
  /**
   * Reads the whole store before anything is served and compares every record with the heads. Off by
   * default, since it takes as long as there are records; reads check what they touch in any case.
   */
  readonly verify?: boolean
  /** Opens a store that is older than its anchor, for an operator who knows why. */
  readonly acceptRollback?: boolean
  /** A position told by `head()` before: a store that does not go on from it is refused. */
  readonly expectHead?: { readonly sequence: bigint; readonly hash: Uint8Array }
  /**
   * `writes` (default): the journal has every change. `all`: every use of a key too; they are written
   * in groups, and all of them before `close` answers.
   */
  readonly audit?: 'writes' | 'all'
  /** How many commits the journal keeps, at least; `tick` lets older ones go. Default: all. */
  readonly journalMax?: number
  /** How many replicas a vault may have; default 1, as in OCI. */
  readonly replicasMax?: number
  /**
   * Makes a new store in the realm of another room, so that it can hold replicas of its vaults and
   * read its backups: an open room, or its card (`realmCard`) with the seal of the card.
   */
  readonly realm?: RealmSource
  /** Where `backupKey({ to })` and the like keep backups: `directoryObjectStore(path)` or your own. */
  readonly objects?: ObjectStore
  /** Allows a deterministic random source together with a store that outlives the process. */
  readonly unsafeAllowSeeded?: boolean
}

const TypedArray = Object.getPrototypeOf(Uint8Array) as typeof Uint8Array

/** Where a new store gets the root key of its realm from. */
export type RealmSource =
  | { readonly realmCard: (input: { readonly seal: Seal }) => Promise<Uint8Array> }
  | { readonly card: Uint8Array; readonly seal: Seal }

/**
 * Something of the caller's that is called later: an object with these methods. No array and no
 * bytes: those have methods of such names that do something else (an array's `fill` would be a
 * random source of zeros).
 */
function port(type: string, ...methods: readonly string[]): Field {
  const read = (value: unknown, path: string): unknown => {
    const isObject = typeof value === 'object' && value !== null
    if (!isObject || Array.isArray(value) || value instanceof TypedArray)
      invalidArgument(path, type, value)
    for (const method of methods)
      if (typeof (value as Readonly<Record<string, unknown>>)[method] !== 'function')
        invalidArgument(path, type, value)
    return value
  }
  return { type, read }
}

const provider = port('auto, node, portable or a provider', 'selfTest', 'suite')
const cryptoNames = c.oneOf(['auto', 'node', 'portable'])

const card = c.object({ card: c.bytes(1, 65_536), seal: SEAL_FIELD })
const openRoom = port('an open room, or { card, seal }', 'realmCard')
const realmSource: Field = {
  type: openRoom.type,
  read: (value, path) =>
    typeof value === 'object' && value !== null && 'card' in value
      ? card.read(value, path)
      : openRoom.read(value, path),
}

const SCHEMA = c.object({
  path: c.optional(c.text(1, 4096, /^[^\0]+$/, 'a directory')),
  store: c.optional(port('a store', 'get', 'scan', 'commit', 'head', 'close')),
  create: c.optional(c.oneOf(['ifMissing', 'always', 'never'])),
  seal: c.optional(SEAL_FIELD),
  clock: c.optional(port('an object with now()', 'now')),
  random: c.optional(port('an object with fill()', 'fill')),
  crypto: c.optional({
    type: provider.type,
    read: (value, path) => (typeof value === 'string' ? cryptoNames : provider).read(value, path),
  }),
  region: c.optional(region),
  cachedKeys: c.optional(c.integer(1, 10_000_000)),
  sweepEveryMs: c.optional(c.integer(10, 2_147_483_647)),
  verify: c.optional(c.boolean),
  acceptRollback: c.optional(c.boolean),
  expectHead: c.optional(c.object({ sequence: c.bigint(0n), hash: c.bytes(32, 32) })),
  audit: c.optional(c.oneOf(['writes', 'all'])),
  journalMax: c.optional(c.integer(1, 1_000_000_000)),
  replicasMax: c.optional(c.integer(1, 16)),
  realm: c.optional(realmSource),
  objects: c.optional(port('an object store', 'put', 'get')),
  unsafeAllowSeeded: c.optional(c.boolean),
})

/** The options as an object of our own: nothing of it changes or throws later. */
export function readOptions(raw: unknown): OpenOptions {
  if (raw === null) invalidArgument('options', 'an object', raw)
  const options = c.readInput(SCHEMA, raw) as OpenOptions
  if (options.path !== undefined && options.store)
    invalidArgument('store', 'either a path or a store', 'both')
  return options
}
