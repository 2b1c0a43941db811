/**
 * From `open` options to a core: provider, store, seal, in an order that touches nothing before it
 * knows enough.
 */
import { secretBytes } from '../base/bytes.ts'
import { invalidArgument, StrongroomError } from '../base/errors.ts'
import { systemClock, type Clock, type Random } from '../base/ports.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { LIMITS } from '../domain/limits.ts'
import { StoreError, type Store } from '../store/store.ts'
import { Core } from './core.ts'
import { Meter } from './meter.ts'
import { createRealm, isSealed, openRealm, type OpenedRealm } from './realm.ts'
import { checkSeal, type Seal } from './seal.ts'
import { verifyRecords } from './verify.ts'

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
  /** Allows a deterministic random source together with a store that outlives the process. */
  readonly unsafeAllowSeeded?: boolean
}

export async function openCore(options: OpenOptions): Promise<Core> {
  checkOptions(options)
  const provider = await openProvider(options)
  const seal = options.seal ?? throwAway(provider, options)
  const store = await openStore(options)
  try {
    if (provider.random.deterministic && !store.ephemeral && !options.unsafeAllowSeeded)
      invalidArgument(
        'random',
        'a real random source with a store that outlives the process',
        'a deterministic one',
      )
    const clock = options.clock ?? systemClock
    const realm = await openOrCreate(store, provider, seal, clock, options)
    if (options.verify) await verified(store, realm)
    const { cachedKeys = LIMITS.cachedKeysDefault, region = 'local' } = options
    return new Core({ store, provider, clock, cachedKeys, region, meter: new Meter() }, realm)
  } catch (error) {
    await store.close().catch(() => undefined)
    throw asOpenError(error)
  }
}

async function verified(store: Store, realm: OpenedRealm): Promise<void> {
  try {
    await verifyRecords(store, realm.keys)
  } catch (error) {
    realm.keys.destroy()
    realm.erase.destroy()
    throw error
  }
}

async function openOrCreate(
  store: Store,
  provider: CryptoProvider,
  seal: Seal,
  clock: Clock,
  { create = 'ifMissing', acceptRollback = false }: OpenOptions,
): Promise<OpenedRealm> {
  const exists = await isSealed(store)
  if (exists && create === 'always')
    throw new StrongroomError(
      'STORE_EXISTS',
      'create: expected an empty store, found one that is in use.',
    )
  if (!exists && create === 'never')
    throw new StrongroomError(
      'STORE_MISSING',
      'create: expected an existing store, found an empty one.',
    )
  return exists
    ? openRealm(store, provider, seal, acceptRollback)
    : createRealm(store, provider, seal, clock.now())
}

/** One per process and kind: key handles and pools are shared, the self-test runs once. */
const shared = new Map<string, Promise<CryptoProvider>>()
/** The kinds whose known answers came out right in this process. */
const tested = new Map<string, Promise<void>>()

async function openProvider({ crypto = 'auto', random }: OpenOptions): Promise<CryptoProvider> {
  if (typeof crypto === 'object') {
    if (random)
      invalidArgument(
        'random',
        'nothing beside a provider of your own, which brings its own',
        random,
      )
    await crypto.selfTest()
    return crypto
  }
  const kind = crypto === 'auto' ? (isNode() ? 'node' : 'portable') : crypto
  const known = random ? undefined : shared.get(kind)
  const opening = known ?? PROVIDERS[kind](random ? { random } : {})
  if (!random) shared.set(kind, opening)
  const provider = await opening
  if (!tested.has(kind)) tested.set(kind, provider.selfTest())
  await tested.get(kind)
  return provider
}

/** Code of the other provider is not loaded. */
const PROVIDERS = {
  node: async (options: { random?: Random }): Promise<CryptoProvider> =>
    (await import('../crypto/node/index.ts')).createNodeProvider(options),
  portable: async (options: { random?: Random }): Promise<CryptoProvider> =>
    (await import('../crypto/portable/index.ts')).createPortableProvider(options),
} as const

const isNode = (): boolean =>
  (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !==
  undefined

async function openStore({ path, store, create = 'ifMissing' }: OpenOptions): Promise<Store> {
  if (store) return store
  if (path === undefined) return (await import('../store/memory.ts')).createMemoryStore()
  return (await import('../store/level.ts')).openLevelStore({ path, create })
}

/** A room that leaves nothing behind needs no seal of the caller's. */
function throwAway(provider: CryptoProvider, { path, store }: OpenOptions): Seal {
  if (path !== undefined || store?.ephemeral === false)
    invalidArgument(
      'seal',
      '{ passphrase }, { key } or { unseal } for a store that outlives the process',
      undefined,
    )
  const key = secretBytes(32)
  provider.random.fill(key)
  return { key }
}

const OPTIONS: ReadonlySet<string> = new Set([
  'path',
  'store',
  'create',
  'seal',
  'clock',
  'random',
  'crypto',
  'region',
  'cachedKeys',
  'sweepEveryMs',
  'verify',
  'acceptRollback',
  'unsafeAllowSeeded',
])

function checkOptions(options: unknown): asserts options is OpenOptions {
  if (typeof options !== 'object' || options === null)
    invalidArgument('options', 'an object', options)
  for (const name of Object.keys(options))
    if (!OPTIONS.has(name))
      invalidArgument('options', `only ${[...OPTIONS].join(', ')}`, name.slice(0, 40))
  const { path, store, seal, create, clock, crypto, region, cachedKeys, sweepEveryMs } =
    options as OpenOptions
  if (path !== undefined && (typeof path !== 'string' || path === ''))
    invalidArgument('path', 'a directory', path)
  if (path !== undefined && store) invalidArgument('store', 'either a path or a store', 'both')
  if (seal !== undefined) checkSeal(seal)
  if (create !== undefined && !['ifMissing', 'always', 'never'].includes(create))
    invalidArgument('create', 'ifMissing, always or never', create)
  if (clock !== undefined && typeof clock.now !== 'function')
    invalidArgument('clock', 'an object with now()', clock)
  if (typeof crypto === 'string' && !['auto', 'node', 'portable'].includes(crypto))
    invalidArgument('crypto', 'auto, node, portable or a provider', crypto)
  if (region !== undefined && !/^[a-z0-9-]{1,64}$/.test(region))
    invalidArgument('region', '1 to 64 of a-z 0-9 -', region)
  bounded('cachedKeys', cachedKeys, 1, 10_000_000)
  bounded('sweepEveryMs', sweepEveryMs, 10, 2_147_483_647)
}

function bounded(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    invalidArgument(name, `an integer from ${min} to ${max}`, value)
}

function asOpenError(error: unknown): StrongroomError {
  if (error instanceof StrongroomError) return error
  if (error instanceof StoreError)
    return new StrongroomError(
      'UNAVAILABLE',
      `open: expected a working store, got: ${error.message}.`,
      { cause: error },
    )
  return new StrongroomError('INTERNAL', 'open failed in a way that it should not.', {
    cause: error,
  })
}
