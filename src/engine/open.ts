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
import { readOptions, type OpenOptions } from './options.ts'
import { rootOf } from './realm-card.ts'
import { createRealm, isSealed, openRealm, type OpenedRealm } from './realm.ts'
import type { Seal } from './seal.ts'
import { checkExpected } from './expect.ts'
import { assertVerified } from './verify.ts'

/** What has to be in an empty store before it is opened. */
export type Prepare = (store: Store, provider: CryptoProvider, seal: Seal) => Promise<void>

export async function openCore(raw: OpenOptions, prepare?: Prepare): Promise<Core> {
  const options = readOptions(raw)
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
    await prepare?.(store, provider, seal)
    const clock = options.clock ?? systemClock
    const realm = await openOrCreate(store, provider, seal, clock, options)
    await verified(store, provider, realm, options)
    const { cachedKeys = LIMITS.cachedKeysDefault, region = 'local', journalMax } = options
    const auditUses = options.audit === 'all'
    const meter = new Meter()
    const { replicasMax = LIMITS.replicasDefault } = options
    const { objects } = options
    const bounds = { cachedKeys, journalMax, replicasMax }
    const parts = { store, provider, clock, region, meter, auditUses, objects, ...bounds }
    return new Core(parts, realm)
  } catch (error) {
    await store.close().catch(() => undefined)
    throw asOpenError(error)
  }
}

async function verified(
  store: Store,
  provider: CryptoProvider,
  { keys, erase, position }: OpenedRealm,
  { verify, expectHead }: OpenOptions,
): Promise<void> {
  try {
    if (expectHead) await checkExpected(store, keys, provider, position.head, expectHead)
    if (verify) await assertVerified({ store, keys, provider })
  } catch (error) {
    keys.destroy()
    erase.destroy()
    throw error
  }
}

async function openOrCreate(
  store: Store,
  provider: CryptoProvider,
  seal: Seal,
  clock: Clock,
  { create = 'ifMissing', acceptRollback = false, realm }: OpenOptions,
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
    : createRealm(store, provider, seal, clock.now(), realm && (await rootOf(provider, realm)))
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
