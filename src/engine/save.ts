/** Writing key records: a new key with its first version, and changes to one. */
import { invalidArgument, StrongroomError } from '../base/errors.ts'
import { SPECS, type Purpose, type Spec } from '../domain/algorithms.ts'
import { DAY_MS } from '../domain/limits.ts'
import type {
  KeyRecord,
  KeyStorePlace,
  Origin,
  RotationPolicy,
  VersionRecord,
} from '../domain/records.ts'
import { scheduled } from '../domain/rotation.ts'
import type { VaultView } from '../domain/settle.ts'
import { path } from '../format/paths.ts'
import { note } from './agenda.ts'
import type { CreateKeyInput, RotationInput } from './api.ts'
import type { Core } from './core.ts'
import { newId } from './ids.ts'
import { findPlace } from './lookup.ts'
import { createKeyKey, createVersion, withCurrent, type Material } from './make.ts'
import type { Entry } from './records.ts'
import type { Tx } from './tx.ts'

/** Writes a key record; permits of the hot key have to be asked for again. */
export async function saveKey(tx: Tx, key: KeyRecord): Promise<Entry<KeyRecord>> {
  const record = { ...key, updatedAt: tx.now }
  tx.touch(key.id)
  return tx.put('key', path.key(key.vaultId, key.ordinal), record)
}

export interface NewKey {
  readonly input: CreateKeyInput
  readonly origin: Origin
  readonly role?: KeyRecord['role']
  readonly material?: Material
  readonly materialExpiresAt?: number
  readonly fingerprint?: (keyId: string) => Uint8Array
  readonly keyStore?: KeyStorePlace
}

/** A new key at the end of its vault, with a first version unless its material is still to come. */
export async function makeKey(
  core: Core,
  tx: Tx,
  vault: VaultView,
  made: NewKey,
): Promise<Entry<KeyRecord>> {
  const { input, origin, material } = made
  if (input.id !== undefined) await refuseTaken(core, tx, input.id)
  const blank = blankKey(core, tx, vault, made)
  const awaited = origin === 'imported' && !material
  const suite = origin === 'external' ? undefined : await createKeyKey(core, tx, blank.ordinal)
  tx.create('index', path.index(blank.id, blank.vaultId), { ordinal: blank.ordinal, version: 0 })
  let key = blank
  let version: VersionRecord | undefined
  if (!awaited) {
    version = createVersion(core, tx, suite, {
      key,
      number: 1,
      origin,
      createdAt: tx.now,
      ...(input.version && { attributes: input.version }),
      ...(material && { material }),
      ...(made.materialExpiresAt !== undefined && { materialExpiresAt: made.materialExpiresAt }),
      ...(made.fingerprint && { fingerprint: made.fingerprint(key.id) }),
    }).record
    key = withCurrent(key, version, tx.now)
  } else if (input.version)
    invalidArgument('version', 'nothing while the material is still to come', input.version)
  if (input.rotation)
    key = { ...key, rotation: rotationPolicy(origin, input.rotation, tx.now, version) }
  await note(tx, key, version?.materialExpiresAt)
  tx.concern(key.id)
  return tx.create('key', path.key(key.vaultId, key.ordinal), key)
}

/** An id leads to one thing for ever: not even that of a deleted key is given again. */
async function refuseTaken(core: Core, tx: Tx, id: string): Promise<void> {
  if (
    (await tx.get('index', path.index(id, tx.cell.id))) === undefined &&
    (await findPlace(core, id)) === undefined
  )
    return
  throw new StrongroomError(
    'ALREADY_EXISTS',
    `id: expected one that no key or version ever had, got ${id}.`,
  )
}

/** Those that were named, or what the spec is for. */
export function purposesOf(spec: Spec, given: readonly Purpose[] | undefined): readonly Purpose[] {
  const { purposes: possible, defaults } = SPECS[spec]
  for (const purpose of given ?? [])
    if (!(possible as readonly string[]).includes(purpose))
      throw new StrongroomError(
        'UNSUPPORTED',
        `purposes: expected some of ${possible.join(', ')} for ${spec}, got ${purpose}.`,
      )
  return given ?? defaults
}

