/**
 * Replicas against the same plain model: random histories at the primary, and now and then a round
 * after which the follower must read exactly as the model says. `STRONGROOM_MODEL_SEED` repeats a run.
 */
import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { roomLink, Strongroom } from '../../src/index.ts'
import { VirtualClock } from '../../src/base/clock.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import * as m from '../../src/testing/model.ts'
import { compareAll, compareKey, compareVault, type Real } from './real.ts'
import { lasting } from './rooms.ts'
import { step, type Command } from './step.ts'
import { BACKUP_STEPS } from './steps-backup.ts'
import { createKey, KEY_STEPS } from './steps-keys.ts'
import { TIME_STEPS, USE_STEPS } from './steps-use.ts'
import { createVault, VAULT_STEPS } from './steps-vaults.ts'
import { VERSION_STEPS } from './steps-versions.ts'

const SEED = Number(process.env['STRONGROOM_MODEL_SEED'] ?? randomInt(2 ** 31))
const RUNS = 60
const LENGTH = 50
const SEAL = { key: new Uint8Array(32).fill(7) }

interface Followed extends Real {
  readonly replica: Strongroom
  rounds: number
}

/** A primary that can be opened again over its store, and one follower. */
async function followedReal(): Promise<Followed> {
  const clock = new VirtualClock()
  const store = lasting(createMemoryStore())
  const open = (): Promise<Strongroom> =>
    Strongroom.open({ store, seal: SEAL, clock, region: 'us' })
  const first = await open()
  const replica = await Strongroom.open({ seal: SEAL, clock, region: 'eu', realm: first })
  const real: Followed = {
    room: first,
    clock,
    made: [],
    seen: new Map(),
    backups: [],
    replica,
    rounds: 0,
    reopen: async () => {
      await real.room.close()
      const room = await open()
      replica.linkRegion('us', roomLink(room))
      return (real.room = room)
    },
  }
  replica.linkRegion('us', roomLink(first))
  return real
}

/** Asks for a replica of every vault that takes one, follows, and reads everything at the follower. */
async function follow(real: Followed, model: m.Model): Promise<void> {
  await compareAll(real, model)
  for (const vault of model.vaults)
    if (m.vaultState(vault) === 'active')
      await real.room.createVaultReplica({ vaultId: vault.id, region: 'eu' })
  const round = await real.replica.replicate()
  expect(round.map(({ failure }) => failure)).toEqual(round.map(() => undefined))
  const { items } = await real.replica.listVaults({ limit: 1000 })
  const there: Real = { ...real, room: real.replica, seen: new Map() }
  for (const vault of model.vaults) {
    if (m.vaultState(vault) === 'active') expect(items.map(({ id }) => id)).toContain(vault.id)
    if (!items.some(({ id }) => id === vault.id)) continue
    await compareVault(there, vault)
    for (const key of vault.keys) await compareKey(there, key)
  }
  // The list of replicas is part of the record of a vault.
  for (const vault of model.vaults) vault.touched = true
  real.rounds++
}

const followStep = step('Follow', {}, (_, model, real) => ({
  model: () => undefined,
  call: () => follow(real as Followed, model),
}))

const COMMANDS: readonly Command[] = [
  ...VAULT_STEPS,
  ...KEY_STEPS,
  ...VERSION_STEPS,
  ...USE_STEPS,
  ...TIME_STEPS,
  ...BACKUP_STEPS,
  ...Array.from({ length: 8 }, () => followStep),
]

test(`replicas follow the model (seed ${SEED})`, { timeout: 600_000 }, async () => {
  let rounds = 0
  const histories = fc.tuple(
    fc.tuple(createVault, createKey, createKey),
    fc.commands([...COMMANDS], { maxCommands: LENGTH, size: 'max' }),
  )
  const property = fc.asyncProperty(histories, async ([beginning, history]) => {
    const real = await followedReal()
    const model = m.newModel(real.clock.now())
    await fc.asyncModelRun(() => ({ model, real }), beginning)
    await fc.asyncModelRun(() => ({ model, real }), history)
    await follow(real, model)
    rounds += real.rounds
    await real.room.close()
    await real.replica.close()
  })
  await fc.assert(property, { numRuns: RUNS, seed: SEED })
  expect(rounds).toBeGreaterThan(RUNS * 2)
})
