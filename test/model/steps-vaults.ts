/** Commands on vaults and aliases. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Vault, Write } from '../../src/engine/api.ts'
import * as m from '../../src/testing/model.ts'
import { compareKey, compareVault, UNKNOWN_ID, type Real } from './real.ts'
import { choice, guard, pick, step, type Command, type Plan } from './step.ts'

const named = fc.constantFrom('a', 'shop', 'Ærø', 'x'.repeat(255))
export const tags = fc.dictionary(
  fc.constantFrom('team', 'stage', '__proto__', 'constructor'),
  fc.constantFrom('', 'red', 'blue'),
  { noNullPrototype: true },
)
export const compartment = fc.constantFrom('east', 'west')

const MINUTE_MS = 60_000
/** How far ahead a deletion is asked for: the default, inside, at the edges and outside of the window. */
export const window = fc.constantFrom(
  undefined,
  7 * m.DAY_MS,
  8 * m.DAY_MS,
  15 * m.DAY_MS,
  30 * m.DAY_MS,
  7 * m.DAY_MS - MINUTE_MS,
  7 * m.DAY_MS - MINUTE_MS - 1,
  30 * m.DAY_MS + MINUTE_MS,
  30 * m.DAY_MS + MINUTE_MS + 1,
  -m.DAY_MS,
)
export const deletionAt = (now: number, aheadMs: number | undefined): number | undefined =>
  aheadMs === undefined ? undefined : now + aheadMs
export const asDate = (at: number | undefined): { deletionAt?: Date } =>
  at === undefined ? {} : { deletionAt: new Date(at) }

export const pickVault = (model: m.Model, n: number): m.ModelVault | undefined =>
  pick(model.vaults, n, (vault) => !vault.gone)

/** The keys that would feel it if the vault went. */
async function compareWhole(real: Real, vault: m.ModelVault): Promise<void> {
  await compareVault(real, vault)
  for (const key of vault.keys) await compareKey(real, key)
}

/** A plan on a vault that may be unknown. */
function onVault<A>(
  real: Real,
  vault: m.ModelVault | undefined,
  model: (vault: m.ModelVault) => unknown,
  call: (input: { vaultId: string }, write: Write) => Promise<A>,
  compare: (real: Real, vault: m.ModelVault) => Promise<void> = compareVault,
): Plan<unknown, A> {
  const input = { vaultId: vault?.id ?? UNKNOWN_ID }
  return {
    model: () => (vault ? model(vault) : m.refuse('NOT_FOUND')),
    call: (write) => call(input, write),
    ...(vault && {
      compare: () => compare(real, vault),
      etag: async () => (await real.room.getVault(input)).etag,
    }),
  }
}

export const createVault = step(
  'CreateVault',
  { displayName: named, compartmentId: compartment, tags, guard },
  ({ displayName, compartmentId, tags: given }, model, real) => ({
    model: () => m.createVault(model, { displayName, compartmentId, tags: given }),
    call: (write) => real.room.createVault({ displayName, compartmentId, tags: given, ...write }),
    agree: async (vault: m.ModelVault, answer: Vault) => {
      vault.id = answer.id
      expect(answer.createdAt.getTime()).toBe(model.now)
      await compareVault(real, vault)
    },
    other: (write) => real.room.createVault({ displayName: 'another', compartmentId, ...write }),
  }),
)

const updateVault = step(
  'UpdateVault',
  { vault: choice, displayName: named, tags: fc.option(tags, { nil: undefined }), guard },
  ({ vault, displayName, tags: given }, model, real) => {
    const target = pickVault(model, vault)
    const change = { displayName, ...(given && { tags: given }) }
    return {
      ...onVault(
        real,
        target,
        (known) => m.updateVault(known, change),
        (input, write) => real.room.updateVault({ ...input, ...change, ...write }),
      ),
      other: (write: Write) =>
        real.room.updateVault({ vaultId: target!.id, displayName: 'another', ...write }),
    }
  },
)

