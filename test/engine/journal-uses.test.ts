/** `audit: 'all'`: every use of a key stands in the journal once, and no use waits for a disk. */
import { beforeAll, describe, expect, test } from 'vitest'
import { INPUTS, openWorld, SEAL, type World } from '../adversary/world.ts'
import { OPERATIONS, type UseName } from '../../src/domain/operations.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore, type FaultyCall, type FaultyStore } from '../../src/testing/faulty-store.ts'
import { Strongroom, type JournalledUse, type OpenOptions } from '../../src/index.ts'
import { entriesOf, perform } from './journal-support.ts'
import { pairOf } from './judge.ts'
import { codeOf, DAY_MS, lasting, stage, type Room, type Stage } from './support.ts'

const AUDITED = { audit: 'all' } as const
const PLAINTEXT = utf8('secret')
const USES = (Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[]).filter(
  (name): name is UseName => OPERATIONS[name].target === 'use',
)

const usesIn = async (room: Room): Promise<JournalledUse[]> =>
  (await entriesOf(room)).flatMap(({ uses }) => uses)
const told = async (room: Room): Promise<string[]> =>
  (await usesIn(room)).map(({ operation, outcome }) => `${operation} ${outcome}`)

interface Audited extends Stage {
  readonly keyId: string
}
async function audited(
  store?: Parameters<typeof stage>[0],
  more: OpenOptions = {},
): Promise<Audited> {
  const staged = await stage(store, { ...AUDITED, ...more })
  const asked = { vaultId: staged.vaultId, displayName: 'k', spec: 'AES_256' } as const
  const { id: keyId } = await staged.room.createKey(asked)
  return { ...staged, keyId }
}

/** Without a wrapping key of the vault, which takes seconds to find. */
const inputOf = (operation: UseName, world: World): Promise<object> =>
  operation === 'exportKey'
    ? Promise.resolve({
        keyId: world.aes.id,
        wrapping: 'RSA_OAEP_SHA_256',
        publicKey: pairOf('RSA_2048').spki,
      })
    : INPUTS[operation](world)

describe('every use, on the long way and on the short one', () => {
  let world: World
  beforeAll(async () => {
    const made = await openWorld()
    const { store, clock } = made
    // The world outlives its first room, whose uses nobody wrote down.
    const room = await Strongroom.open({
      store: lasting(store),
      clock,
      seal: SEAL,
      ...AUDITED,
    })
    world = { ...made, room }
  })

  test.each(USES)('%s', async (operation) => {
    const { room } = world
    const input = (await inputOf(operation, world)) as { keyId?: string }
    await room.tick()
    const { sequence } = room.head()
    const use = (more: object = {}) =>
      perform(room, operation, { ...input, ...more }) as Promise<{ versionId?: string }>
    const note = { job: 'nightly' }
    const told = { principal: 'owner', requestId: 'r-1', note }
    const answers = [await use(), await use(), await use(told)]
    const entries = await entriesOf(room, { from: sequence + 1n })
    expect(entries.map(({ operation: name, changes }) => [name, changes])).toEqual([['use', []]])
    // A ciphertext that goes from one key to another uses both.
    const keys = operation === 'reEncrypt' ? 2 : 1
    const uses = entries.flatMap((entry) => entry.uses)
    expect(uses).toHaveLength(answers.length * keys)
    const asked = uses.filter(({ requestId }) => requestId === 'r-1')
    expect(asked).toHaveLength(keys)
    for (const use of asked) expect(use).toMatchObject(told)
    expect(uses.filter((use) => use.note)).toHaveLength(keys)
    for (const use of uses) {
      const keyId = input.keyId ?? world.aes.id
      const versionId = answers[0]!.versionId
      expect(use).toMatchObject({ operation, outcome: 'ok', keyId, versionId })
      expect(use.time.getTime()).toBe(world.clock.now())
    }
  })
})

