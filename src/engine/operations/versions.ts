/** Versions: made, described, deleted. */
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import { PURPOSES } from '../../domain/algorithms.ts'
import { nextState, VERSION_TABLE } from '../../domain/lifecycle.ts'
import { earliest, isPending } from '../../domain/material.ts'
import type { VersionRecord } from '../../domain/records.ts'
import { recounted, scheduled } from '../../domain/rotation.ts'
import { settleKey, settleVersion, type KeyView, type VersionView } from '../../domain/settle.ts'
import { path } from '../../format/paths.ts'
import { note } from '../agenda.ts'
import type {
  CreateKeyVersionInput,
  UpdateKeyVersionInput,
  Version,
  VersionAttributes,
} from '../api.ts'
import { writing, type Bodies } from '../body.ts'
import type { Core } from '../core.ts'
import { deletionTime } from '../deletion.ts'
import { pageOfVersions } from '../lists.ts'
import {
  checkWindow,
  createVersion,
  dispose,
  generate,
  keySuite,
  nextNumber,
  withCurrent,
  type Material,
} from '../make.ts'
import { purposesOf, saveKey } from '../save.ts'
import type { Tx } from '../tx.ts'
import { clearMaterial } from '../unwrap.ts'
import { versionAnswer } from '../views.ts'

type Names =
  | 'createKeyVersion'
  | 'getKeyVersion'
  | 'listKeyVersions'
  | 'updateKeyVersion'
  | 'scheduleKeyVersionDeletion'
  | 'cancelKeyVersionDeletion'

export const VERSION_BODIES: Bodies<Names> = {
  createKeyVersion: writing<'createKeyVersion', Material | undefined>({
    prepare: async ({ core, key, input }) => {
      const { spec = key.record.spec, material } = input
      if (key.record.origin !== 'external')
        return material
          ? clearMaterial(core.provider, material, spec)
          : generate(core.provider, spec)
      if (material) invalidArgument('material', 'none for a key that lives elsewhere', material)
      return undefined
    },
    run: async ({ core, tx, key, input }, material) =>
      addVersion(core, tx, shaped(key, input), {
        origin: material ? 'internal' : 'external',
        attributes: input,
        ...(material && { material }),
      }),
    dispose,
  }),
  getKeyVersion: async ({ version }) => versionAnswer(version),
  listKeyVersions: ({ core, input, key, now }) => pageOfVersions(core, input, key, now),
  updateKeyVersion: { run: ({ tx, key, version, input }) => update(tx, key, version, input) },

  scheduleKeyVersionDeletion: {
    run: async ({ tx, key, version, input, now }) => {
      if (version.record.number === key.record.currentVersion)
        throw new StrongroomError(
          'CONFLICT',
          'versionId: expected a version that is not current, got the current version ' +
            `${version.record.number}.`,
        )
      if (isPending(version))
        throw new StrongroomError(
          'CONFLICT',
          'versionId: expected a version that does not wait for its rotation, got version ' +
            `${version.record.number}: deleteKeyMaterial takes it away.`,
        )
      const at = deletionTime(now, input.deletionAt)
      await note(tx, key.record, at)
      return saveVersion(tx, key, { ...version.record, deletion: { at, scheduledAt: now } })
    },
  },
  cancelKeyVersionDeletion: {
    run: ({ tx, key, version }) => {
      const { deletion: _, ...record } = version.record
      return saveVersion(tx, key, record)
    },
  },
}

/**
 * The key as a version of another spec makes it: what its older versions are for stays among its
 * purposes, and algorithms are those of each version.
 */
function shaped(key: KeyView, { spec, purposes }: CreateKeyVersionInput): KeyView {
  const { record } = key
  if (spec === undefined && purposes === undefined) return key
  const { spec: before } = record
  if (record.origin === 'external' || record.keyStore || record.primacy !== undefined)
    throw new StrongroomError(
      'UNSUPPORTED',
      'spec: expected none for a key that is elsewhere or has copies, got one.',
    )
  const added = purposesOf(spec ?? before, purposes)
  return {
    ...key,
    record: {
      ...record,
      spec: spec ?? before,
      purposes: PURPOSES.filter((each) => record.purposes.includes(each) || added.includes(each)),
    },
  }
}

