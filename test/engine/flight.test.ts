/** Many operations at once over a store that takes its time: nothing waits for ever, nothing answers too early, nothing is lost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Key } from '../../src/engine/api.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { StoreError } from '../../src/store/store.ts'
import { faultyStore, type FaultyMethod, type FaultyStore } from '../../src/testing/faulty-store.ts'
import { complaints } from './audit.ts'
import { codeOf, lasting, stage, type Room, type Stage } from './support.ts'

const PLAINTEXT = utf8('in flight')
const AES = { displayName: 'k', spec: 'AES_256' } as const

/** A store whose commits take a moment before and after they happen, so that reads fall between. */
function slowStore(ms = 1): FaultyStore {
  const wait = async ({ method }: { readonly method: string }): Promise<unknown> =>
    method === 'commit' || method === 'sidecar.write' ? sleep(ms) : undefined
  return faultyStore(lasting(createMemoryStore()), { wait: wait as never })
}

/** A store whose next call of a method is held until `release`, and then happens or fails. */
function gatedStore(held: FaultyMethod = 'commit') {
  let gate: Promise<void> | undefined
  let open: (failure?: Error) => void = () => undefined
  const wait = async ({ method }: { readonly method: string }, moment: string): Promise<void> => {
    if (method !== held || moment !== 'request') return
    const waiting = gate
    gate = undefined
    await waiting
  }
  const store = faultyStore(lasting(createMemoryStore()), { wait })
  const hold = (): void => {
    gate = new Promise((resolve, reject) => {
      open = (failure) => {
        if (failure) reject(failure)
        else resolve()
      }
    })
  }
  return { store, hold, release: (failure?: Error) => open(failure) }
}

/** What has answered after everything that can has. */
async function settled(calls: readonly Promise<unknown>[]): Promise<number> {
  let done = 0
  for (const call of calls) call.finally(() => done++).catch(() => undefined)
  await sleep(20)
  return done
}