describe('refusals', () => {
  test('of a state, a principal and a ciphertext, with their codes', async () => {
    const { room, keyId } = await audited()
    const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    const broken = ciphertext.with(-1, ciphertext.at(-1)! ^ 1)
    expect(await codeOf(room.decrypt({ keyId, ciphertext: broken }))).toBe('INVALID_CIPHERTEXT')
    const mallory = { keyId, plaintext: PLAINTEXT, principal: 'mallory' }
    expect(await codeOf(room.encrypt(mallory))).toBe('FORBIDDEN')
    await room.disableKey({ keyId })
    expect(await codeOf(room.encrypt({ keyId, plaintext: PLAINTEXT }))).toBe('INVALID_STATE')
    const uses = await usesIn(room)
    expect(uses.map(({ operation, outcome, keyId: id }) => [operation, outcome, id])).toEqual([
      ['encrypt', 'ok', keyId],
      ['decrypt', 'INVALID_CIPHERTEXT', keyId],
      ['encrypt', 'FORBIDDEN', keyId],
      ['encrypt', 'INVALID_STATE', keyId],
    ])
    expect(uses[2]!.principal).toBe('mallory')
    await room.close()
  })

  test('of a ciphertext alone: it names the key that was asked', async () => {
    const { room, keyId } = await audited()
    const { ciphertext, versionId } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    await room.disableKey({ keyId })
    expect(await codeOf(room.decrypt({ ciphertext }))).toBe('INVALID_STATE')
    const [, use] = await usesIn(room)
    expect(use).toMatchObject({ operation: 'decrypt', outcome: 'INVALID_STATE', keyId, versionId })
    await room.close()
  })

  test('by an alias: of the key that it leads to', async () => {
    const { room, keyId, vaultId } = await audited()
    await room.createAlias({ keyId, name: 'alias/k' })
    await room.encrypt({ keyId: 'alias/k', vaultId, plaintext: PLAINTEXT })
    await room.disableKey({ keyId })
    const asked = { keyId: 'alias/k', vaultId, plaintext: PLAINTEXT }
    expect(await codeOf(room.encrypt(asked))).toBe('INVALID_STATE')
    expect((await usesIn(room)).map(({ keyId: id }) => id)).toEqual([keyId, keyId])
    await room.close()
  })

  test('of both keys, when a ciphertext goes from one vault to another', async () => {
    const { room, keyId, vaultId } = await audited()
    const { id: other } = await room.createVault({ displayName: 'other' })
    const asked = { vaultId: other, displayName: 'k', spec: 'AES_256' } as const
    const { id: target } = await room.createKey(asked)
    const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    await room.reEncrypt({ ciphertext, keyId: target })
    await room.disableKey({ keyId })
    expect(await codeOf(room.reEncrypt({ ciphertext, keyId: target }))).toBe('INVALID_STATE')
    const of = async (id: string): Promise<string[]> =>
      (await entriesOf(room, { vaultId: id })).flatMap(({ uses }) =>
        uses.map(({ operation, outcome }) => `${operation} ${outcome}`),
      )
    expect(await of(vaultId)).toEqual(['encrypt ok', 'reEncrypt ok', 'reEncrypt INVALID_STATE'])
    expect(await of(other)).toEqual(['reEncrypt ok', 'reEncrypt INVALID_STATE'])
    await room.close()
  })

  test('what names no key that exists belongs to no vault', async () => {
    const { room, keyId } = await audited()
    const nobody = keyId.replace(/^.{8}/, '00000000')
    const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    const unknown = ciphertext.with(4, ciphertext[4]! ^ 1)
    const calls = [
      room.encrypt({ keyId: nobody, plaintext: PLAINTEXT }),
      room.encrypt({ keyId: 'alias/none', plaintext: PLAINTEXT }),
      room.decrypt({ ciphertext: unknown }),
      room.decrypt({ ciphertext: utf8('none of ours') }),
      room.encrypt({ keyId, plaintext: 'text' as never }),
    ]
    for (const call of calls) expect(await codeOf(call)).not.toBe('ok')
    expect(await told(room)).toEqual(['encrypt ok'])
    await room.close()
  })
})