export interface Added {
  /** Absent for a key that lives elsewhere. */
  readonly material?: Material
  readonly origin: VersionRecord['origin']
  readonly attributes: VersionAttributes
  readonly materialExpiresAt?: number
  readonly fingerprint?: Uint8Array
}

/** A new current version; policies that count from it start anew. */
export async function addVersion(core: Core, tx: Tx, key: KeyView, added: Added): Promise<Version> {
  const before = key.record
  const suite = added.material && (await keySuite(core, tx, before.ordinal))
  const expiryDays = before.rotation?.expiryDays
  const expires =
    added.attributes.expiresOn ?? (expiryDays && new Date(tx.now + expiryDays * 86_400_000))
  const entry = createVersion(core, tx, suite, {
    key: before,
    number: nextNumber(before),
    createdAt: tx.now,
    ...added,
    attributes: { ...added.attributes, ...(expires && { expiresOn: expires }) },
  })
  const current = withCurrent(before, entry.record, tx.now)
  const rotation = current.rotation && recounted(current.rotation, entry.record, tx.now)
  const materialExpiresAt = earliest(before.materialExpiresAt, added.materialExpiresAt)
  const record = {
    ...current,
    lastRotatedAt: tx.now,
    ...(rotation && { rotation }),
    ...(materialExpiresAt !== undefined && { materialExpiresAt }),
  }
  await note(tx, record)
  const saved = await saveKey(tx, record)
  return versionAnswer(settleVersion(entry, settleKey(saved, key.vault, tx.now, key), tx.now))
}

/** Writes a version record; permits of its key have to be asked for again. */
export async function saveVersion(tx: Tx, key: KeyView, record: VersionRecord): Promise<Version> {
  tx.touch(key.record.id)
  const at = path.version(record.vaultId, key.record.ordinal, record.number)
  const entry = await tx.put('version', at, { ...record, updatedAt: tx.now })
  return versionAnswer(settleVersion(entry, key, tx.now))
}

/** Absent leaves an attribute, `null` clears it. */
async function update(
  tx: Tx,
  key: KeyView,
  version: VersionView,
  input: UpdateKeyVersionInput,
): Promise<Version> {
  const { enabled, notBefore, expiresOn, operations, tags } = input
  const {
    notBefore: fromBefore,
    expiresOn: untilBefore,
    operations: permittedBefore,
    ...rest
  } = version.record
  const from = changed(notBefore, fromBefore)
  const until = changed(expiresOn, untilBefore)
  checkWindow(
    from === undefined ? undefined : new Date(from),
    until === undefined ? undefined : new Date(until),
  )
  const permitted = operations === undefined ? permittedBefore : (operations ?? undefined)
  const record: VersionRecord = {
    ...rest,
    ...(from !== undefined && { notBefore: from }),
    ...(until !== undefined && { expiresOn: until }),
    ...(permitted && { operations: permitted }),
    ...(tags && { tags }),
    ...(enabled !== undefined && { state: switched(version, enabled) }),
  }
  if (
    record.number === key.record.currentVersion &&
    key.record.rotation?.daysBeforeExpiry !== undefined
  ) {
    const withPolicy = {
      ...key.record,
      rotation: scheduled(key.record.rotation, record, { notBefore: tx.now }),
    }
    await note(tx, withPolicy)
    await saveKey(tx, withPolicy)
  }
  return saveVersion(tx, key, record)
}

const changed = (given: Date | null | undefined, before: number | undefined): number | undefined =>
  given === undefined ? before : given?.getTime()

const switched = (version: VersionView, enabled: boolean): VersionRecord['state'] =>
  nextState(
    'version',
    VERSION_TABLE,
    version.state,
    enabled ? 'enable' : 'disable',
  ) as VersionRecord['state']
