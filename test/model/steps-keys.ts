/** Commands on keys. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Key, Write } from '../../src/engine/api.ts'
import { isPair, type Purpose, type Spec } from '../../src/domain/algorithms.ts'
import * as m from '../../src/testing/model.ts'
import { compareKey, UNKNOWN_ID, type Real } from './real.ts'
import { asDate, compartment, deletionAt, keysOf, pickKey, pickVault } from './steps-vaults.ts'
import { tags, window } from './steps-vaults.ts'
import { choice, guard, pick, step, type Command, type Plan } from './step.ts'

const kind = fc.constantFrom<{ spec: Spec; purposes: readonly Purpose[] }>(
  { spec: 'AES_256', purposes: ['encrypt'] },
  { spec: 'AES_256', purposes: ['encrypt', 'wrap'] },
  { spec: 'AES_128', purposes: ['wrap'] },
  { spec: 'HMAC_256', purposes: ['mac'] },
  { spec: 'EC_P256', purposes: ['sign'] },
  { spec: 'ED25519', purposes: ['sign'] },
  { spec: 'ML_KEM_512', purposes: ['encapsulate'] },
)
const optional = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(values, { nil: undefined })

/** A plan on a key that may be unknown. */
export function onKey<A>(
  real: Real,
  key: m.ModelKey | undefined,
  model: (key: m.ModelKey) => unknown,
  call: (input: { keyId: string }, write: Write) => Promise<A>,
): Plan<unknown, A> {
  const input = { keyId: key?.id ?? UNKNOWN_ID }
  return {
    model: () => (key ? model(key) : m.refuse('NOT_FOUND')),
    call: (write) => call(input, write),
    ...(key && {
      compare: () => compareKey(real, key),
      etag: async () => (await real.room.getKey(input)).etag,
    }),
  }
}

export const createKey = step(
  'CreateKey',
  {
    vault: choice,
    kind,
    origin: fc.constantFrom('internal', 'internal', 'internal', 'imported'),
    olderVersions: fc.constantFrom('process', 'all'),
    tags: optional(tags),
    compartmentId: optional(compartment),
    enabled: optional(fc.boolean()),
    guard,
  },
  ({ vault, kind: { spec, purposes }, origin, olderVersions, enabled, ...rest }, model, real) => {
    const target = pickVault(model, vault)
    const { tags: given, compartmentId } = rest
    const imported = origin === 'imported' && !isPair(spec)
    const common = {
      spec,
      purposes,
      displayName: 'key',
      olderVersions,
      ...(given && { tags: given }),
      ...(compartmentId && { compartmentId }),
    }
    const first = enabled === undefined || imported ? {} : { version: { enabled } }
    const state = enabled === false ? ('disabled' as const) : ('enabled' as const)
    const input = { ...common, ...first, vaultId: target?.id ?? UNKNOWN_ID }
    const call = (write: Write) =>
      real.room.createKey({ ...input, ...(imported && { origin: 'imported' }), ...write })
    return {
      model: () =>
        target
          ? m.createKey(model, target, { ...common, imported, version: { state } })
          : m.refuse('NOT_FOUND'),
      call,
      agree: async (key: m.ModelKey, answer: Key) => {
        key.id = answer.id
        expect(answer.createdAt.getTime()).toBe(model.now)
        await compareKey(real, key)
      },
      other: (write: Write) => real.room.createKey({ ...input, displayName: 'another', ...write }),
    }
  },
)

const enableKey = step('EnableKey', { key: choice, guard }, ({ key }, model, real) =>
  onKey(
    real,
    pick(keysOf(model), key, (known) => m.keyState(known) === 'disabled'),
    (known) => m.enableKey(model, known),
    (input, write) => real.room.enableKey({ ...input, ...write }),
  ),
)

const disableKey = step('DisableKey', { key: choice, guard }, ({ key }, model, real) =>
  onKey(
    real,
    pickKey(model, key),
    (known) => m.disableKey(known),
    (input, write) => real.room.disableKey({ ...input, ...write }),
  ),
)

const updateKey = step(
  'UpdateKey',
  {
    key: choice,
    displayName: optional(fc.constantFrom('key', 'orders')),
    description: optional(fc.constantFrom('', 'what it is for')),
    tags: optional(tags),
    olderVersions: optional(fc.constantFrom('process' as const, 'all' as const)),
    whileDisabled: fc.boolean(),
    guard,
  },
  ({ key, displayName, description, tags: given, olderVersions, whileDisabled }, model, real) => {
    const target = pickKey(model, key)
    const change = {
      ...(displayName !== undefined && { displayName }),
      ...(description !== undefined && { description }),
      ...(given && { tags: given }),
      ...(olderVersions && { olderVersions }),
    }
    return {
      ...onKey(
        real,
        target,
        (known) => m.updateKey(known, change, whileDisabled),
        (input, write) => real.room.updateKey({ ...input, ...change, whileDisabled, ...write }),
      ),
      other: (write: Write) =>
        real.room.updateKey({ keyId: target!.id, displayName: 'another', ...write }),
    }
  },
)