describe('by default', () => {
  test('the journal has changes alone', async () => {
    const { room, keyId } = await audited(undefined, { audit: 'writes' })
    await room.encrypt({ keyId, plaintext: PLAINTEXT })
    await room.tick()
    expect(room.head().sequence).toBe(2n)
    await room.close()
  })
})

describe('groups', () => {
  test('a thousand uses take a handful of commits', async () => {
    const { room, keyId } = await audited()
    const before = room.head().sequence
    for (let i = 0; i < 1000; i++) await room.encrypt({ keyId, plaintext: PLAINTEXT })
    const uses = await usesIn(room)
    expect(uses).toHaveLength(1000)
    expect(Number(room.head().sequence - before)).toBeLessThanOrEqual(8)
    await room.close()
  })

  test('in their order, also over entries that one row cannot hold', async () => {
    const store = faultyStore(lasting(createMemoryStore()))
    const { room, keyId } = await audited(store)
    const long = 'r'.repeat(LIMITS.requestIdLengthMax - 4)
    const principal = 'p'.repeat(LIMITS.principalLengthMax)
    const ids = Array.from({ length: 30 }, (_, i) => `${long}${String(i).padStart(4, '0')}`)
    for (const requestId of ids)
      await codeOf(room.encrypt({ keyId, plaintext: PLAINTEXT, requestId, principal }))
    // The first attempt fails and changes nothing, not even the order.
    store.failNext('commit', 'before')
    expect(await codeOf(entriesOf(room))).toBe('UNAVAILABLE')
    const entries = (await entriesOf(room)).filter(({ uses }) => uses.length > 0)
    expect(entries.length).toBeGreaterThan(1)
    expect(entries.flatMap(({ uses }) => uses.map(({ requestId }) => requestId))).toEqual(ids)
    await room.close()
  })

  test('what is used while a write fails comes after what failed', async () => {
    let during: (() => Promise<unknown>) | undefined
    const wait = async ({ method }: FaultyCall): Promise<void> => {
      if (method !== 'commit') return
      const use = during
      during = undefined
      await use?.()
    }
    const store = faultyStore(lasting(createMemoryStore()), { wait })
    const { room, keyId } = await audited(store)
    const use = (requestId: string) => room.encrypt({ keyId, plaintext: PLAINTEXT, requestId })
    await use('first')
    during = () => use('second')
    store.failNext('commit', 'before')
    expect(await codeOf(room.tick())).toBe('UNAVAILABLE')
    await use('third')
    const ids = (await usesIn(room)).map(({ requestId }) => requestId)
    expect(ids).toEqual(['first', 'second', 'third'])
    await room.close()
  })

  test('tick, a checkpoint and verify write what waits', async () => {
    const { room, keyId } = await audited()
    const steps = [() => room.tick(), () => room.checkpoint(), () => room.verify()]
    for (const [i, step] of steps.entries()) {
      await room.encrypt({ keyId, plaintext: PLAINTEXT })
      expect(room.head().sequence).toBe(BigInt(i) + 2n)
      await step()
      expect(room.head().sequence).toBe(BigInt(i) + 3n)
    }
    await room.close()
  })
})

