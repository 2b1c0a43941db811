/**
 * Making versions: material generated or imported, sealed under the key key of its key, and the
 * records around it.
 */
import { secretBytes, wipe } from '../base/bytes.ts'
import { invalidArgument, StrongroomError } from '../base/errors.ts'
import type { CryptoProvider, Suite } from '../crypto/provider.ts'
import { isPair, SPECS, type Spec } from '../domain/algorithms.ts'
import type { KeyRecord, VersionRecord } from '../domain/records.ts'
import { LIMITS } from '../domain/limits.ts'
import type { RecordOf } from '../format/records.ts'
import { path } from '../format/paths.ts'
import type { VersionAttributes } from './api.ts'
import type { Core, Reader } from './core.ts'
import { newId } from './ids.ts'
import { keyring, withFreshKey } from './keyring.ts'
import { damaged, type Entry } from './records.ts'
import type { Tx } from './tx.ts'

/** Material on its way into the store. Whoever holds it wipes it. */
export interface Material {
  readonly secret: Uint8Array
  readonly publicKey?: Uint8Array
}

/** Fresh material of a spec (SP 800-133: directly from the random source; FIPS 186-5 key pairs). */
export async function generate(provider: CryptoProvider, spec: Spec): Promise<Material> {
  if (isPair(spec)) {
    const lacking = provider.lacks(spec)
    if (lacking)
      throw new StrongroomError(
        'UNSUPPORTED',
        `spec: expected one of this platform, got ${spec}: ${lacking}`,
      )
    const { privateKey, publicKey } = await provider.generatePair(spec)
    return { secret: privateKey, publicKey }
  }
  const secret = secretBytes(SPECS[spec].bytes)
  provider.random.fill(secret)
  return { secret }
}

export const dispose = (material: Material | undefined): void => wipe(material?.secret)

/** What a new key begins with; the id that a caller chose is nobody else's meanwhile. */
export interface Beginning {
  readonly material?: Material
  readonly release?: () => void
}

export async function beginning(
  core: Core,
  id: string | undefined,
  make: () => Material | Promise<Material | undefined> | undefined,
): Promise<Beginning> {
  const release = id === undefined ? undefined : await core.claims.claim(id)
  try {
    const material = await make()
    return { ...(material && { material }), ...(release && { release }) }
  } catch (error) {
    release?.()
    throw error
  }
}

export function dropBeginning({ material, release }: Beginning): void {
  dispose(material)
  release?.()
}

/** The suite of a key's own key, opened through the vault keys. */
export async function keySuite(core: Core, reader: Reader, ordinal: number): Promise<Suite> {
  const { epoch: _, key } = await openKeyKey(core, reader, ordinal)
  try {
    return core.provider.suite(key)
  } finally {
    wipe(key)
  }
}

async function openKeyKey(core: Core, reader: Reader, ordinal: number) {
  const entry = await openWrapped(core, reader, 'keyKey', path.keyKey(reader.cell.id, ordinal))
  if (!entry) throw reader.role === 'replica' ? underWay() : damaged('a key has no key key')
  return entry.record
}

/** Between two answers of the primary: a key key that was replaced since does not travel any more. */
const underWay = (): StrongroomError =>
  new StrongroomError(
    'UNAVAILABLE',
    'Key: expected the key of its material, which has not come from the primary yet: replicate().',
  )

/**
 * A record under whichever vault key it is wrapped with: there are two while a sweep is under way.
 */