const moveVault = step(
  'ChangeVaultCompartment',
  { vault: choice, compartmentId: compartment, guard },
  ({ vault, compartmentId }, model, real) =>
    onVault(
      real,
      pickVault(model, vault),
      (known) => m.updateVault(known, { compartmentId }),
      (input, write) => real.room.changeVaultCompartment({ ...input, compartmentId, ...write }),
    ),
)

const scheduleVault = step(
  'ScheduleVaultDeletion',
  { vault: choice, aheadMs: window, guard },
  ({ vault, aheadMs }, model, real) => {
    const at = deletionAt(model.now, aheadMs)
    return onVault(
      real,
      pickVault(model, vault),
      (known) => m.scheduleVaultDeletion(model, known, at),
      (input, write) => real.room.scheduleVaultDeletion({ ...input, ...asDate(at), ...write }),
      compareWhole,
    )
  },
)

const cancelVault = step(
  'CancelVaultDeletion',
  { vault: choice, guard },
  ({ vault }, model, real) => {
    const pending = model.vaults.filter((known) => m.vaultState(known) === 'pendingDeletion')
    return onVault(
      real,
      pending[vault % (pending.length + 1)] ?? pickVault(model, vault),
      (known) => m.cancelVaultDeletion(model, known),
      (input, write) => real.room.cancelVaultDeletion({ ...input, ...write }),
      compareWhole,
    )
  },
)

const aliasName = fc.constantFrom('alias/a', 'alias/b', 'alias/team/c')
export const keysOf = (model: m.Model): m.ModelKey[] => model.vaults.flatMap(({ keys }) => keys)
export const pickKey = (model: m.Model, n: number): m.ModelKey | undefined =>
  pick(keysOf(model), n, (key) => m.keyState(key) !== 'deleted')

function aliasPlan(
  real: Real,
  key: m.ModelKey | undefined,
  model: (key: m.ModelKey) => void,
  call: (input: { keyId: string }) => Promise<unknown>,
): Plan<unknown, unknown> {
  return {
    model: () => (key ? model(key) : m.refuse('NOT_FOUND')),
    call: () => call({ keyId: key?.id ?? UNKNOWN_ID }),
    compare: async () => {
      if (!key) return
      const { items } = await real.room.listAliases({ vaultId: key.vault.id })
      expect(Object.fromEntries(items.map(({ name, keyId }) => [name, keyId]))).toEqual(
        Object.fromEntries([...key.vault.aliases].map(([name, target]) => [name, target.id])),
      )
    },
  }
}

const createAlias = step(
  'CreateAlias',
  { key: choice, name: aliasName },
  ({ key, name }, model, real) =>
    aliasPlan(
      real,
      pickKey(model, key),
      (known) => m.createAlias(known, name),
      (input) => real.room.createAlias({ ...input, name }),
    ),
)

/** Only to a key of the same spec: whether others would do is a rule of the faces. */
const updateAlias = step(
  'UpdateAlias',
  { key: choice, name: aliasName },
  ({ key, name }, model, real) => {
    const target = pickKey(model, key)
    const before = target?.vault.aliases.get(name)
    const fits = before === undefined || before.spec === target?.spec
    return aliasPlan(
      real,
      fits ? target : before,
      (known) => m.updateAlias(known, name),
      (input) => real.room.updateAlias({ ...input, name }),
    )
  },
)

const deleteAlias = step(
  'DeleteAlias',
  { vault: choice, name: aliasName },
  ({ vault, name }, model, real) =>
    onVault(
      real,
      pickVault(model, vault),
      (known) => m.deleteAlias(known, name),
      (input) => real.room.deleteAlias({ ...input, name }),
    ),
)

export const VAULT_STEPS: readonly Command[] = [
  createVault,
  updateVault,
  moveVault,
  scheduleVault,
  cancelVault,
  createAlias,
  createAlias,
  updateAlias,
  deleteAlias,
]