const moveKey = step(
  'ChangeKeyCompartment',
  { key: choice, compartmentId: compartment, guard },
  ({ key, compartmentId }, model, real) =>
    onKey(
      real,
      pickKey(model, key),
      (known) => m.moveKey(known, compartmentId),
      (input, write) => real.room.changeKeyCompartment({ ...input, compartmentId, ...write }),
    ),
)

const tagKey = step('TagKey', { key: choice, tags, guard }, ({ key, tags: given }, model, real) =>
  onKey(
    real,
    pickKey(model, key),
    (known) => m.tagKey(known, given),
    (input, write) => real.room.tagKey({ ...input, tags: given, ...write }),
  ),
)

const tagNames = fc.uniqueArray(fc.constantFrom('team', 'stage', '__proto__'), { minLength: 1 })
const untagKey = step('UntagKey', { key: choice, tagNames, guard }, (args, model, real) =>
  onKey(
    real,
    pickKey(model, args.key),
    (known) => m.untagKey(known, args.tagNames),
    (input, write) => real.room.untagKey({ ...input, tagNames: args.tagNames, ...write }),
  ),
)

const scheduleKey = step(
  'ScheduleKeyDeletion',
  { key: choice, aheadMs: window, guard },
  ({ key, aheadMs }, model, real) => {
    const at = deletionAt(model.now, aheadMs)
    return onKey(
      real,
      pickKey(model, key),
      (known) => m.scheduleKeyDeletion(model, known, at),
      (input, write) => real.room.scheduleKeyDeletion({ ...input, ...asDate(at), ...write }),
    )
  },
)

const cancelKey = step(
  'CancelKeyDeletion',
  { key: choice, restoreTo: fc.constantFrom('previous', 'previous', 'disabled'), guard },
  ({ key, restoreTo }, model, real) =>
    onKey(
      real,
      pick(keysOf(model), key, (known) => m.keyState(known) === 'pendingDeletion'),
      (known) => m.cancelKeyDeletion(model, known, restoreTo),
      (input, write) => real.room.cancelKeyDeletion({ ...input, restoreTo, ...write }),
    ),
)

const destroyKey = step('DestroyKey', { key: choice, guard }, ({ key }, model, real) =>
  onKey(
    real,
    pickKey(model, key),
    (known) => m.destroyKey(known),
    (input, write) => real.room.destroyKey({ ...input, ...write }),
  ),
)

const rotation = fc.oneof(
  fc.constant(null),
  fc.record({
    everyDays: fc.integer({ min: 3, max: 40 }),
    enabled: fc.constantFrom(true, true, true, false),
    startAheadMs: fc.constantFrom(undefined, 0, 5 * m.DAY_MS),
    expiryDays: fc.constantFrom(undefined, 60),
  }),
  fc.record({ daysAfterCreation: fc.integer({ min: 3, max: 40 }), enabled: fc.constant(true) }),
  fc.record({
    daysBeforeExpiry: fc.integer({ min: 1, max: 9 }),
    expiryDays: fc.constantFrom(15, 60),
  }),
)

/** Imported keys keep the material that they were given: they have no schedule. */
const putRotation = step(
  'PutRotationPolicy',
  { key: choice, rotation, guard },
  ({ key, rotation: given }, model, real) => {
    const own = keysOf(model).filter(({ imported }) => !imported)
    const { startAheadMs, ...rest } = { startAheadMs: undefined, ...given }
    const startAt = deletionAt(model.now, startAheadMs)
    const policy = JSON.parse(JSON.stringify(rest)) as m.RotationChange
    const change = given && { ...policy, ...(startAt !== undefined && { startAt }) }
    const input = given && {
      ...(policy as object),
      ...(startAt !== undefined && { startAt: new Date(startAt) }),
    }
    return onKey(
      real,
      pick(own, key, (known) => m.keyState(known) === 'enabled'),
      (known) => m.putRotation(model, known, change),
      (target, write) => real.room.putRotationPolicy({ ...target, rotation: input, ...write }),
    )
  },
)

const deleteMaterial = step('DeleteKeyMaterial', { key: choice, guard }, ({ key }, model, real) =>
  onKey(
    real,
    pick(keysOf(model), key, ({ imported }) => imported),
    (known) => m.deleteMaterial(known),
    (input, write) => real.room.deleteKeyMaterial({ ...input, ...write }),
  ),
)

export const KEY_STEPS: readonly Command[] = [
  createKey,
  createKey,
  enableKey,
  enableKey,
  disableKey,
  disableKey,
  updateKey,
  moveKey,
  tagKey,
  untagKey,
  scheduleKey,
  cancelKey,
  cancelKey,
  destroyKey,
  putRotation,
  putRotation,
  deleteMaterial,
]