function blankKey(
  core: Core,
  tx: Tx,
  vault: VaultView,
  { input, origin, role, material, materialExpiresAt, keyStore }: NewKey,
): KeyRecord {
  checkCombination(vault, input, origin)
  const purposes = purposesOf(input.spec, input.purposes)
  if (purposes.length === 0 && role !== 'wrapping')
    invalidArgument('purposes', 'at least one', purposes)
  return {
    id: input.id ?? newId(core.provider.random),
    vaultId: vault.record.id,
    ordinal: Number(tx.seq),
    role: role ?? 'ordinary',
    compartmentId: input.compartmentId ?? vault.record.compartmentId,
    displayName: input.displayName,
    description: input.description ?? '',
    spec: input.spec,
    purposes,
    protectionMode: input.protectionMode ?? (origin === 'external' ? 'EXTERNAL' : 'HSM'),
    origin,
    createdAt: tx.now,
    updatedAt: tx.now,
    state: origin === 'imported' && !material ? 'pendingImport' : 'enabled',
    currentVersion: 0,
    lastVersion: 0,
    olderVersions: input.olderVersions ?? 'process',
    tags: input.tags ?? {},
    definedTags: input.definedTags ?? {},
    ...(input.external !== undefined && { external: input.external }),
    ...(keyStore && { keyStore }),
    ...(materialExpiresAt !== undefined && { materialExpiresAt }),
    ...(input.multiRegion && { primacy: 1 }),
    ...(input.exportable && { exportable: true }),
  }
}

/**
 * External keys live in EXTERNAL vaults, are AES and only data; the others live elsewhere
 * (contracts: OCI 5.6).
 */
function checkCombination(vault: VaultView, input: CreateKeyInput, origin: Origin): void {
  const external = origin === 'external'
  const expected = external ? 'EXTERNAL' : 'HSM or SOFTWARE'
  if (input.protectionMode !== undefined && (input.protectionMode === 'EXTERNAL') !== external)
    invalidArgument('protectionMode', `${expected} for origin ${origin}`, input.protectionMode)
  if ((vault.record.type === 'EXTERNAL') !== external)
    invalidArgument('origin', 'external in an EXTERNAL vault and only there', origin)
  if (external !== (input.external !== undefined))
    invalidArgument('external', 'the reference of an external key, and of no other', input.external)
  if (input.multiRegion && (external || input.keyStore))
    invalidArgument('multiRegion', 'nothing for a key that is elsewhere', input.multiRegion)
  if (external && SPECS[input.spec].family !== 'aes')
    throw new StrongroomError(
      'UNSUPPORTED',
      `spec: expected an AES spec for an external key, got ${input.spec}.`,
    )
}

const TRIGGERS = ['everyDays', 'daysAfterCreation', 'daysBeforeExpiry'] as const

/** A policy as stored, with its next moment; the first one of an interval is never in the past. */
export function rotationPolicy(
  origin: Origin,
  input: RotationInput,
  now: number,
  current: VersionRecord | undefined,
): RotationPolicy {
  if (origin === 'external')
    throw new StrongroomError(
      'UNSUPPORTED',
      'rotation: expected a key whose material is here, got an external one.',
    )
  const given = TRIGGERS.filter((name) => input[name] !== undefined)
  if (given.length !== 1)
    invalidArgument('rotation', `exactly one of ${TRIGGERS.join(', ')}`, given.join(', '))
  if (input.startAt && given[0] !== 'everyDays')
    invalidArgument('rotation.startAt', 'only with everyDays', input.startAt)
  const { startAt, enabled = true, ...days } = input
  if (
    days.daysBeforeExpiry !== undefined &&
    days.expiryDays !== undefined &&
    days.daysBeforeExpiry >= days.expiryDays
  )
    invalidArgument(
      'rotation.daysBeforeExpiry',
      `fewer than expiryDays (${days.expiryDays})`,
      days.daysBeforeExpiry,
    )
  const policy = { ...days, enabled, startAt: startAt?.getTime() ?? now, updatedAt: now }
  const basis = { createdAt: current?.createdAt ?? now, expiresOn: current?.expiresOn }
  return scheduled(policy, basis, {
    previous: policy.startAt + missed(policy, now),
    notBefore: now,
  })
}

/** Whole intervals that passed between a start in the past and now. */
function missed(
  { everyDays, startAt }: { everyDays?: number; startAt: number },
  now: number,
): number {
  if (everyDays === undefined || startAt >= now) return 0
  const interval = everyDays * DAY_MS
  return Math.floor((now - startAt) / interval) * interval
}