/** That a key works, in the room and in the next one. */
async function works(room: Room, keyId: string): Promise<void> {
  const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
  expect((await room.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
}
async function allWhole(on: Stage, keyIds: readonly string[]): Promise<void> {
  expect(await complaints(on.store)).toEqual([])
  const room = await on.again()
  for (const keyId of keyIds) await works(room, keyId)
  await room.close()
}

test('200 operations of all kinds on one vault', async () => {
  const on = await stage(slowStore(0))
  const { room, vaultId } = on
  const { id: keyId } = await room.createKey({ vaultId, ...AES })
  const made: string[] = []
  const numbers: number[] = []
  const kinds: readonly ((i: number) => Promise<unknown>)[] = [
    async () => numbers.push((await room.createKeyVersion({ keyId })).number),
    async (i) => made.push((await room.createKey({ vaultId, ...AES, displayName: `${i}` })).id),
    () => works(room, keyId),
    (i) => room.tagKey({ keyId, tags: { [`t${i % 50}`]: 'x' } }),
    (i) => room.createAlias({ keyId, name: `alias/${i % 40}` }),
    () => room.listKeys({ vaultId }),
    () => room.updateVault({ vaultId, displayName: 'v' }),
    (i) => room.createKey({ vaultId, ...AES, retryToken: `token ${i % 24}` }),
  ]
  const calls = Array.from({ length: 200 }, (_, i) => codeOf(kinds[i % kinds.length]!(i)))
  const codes = new Set(await Promise.all(calls))
  codes.delete('ALREADY_EXISTS') // Two of one alias: one of them came second.
  expect([...codes]).toEqual(['ok'])
  expect([...numbers].sort((a, b) => a - b)).toEqual(numbers.map((_, i) => i + 2))
  expect(new Set(made).size).toBe(25)
  expect(await room.getVaultUsage({ vaultId })).toMatchObject({ keyCount: 1 + 25 + 3 })
  await allWhole(on, [keyId, ...made])
})

test('a large RSA pair in the making holds nobody up', async () => {
  // A pair of its own, which is long in the making; the five after it take a moment.
  const { room, vaultId } = await stage(undefined, { crypto: 'node' })
  const order: string[] = []
  const rsa = { vaultId, displayName: 'rsa', spec: 'RSA_4096' } as const
  const slow = room.createKey(rsa).then(() => order.push('rsa'))
  for (let i = 0; i < 5; i++)
    await room.createKey({ vaultId, ...AES }).then(() => order.push('aes'))
  await slow
  expect(order).toEqual(['aes', 'aes', 'aes', 'aes', 'aes', 'rsa'])
  await room.close()
})

describe('nothing answers before what it saw is durable', () => {
  const ask = (room: Room, vaultId: string): Promise<Key> =>
    room.createKey({ vaultId, ...AES, retryToken: 'once' })

  test('the second of two requests with one token', async () => {
    const { store, hold, release } = gatedStore()
    const { room, vaultId } = await stage(store)
    hold()
    const both = [ask(room, vaultId), ask(room, vaultId)]
    expect(await settled(both)).toBe(0)
    release()
    const [first, second] = await Promise.all(both)
    expect(second).toEqual(first)
    await room.close()
  })

  test('a refusal because of something that is on its way', async () => {
    const { store, hold, release } = gatedStore()
    const { room, vaultId } = await stage(store)
    const { id: keyId } = await room.createKey({ vaultId, ...AES })
    hold()
    const alias = { keyId, name: 'alias/one' }
    const both = [room.createAlias(alias), room.createAlias(alias)]
    expect(await settled(both)).toBe(0)
    release()
    expect(await Promise.all(both.map(codeOf))).toEqual(['ok', 'ALREADY_EXISTS'])
    await room.close()
  })

  test.each(['unavailable', 'unknown'] as const)('all fail together: %s', async (kind) => {
    const { store, hold, release } = gatedStore()
    const on = await stage(store)
    const { room, vaultId } = on
    const { id: keyId } = await room.createKey({ vaultId, ...AES })
    hold()
    const alias = { keyId, name: 'alias/one' }
    const calls = [
      ask(room, vaultId),
      ask(room, vaultId),
      room.createAlias(alias),
      room.createAlias(alias),
      room.disableKey({ keyId }),
      room.disableKey({ keyId }),
    ]
    expect(await settled(calls)).toBe(0)
    release(new StoreError(kind, 'planned'))
    const codes = new Set(await Promise.all(calls.map(codeOf)))
    codes.delete('UNAVAILABLE')
    codes.delete('OUTCOME_UNKNOWN')
    expect([...codes]).toEqual([])
    expect((await room.getKey({ keyId })).state).toBe('enabled')
    if (kind === 'unknown') await room.recover()
    expect(await codeOf(ask(room, vaultId))).toBe('ok')
    expect(await codeOf(room.createAlias(alias))).toBe('ok')
    await allWhole(on, [keyId])
  })
})

describe('close', () => {
  test('finishes what is under way and refuses what comes after', async () => {
    const on = await stage(slowStore())
    const { room, vaultId } = on
    const doomed = await room.createKey({ vaultId, ...AES })
    const living = await room.createKey({ vaultId, ...AES })
    const under = [
      room.createKey({ vaultId, displayName: 'rsa', spec: 'RSA_2048' }),
      room.createKey({ vaultId, ...AES }),
      room.destroyKey({ keyId: doomed.id }),
      room.tick(),
      room.listKeys({ vaultId }),
    ]
    const closing = room.close()
    expect(await codeOf(room.getKey({ keyId: living.id }))).toBe('CLOSED')
    expect(await codeOf(room.tick())).toBe('CLOSED')
    expect(await Promise.all(under.map(codeOf))).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
    await Promise.all([closing, room.close()])
    await allWhole(on, [living.id])
  })
})

describe('recover', () => {
  test('what began before it and ends after it spoils nothing', async () => {
    const on = await stage()
    const { room, vaultId } = on
    for (let i = 0; i < 3; i++) {
      const slow = codeOf(room.createKey({ vaultId, displayName: 'slow', spec: 'RSA_2048' }))
      await sleep(5)
      await room.recover()
      await room.createKey({ vaultId, ...AES })
      expect(['ok', 'UNAVAILABLE']).toContain(await slow)
      await room.createKey({ vaultId, ...AES })
      expect(await complaints(on.store)).toEqual([])
    }
    await allWhole(on, [])
  })

  test('a read that it overtook shows one moment: it began again', async () => {
    const { store, hold, release } = gatedStore('scan')
    const { room, vaultId } = await stage(store)
    const { id: keyId } = await room.createKey({ vaultId, ...AES })
    // The key is found without another scan, so the one that waits is that over its versions.
    await room.getKey({ keyId })
    hold()
    const reading = room.listKeyVersions({ keyId })
    expect(await settled([reading])).toBe(0)
    await room.recover()
    const { id: newest } = await room.createKeyVersion({ keyId })
    release()
    const { items } = await reading
    expect(items.map(({ current }) => current)).toEqual(items.map(({ id }) => id === newest))
    await room.close()
  })

  test('in the middle of everything: each call is done or undone', async () => {
    const on = await stage(slowStore())
    const { room, vaultId } = on
    const { id: keyId } = await room.createKey({ vaultId, ...AES })
    const names = Array.from({ length: 40 }, (_, i) => `k ${i}`)
    const make = async (displayName: string): Promise<string> => {
      await sleep(Math.random() * 30)
      const spec = displayName.endsWith('0') ? 'RSA_2048' : 'AES_256'
      return codeOf(room.createKey({ vaultId, displayName, spec }))
    }
    const calls = names.map(make)
    for (let i = 0; i < 4; i++) {
      await sleep(8)
      await room.recover()
    }
    const codes = await Promise.all(calls)
    expect(codes.filter((code) => code !== 'ok' && code !== 'UNAVAILABLE')).toEqual([])
    const done = names.filter((_, i) => codes[i] === 'ok')
    const { items } = await room.listKeys({ vaultId, limit: 1000 })
    expect(items.map((key) => key.displayName).sort()).toEqual(['k', ...done].sort())
    await allWhole(on, [keyId])
  })
})

describe('a sweep among others', () => {
  test('loses no key and no vault that is made meanwhile', async () => {
    const on = await stage(slowStore(2))
    const { room, vaultId } = on
    const made: string[] = []
    let destroying = true
    const makeKeys = async (): Promise<void> => {
      while (destroying) made.push((await room.createKey({ vaultId, ...AES })).id)
    }
    const makeVaults = async (retryToken?: string): Promise<void> => {
      for (let i = 0; destroying; i++) {
        await sleep(10)
        const token = retryToken === undefined ? {} : { retryToken: `${retryToken} ${i}` }
        const vault = await room.createVault({ displayName: 'v', ...token })
        made.push((await room.createKey({ vaultId: vault.id, ...AES })).id)
      }
    }
    const others = [makeKeys(), makeKeys(), makeKeys(), makeVaults(), makeVaults('token')]
    for (let i = 0; i < 6; i++) {
      const { id: keyId } = await room.createKey({ vaultId, ...AES })
      await room.destroyKey({ keyId })
      expect(await codeOf(room.encrypt({ keyId, plaintext: PLAINTEXT }))).toBe('INVALID_STATE')
    }
    destroying = false
    await Promise.all(others)
    expect(made.length).toBeGreaterThan(20)
    await allWhole(on, made)
  })
})
