/**
 * Random histories of one multi-Region key in three vaults, with time, restarts and commits that
 * fail. Whatever happened: one copy leads, all have the same versions, and what any copy sealed every
 * copy in use opens (contracts: AWS 13).
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { sharedProvider } from '../helpers/provider.ts'
import { lasting, stage, type Room, type Stage } from './support.ts'

const SEED = Number(process.env['SEED'] ?? 20261126)
const PLAINTEXT = utf8('everywhere')

interface World {
  readonly on: Stage
  readonly store: ReturnType<typeof faultyStore>
  readonly keyId: string
  readonly vaults: readonly string[]
  readonly sealed: Uint8Array[]
  room: Room
}

/** Refusals are part of a history; anything else is a defect. */
async function attempt(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!(error instanceof StrongroomError) || error.code === 'INTERNAL') throw error
    if (error.code === 'INTEGRITY') throw error
  })
}

async function reopened(world: World): Promise<void> {
  world.store.heal()
  await world.room.close()
  world.room = await world.on.again({ crypto: await sharedProvider() })
}

type Act = (world: World, vaultId: string, other: string) => Promise<unknown>
const ACTS: Readonly<Record<string, Act>> = {
  replicate: ({ room, keyId }, _, toVaultId) => room.replicateKey({ keyId, toVaultId }),
  promote: ({ room, keyId }, vaultId, toVaultId) =>
    room.changePrimaryKey({ keyId, vaultId, toVaultId }),
  rotate: ({ room, keyId }, vaultId) => room.rotateKey({ keyId, vaultId, rotationsMax: 100 }),
  policy: ({ room, keyId }, vaultId) =>
    room.putRotationPolicy({ keyId, vaultId, rotation: { everyDays: 20 } }),
  seal: async ({ room, keyId, sealed }, vaultId) => {
    const { ciphertext } = await room.encrypt({ keyId, vaultId, plaintext: PLAINTEXT })
    sealed.push(ciphertext)
  },
  disable: ({ room, keyId }, vaultId) => room.disableKey({ keyId, vaultId }),
  enable: ({ room, keyId }, vaultId) => room.enableKey({ keyId, vaultId }),
  schedule: ({ room, keyId, on }, vaultId) => {
    const deletionAt = new Date(on.clock.now() + 7 * 86_400_000)
    return room.scheduleKeyDeletion({ keyId, vaultId, deletionAt })
  },
  cancel: ({ room, keyId }, vaultId) => room.cancelKeyDeletion({ keyId, vaultId }),
  days: async ({ on }) => on.clock.advance({ days: 8 }),
  tick: ({ room }) => room.tick(),
  restart: reopened,
}
const NAMES = Object.keys(ACTS)

const step = fc.record({
  act: fc.constantFrom(...NAMES, 'replicate', 'rotate', 'rotate', 'seal', 'seal', 'promote'),
  at: fc.nat(2),
  other: fc.nat(2),
  /** Which of the commits of the step fails, and how. */
  fails: fc.option(
    fc.record({
      nth: fc.constantFrom(1, 2, 3),
      kind: fc.constantFrom('before', 'after', 'unknown'),
    }),
    { freq: 4, nil: undefined },
  ),
})

async function open(): Promise<World> {
  const store = faultyStore(createMemoryStore())
  const on = await stage(lasting(store), { crypto: await sharedProvider() })
  const others = [
    await on.room.createVault({ displayName: 'east' }),
    await on.room.createVault({ displayName: 'west' }),
  ]
  const vaults = [on.vaultId, ...others.map(({ id }) => id)]
  const asked = { displayName: 'k', spec: 'AES_256', multiRegion: true } as const
  const { id: keyId } = await on.room.createKey({ vaultId: on.vaultId, ...asked })
  return { on, store, keyId, vaults, sealed: [], room: on.room }
}

async function copies({ room, keyId, vaults }: World) {
  const found = await Promise.all(
    vaults.map((vaultId) =>
      room.getKey({ keyId, vaultId }).catch((error: unknown) => {
        if (error instanceof StrongroomError && error.code === 'NOT_FOUND') return undefined
        throw error
      }),
    ),
  )
  return found.filter((copy) => copy !== undefined).filter(({ state }) => state !== 'deleted')
}

async function check(world: World): Promise<void> {
  const { room, keyId, sealed } = world
  const living = await copies(world)
  if (living.length === 0) return
  const leading = living.filter(({ multiRegion }) => multiRegion?.role === 'primary')
  expect(leading).toHaveLength(1)
  for (const { vaultId, currentVersionId, rotation, multiRegion, state } of living) {
    expect(currentVersionId).toBe(leading[0]!.currentVersionId)
    expect(rotation).toEqual(leading[0]!.rotation)
    expect(multiRegion?.primaryVaultId).toBe(leading[0]!.vaultId)
    expect(multiRegion?.replicaVaultIds).toHaveLength(living.length - 1)
    if (state !== 'enabled') continue
    for (const ciphertext of sealed)
      expect((await room.decrypt({ keyId, vaultId, ciphertext })).plaintext).toEqual(PLAINTEXT)
  }
  expect((await room.verify()).ok).toBe(true)
}

const RUNS = { numRuns: 40, seed: SEED } as const

test('histories with failures', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (history) => {
      const world = await open()
      for (const { act, at, other, fails } of history) {
        const commits = world.store.calls.filter(({ method }) => method === 'commit').length
        if (fails)
          world.store.plan({ method: 'commit', nth: commits + fails.nth, kind: fails.kind })
        await attempt(ACTS[act]!(world, world.vaults[at]!, world.vaults[other]!))
        if (fails) await reopened(world)
      }
      await ended(world)
    }),
    RUNS,
  )
})

test('histories of much at once', { timeout: 600_000 }, async () => {
  const calm = step.filter(({ act }) => act !== 'restart')
  const groups = fc.array(fc.array(calm, { minLength: 1, maxLength: 5 }), {
    minLength: 3,
    maxLength: 10,
  })
  await fc.assert(
    fc.asyncProperty(groups, async (history) => {
      const world = await open()
      for (const group of history)
        await Promise.all(
          group.map(({ act, at, other }) =>
            attempt(ACTS[act]!(world, world.vaults[at]!, world.vaults[other]!)),
          ),
        )
      await ended(world)
    }),
    RUNS,
  )
})

/** As it is, after a restart, and after what time decided is durable. */
async function ended(world: World): Promise<void> {
  await check(world)
  await reopened(world)
  await world.room.tick()
  await check(world)
  await world.room.close()
}
