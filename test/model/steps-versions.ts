/** Commands on key versions. */
import fc from 'fast-check'
import type { Version, VersionAttributes } from '../../src/engine/api.ts'
import { KEY_OPERATIONS } from '../../src/engine/api.ts'
import * as m from '../../src/testing/model.ts'
import { compareKey, compareVersion, UNKNOWN_ID, type Real } from './real.ts'
import { asDate, deletionAt, keysOf, tags, window } from './steps-vaults.ts'
import { onKey } from './steps-keys.ts'
import { choice, guard, pick, step, type Command, type Plan } from './step.ts'
import type { Write } from '../../src/engine/api.ts'

const versionsOf = (model: m.Model): m.ModelVersion[] =>
  keysOf(model).flatMap(({ versions }) => versions)
export const pickVersion = (model: m.Model, n: number): m.ModelVersion | undefined =>
  pick(versionsOf(model), n, (version) => m.versionState(version) !== 'deleted')

const days = fc.constantFrom(undefined, undefined, null, 0, 1, 5, 40)
const attributes = {
  enabled: fc.constantFrom(undefined, true, false),
  notBeforeDays: days,
  expiresOnDays: days,
  operations: fc.constantFrom(undefined, undefined, null, KEY_OPERATIONS, [
    'decrypt' as const,
    'verify' as const,
    'verifyMac' as const,
    'wrapKey' as const,
  ]),
  tags: fc.option(tags, { nil: undefined }),
}
interface Attributes {
  readonly enabled: boolean | undefined
  readonly notBeforeDays: number | null | undefined
  readonly expiresOnDays: number | null | undefined
  readonly operations: VersionAttributes['operations'] | undefined
  readonly tags: Record<string, string> | undefined
}

const moment = (now: number, ahead: number | null | undefined): number | null | undefined =>
  typeof ahead === 'number' ? now + ahead * m.DAY_MS : ahead

/** The same change in the words of the model and of the room. */
function changes(now: number, given: Attributes): { change: m.VersionChange; input: object } {
  const notBefore = moment(now, given.notBeforeDays)
  const expiresOn = moment(now, given.expiresOnDays)
  const rest = {
    ...(given.enabled !== undefined && { enabled: given.enabled }),
    ...(given.operations !== undefined && { operations: given.operations }),
    ...(given.tags && { tags: given.tags }),
  }
  const date = (at: number | null) => (at === null ? null : new Date(at))
  return {
    change: {
      ...rest,
      ...(notBefore !== undefined && { notBefore }),
      ...(expiresOn !== undefined && { expiresOn }),
    },
    input: {
      ...rest,
      ...(notBefore !== undefined && { notBefore: date(notBefore) }),
      ...(expiresOn !== undefined && { expiresOn: date(expiresOn) }),
    },
  }
}

/** A plan on a version that may be unknown. */
function onVersion<A>(
  real: Real,
  version: m.ModelVersion | undefined,
  model: (version: m.ModelVersion) => unknown,
  call: (input: { keyId: string; versionId: string }, write: Write) => Promise<A>,
): Plan<unknown, A> {
  const keyId = version?.key.id ?? UNKNOWN_ID
  const input = { keyId, versionId: version?.id ?? UNKNOWN_ID }
  return {
    model: () => (version ? model(version) : m.refuse('NOT_FOUND')),
    call: (write) => call(input, write),
    ...(version && {
      compare: async () => {
        await compareVersion(real, version)
        await compareKey(real, version.key)
      },
      etag: async () => (await real.room.getKeyVersion(input)).etag,
    }),
  }
}

/** Imported keys keep the one version that their material made. */
const createVersion = step(
  'CreateKeyVersion',
  { key: choice, ...attributes, guard },
  ({ key, ...given }, model, real) => {
    const own = keysOf(model).filter(({ imported }) => !imported)
    const target = pick(own, key, (known) => m.keyState(known) === 'enabled')
    const { change, input } = changes(model.now, given)
    const facts = {
      state: change.enabled === false ? ('disabled' as const) : ('enabled' as const),
      notBefore: change.notBefore ?? undefined,
      expiresOn: change.expiresOn ?? undefined,
      operations: change.operations ?? undefined,
      tags: change.tags ?? {},
    }
    return {
      ...onKey(
        real,
        target,
        (known) => m.createKeyVersion(model, known, facts),
        (ref, write) => real.room.createKeyVersion({ ...ref, ...input, ...write }),
      ),
      agree: (version: m.ModelVersion, answer: Version) => {
        version.id = answer.id
      },
    }
  },
)

const updateVersion = step(
  'UpdateKeyVersion',
  { version: choice, ...attributes, guard },
  ({ version, ...given }, model, real) => {
    const { change, input } = changes(model.now, given)
    return onVersion(
      real,
      pickVersion(model, version),
      (known) => m.updateKeyVersion(model, known, change),
      (ref, write) => real.room.updateKeyVersion({ ...ref, ...input, ...write }),
    )
  },
)

const scheduleVersion = step(
  'ScheduleKeyVersionDeletion',
  { version: choice, aheadMs: window, guard },
  ({ version, aheadMs }, model, real) => {
    const at = deletionAt(model.now, aheadMs)
    const older = versionsOf(model).filter((known) => known.key.current !== known)
    return onVersion(
      real,
      older[version % (older.length + 1)] ?? pickVersion(model, version),
      (known) => m.scheduleVersionDeletion(model, known, at),
      (ref, write) => real.room.scheduleKeyVersionDeletion({ ...ref, ...asDate(at), ...write }),
    )
  },
)

const cancelVersion = step(
  'CancelKeyVersionDeletion',
  { version: choice, guard },
  ({ version }, model, real) =>
    onVersion(
      real,
      pick(versionsOf(model), version, (known) => m.versionState(known) === 'pendingDeletion'),
      (known) => m.cancelVersionDeletion(known),
      (ref, write) => real.room.cancelKeyVersionDeletion({ ...ref, ...write }),
    ),
)

export const VERSION_STEPS: readonly Command[] = [
  createVersion,
  createVersion,
  createVersion,
  updateVersion,
  updateVersion,
  scheduleVersion,
  scheduleVersion,
  cancelVersion,
]