export async function openWrapped<K extends 'keyKey' | 'ticket'>(
  core: Core,
  reader: Reader,
  kind: K,
  at: Uint8Array,
): Promise<Entry<RecordOf[K]> | undefined> {
  const ring = await keyring(core, reader.cell)
  const newestFirst = [...ring.suites].sort(([a], [b]) => b - a)
  let failure: unknown
  for (const [, suite] of newestFirst) {
    try {
      return await reader.get(kind, at, suite)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

/**
 * Gives a key a new key key and answers its suite; what was sealed under the old one is lost unless
 * resealed.
 */
export async function renewKeyKey(core: Core, tx: Tx, ordinal: number): Promise<Suite> {
  const ring = await keyring(core, tx.cell)
  const wrapping = ring.suites.get(ring.epoch)!
  const key = secretBytes(32)
  core.provider.random.fill(key)
  try {
    await tx.put('keyKey', path.keyKey(tx.cell.id, ordinal), { epoch: ring.epoch, key }, wrapping)
    return core.provider.suite(key)
  } finally {
    wipe(key)
  }
}

/** The same for a key that is just being made. */
export async function createKeyKey(core: Core, tx: Tx, ordinal: number): Promise<Suite> {
  const ring = await keyring(core, tx.cell)
  return withFreshKey(core.provider, (key) => {
    const wrapping = ring.suites.get(ring.epoch)!
    tx.create('keyKey', path.keyKey(tx.cell.id, ordinal), { epoch: ring.epoch, key }, wrapping)
    return core.provider.suite(key)
  })
}

export interface NewVersion {
  readonly key: KeyRecord
  readonly number: number
  readonly origin: VersionRecord['origin']
  readonly createdAt: number
  readonly attributes?: VersionAttributes
  readonly material?: Material
  readonly materialExpiresAt?: number
  readonly fingerprint?: Uint8Array
  readonly autoRotated?: boolean
  readonly materialDescription?: string
  /** It waits beside the current version. */
  readonly forRotation?: boolean
}

/** Writes a version with its index entry, and its material when there is any. */
export function createVersion(
  core: Core,
  tx: Tx,
  suite: Suite | undefined,
  made: NewVersion,
): Entry<VersionRecord> {
  const { key, number, origin, createdAt, material } = made
  const id = newId(core.provider.random)
  const record: VersionRecord = {
    id,
    keyId: key.id,
    vaultId: key.vaultId,
    number,
    spec: key.spec,
    origin,
    createdAt,
    updatedAt: createdAt,
    tags: made.attributes?.tags ?? {},
    state: made.attributes?.enabled === false ? 'disabled' : 'enabled',
    autoRotated: made.autoRotated ?? false,
    ...attributesOf(made.attributes ?? {}),
    ...(material?.publicKey && { publicKey: material.publicKey }),
    ...(made.materialExpiresAt !== undefined && { materialExpiresAt: made.materialExpiresAt }),
    ...(made.fingerprint && { fingerprint: made.fingerprint }),
    ...(made.materialDescription !== undefined && {
      materialDescription: made.materialDescription,
    }),
    ...(made.forRotation && { forRotation: true }),
  }
  tx.create('index', path.index(id, key.vaultId), { ordinal: key.ordinal, version: number })
  if (material && suite)
    tx.create(
      'material',
      path.material(key.vaultId, key.ordinal, number),
      { material: material.secret },
      suite,
    )
  return tx.create('version', path.version(key.vaultId, key.ordinal, number), record)
}

/** The optional attributes that are set; `null` and absence set nothing. */
function attributesOf({ notBefore, expiresOn, operations }: VersionAttributes) {
  checkWindow(notBefore ?? undefined, expiresOn ?? undefined)
  return {
    ...(notBefore && { notBefore: notBefore.getTime() }),
    ...(expiresOn && { expiresOn: expiresOn.getTime() }),
    ...(operations && { operations }),
  }
}

/** A validity window must not be empty. */
export function checkWindow(notBefore: Date | undefined, expiresOn: Date | undefined): void {
  if (notBefore && expiresOn && notBefore >= expiresOn)
    invalidArgument('expiresOn', `a moment after notBefore (${notBefore.toISOString()})`, expiresOn)
}

/** The number of the next version, within the bound. */
export function nextNumber(key: KeyRecord): number {
  if (key.lastVersion < LIMITS.versionsPerKeyMax) return key.lastVersion + 1
  throw new StrongroomError(
    'LIMIT_EXCEEDED',
    `Versions: expected at most ${LIMITS.versionsPerKeyMax} for one key, found as many.`,
  )
}

/** A key record with a new current version. */
export function withCurrent(
  { currentMaterial: _, ...key }: KeyRecord,
  version: VersionRecord,
  now: number,
): KeyRecord {
  return {
    ...key,
    ...(version.fingerprint && { currentMaterial: version.fingerprint }),
    currentVersion: version.number,
    currentVersionId: version.id,
    lastVersion: Math.max(key.lastVersion, version.number),
    updatedAt: now,
  }
}