describe('none is lost', () => {
  test('at close', async () => {
    const { room, keyId, again } = await audited()
    const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    await room.decrypt({ ciphertext })
    const under = [room.encrypt({ keyId, plaintext: PLAINTEXT }), room.decrypt({ ciphertext })]
    const reopened = await again()
    await Promise.all(under)
    expect((await told(reopened)).sort()).toEqual([
      'decrypt ok',
      'decrypt ok',
      'encrypt ok',
      'encrypt ok',
    ])
    await reopened.close()
  })

  const poisoned = async (): Promise<Audited & { readonly faulty: FaultyStore }> => {
    const faulty = faultyStore(lasting(createMemoryStore()), { poison: true })
    return { ...(await audited(faulty)), faulty }
  }

  test('by a store that fails: they wait for its recovery', async () => {
    const { room, keyId, faulty } = await poisoned()
    await room.encrypt({ keyId, plaintext: PLAINTEXT })
    faulty.failNext('commit', 'unknown')
    expect(await codeOf(room.tick())).toBe('OUTCOME_UNKNOWN')
    await room.encrypt({ keyId, plaintext: PLAINTEXT })
    expect(await codeOf(room.tick())).toBe('UNAVAILABLE')
    await room.recover()
    expect(await told(room)).toEqual(['encrypt ok', 'encrypt ok'])
    await room.close()
  })

  test('by a lost reply: told twice rather than never', async () => {
    const { room, keyId, faulty } = await poisoned()
    await room.encrypt({ keyId, plaintext: PLAINTEXT })
    faulty.failNext('commit', 'after')
    expect(await codeOf(room.tick())).toBe('OUTCOME_UNKNOWN')
    await room.recover()
    expect(await told(room)).toEqual(['encrypt ok', 'encrypt ok'])
    await room.close()
  })

  test('a close that cannot write them says so', async () => {
    const { room, keyId, faulty } = await poisoned()
    await room.encrypt({ keyId, plaintext: PLAINTEXT })
    faulty.failNext('commit', 'unknown')
    expect(await codeOf(room.close())).toBe('OUTCOME_UNKNOWN')
    expect(await codeOf(room.encrypt({ keyId, plaintext: PLAINTEXT }))).toBe('CLOSED')
  })

  test('by too many: when no more may wait, no more is served, on either way', async () => {
    const { room, keyId, faulty } = await poisoned()
    await room.encrypt({ keyId, plaintext: PLAINTEXT })
    faulty.failNext('commit', 'unknown')
    expect(await codeOf(room.tick())).toBe('OUTCOME_UNKNOWN')
    let served = 1
    const use = (more: object = {}) => room.encrypt({ keyId, plaintext: PLAINTEXT, ...more })
    while (served <= LIMITS.waitingUsesMax && (await codeOf(use())) === 'ok') served++
    expect(served).toBe(LIMITS.waitingUsesMax)
    expect(await codeOf(use({ requestId: 'r' }))).toBe('UNAVAILABLE')
    await room.recover()
    expect(await codeOf(use())).toBe('ok')
    expect(await told(room)).toHaveLength(served + 1)
    await room.close()
  })

  test('by a store that fails at any call of a use: what was served is told', async () => {
    const faulty = faultyStore(lasting(createMemoryStore()))
    const { room, keyId, vaultId, again } = await audited(faulty)
    await room.createAlias({ keyId, name: 'alias/k' })
    const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    const outcomes: string[] = []
    let served = 0
    for (let nth = 1, met = true; met; nth++) {
      // Nothing of it is in memory.
      const cold = await again()
      const at = faulty.calls.length + nth
      faulty.plan({ method: 'any', nth: at, kind: 'before' })
      const use = nth % 2 === 0 ? { keyId: 'alias/k', vaultId, ciphertext } : { ciphertext }
      outcomes.push(await codeOf(cold.decrypt(use)))
      if (outcomes.at(-1) === 'ok') served++
      met = faulty.calls.length >= at
      faulty.heal()
      await cold.close()
    }
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'UNAVAILABLE']))
    const last = await again()
    const ok = (await told(last)).filter((use) => use === 'decrypt ok')
    expect(ok).toHaveLength(served)
    await last.close()
  })
})

test('a key that is destroyed keeps what was told of it', async () => {
  const { room, keyId, clock } = await audited()
  await room.encrypt({ keyId, plaintext: PLAINTEXT })
  await room.scheduleKeyDeletion({ keyId, deletionAt: new Date(clock.now() + 7 * DAY_MS) })
  clock.advance({ days: 7 })
  expect(await codeOf(room.encrypt({ keyId, plaintext: PLAINTEXT }))).toBe('INVALID_STATE')
  await room.tick()
  expect(await told(room)).toEqual(['encrypt ok', 'encrypt INVALID_STATE'])
  await room.close()
})
