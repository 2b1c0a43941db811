/** What the simulation found, each as the shortest story that shows it, with the seed that did. */
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { path } from '../../src/format/paths.ts'
import { roomLink, type ReplicationLink } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore } from '../../src/testing/index.ts'
import { Chance } from '../campaigns/chance.ts'
import { codeOf, lasting } from '../engine/support.ts'
import { another, followed, pair } from '../replication/pair.ts'

const PLAINTEXT = utf8('across the sea')

/** A vault in `us` with one key, which `eu` follows. */
async function followedVault(options: Parameters<typeof pair>[0] = {}) {
  const made = await pair(options)
  const { us, eu } = made
  const { id: vaultId } = await us.createVault({ displayName: 'shop' })
  const { id: keyId } = await us.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
  await us.createVaultReplica({ vaultId, region: 'eu' })
  await followed(eu, vaultId)
  return { ...made, vaultId, keyId }
}

describe('a replica that followed entries and was let go (seed 6)', () => {
  async function letGo() {
    const made = await followedVault()
    const { us, eu, vaultId, keyId } = made
    await us.tagKey({ keyId, tags: { a: 'b' } })
    await followed(eu, vaultId)
    await us.deleteVaultReplica({ vaultId, region: 'eu' })
    expect(await followed(eu, vaultId)).toMatchObject({ dropped: true })
    return made
  }

  test('leaves a store that verifies, and a journal that reads', async () => {
    const { us, eu, vaultId, keyId } = await letGo()
    expect((await eu.verify()).finding).toBeUndefined()
    for await (const entry of eu.journal()) expect(entry.vaultId).not.toBe(vaultId)
    await us.createVaultReplica({ vaultId, region: 'eu' })
    await followed(eu, vaultId)
    await us.untagKey({ keyId, tagNames: ['a'] })
    await followed(eu, vaultId)
    expect((await eu.verify()).finding).toBeUndefined()
    const operations: string[] = []
    for await (const { operation } of eu.journal()) operations.push(operation)
    expect(operations).toContain('untagKey')
    expect(operations).not.toContain('tagKey')
  })

  test('and an entry that is missing otherwise is still found', async () => {
    const { us, eu, vaultId, keyId, stores } = await letGo()
    await us.createVaultReplica({ vaultId, region: 'eu' })
    await followed(eu, vaultId)
    await us.untagKey({ keyId, tagNames: ['a'] })
    const { sequence } = await followed(eu, vaultId)
    const missing = [path.journal(vaultId, sequence!)]
    await stores.eu.commit({ checks: [], puts: [], dels: missing, token: new Uint8Array(16) })
    expect((await eu.verify()).finding?.what).toBe('the entry of a commit is missing')
    const read = async (): Promise<void> => {
      for await (const entry of eu.journal()) expect(entry.vaultId).toBe(vaultId)
    }
    expect(await codeOf(read())).toBe('INTEGRITY')
  })
})

test('the end of a vault reaches its replica (seed 114)', async () => {
  const { us, eu, clock, vaultId, keyId } = await followedVault()
  const { id: second } = await us.createKey({ vaultId, displayName: 'b', spec: 'AES_256' })
  const sealed = await us.encrypt({ keyId: second, plaintext: PLAINTEXT })
  await us.scheduleVaultDeletion({ vaultId })
  clock.advance({ days: 31 })
  await us.tick()
  await followed(eu, vaultId)
  expect((await eu.getVault({ vaultId })).state).toBe('deleted')
  expect(await codeOf(eu.decrypt({ ciphertext: sealed.ciphertext }))).toBe('INVALID_STATE')
  expect((await eu.getKey({ keyId })).state).toBe('deleted')
  expect((await eu.verify()).finding).toBeUndefined()
})

test('no snapshot shows the rows of a write that nobody knows of (seed 347)', async () => {
  const store = faultyStore(lasting(createMemoryStore()), { poison: true })
  const { us, eu, clock, vaultId, keyId } = await followedVault({ us: { store } })
  const { room: there } = await another(us, 'asia', clock)
  there.linkRegion('us', roomLink(us))
  await us.deleteVaultReplica({ vaultId, region: 'eu' })
  await followed(eu, vaultId)
  await us.createVaultReplica({ vaultId, region: 'asia' })
  store.failNext('commit', 'after')
  expect(await codeOf(us.tagKey({ keyId, tags: { a: 'b' } }))).toBe('OUTCOME_UNKNOWN')
  const [refused] = await there.replicate()
  expect(refused?.failure?.code).toBe('UNAVAILABLE')
  expect(await codeOf(there.getVault({ vaultId }))).toBe('NOT_FOUND')
  await us.recover()
  expect(await followed(there, vaultId)).toMatchObject({ snapshot: true })
  expect((await there.getKey({ keyId })).tags).toEqual({ a: 'b' })
  await there.close()
})

describe('a promotion', () => {
  test('that was cut off goes on when the vault has fallen due (seed 1073)', async () => {
    let lost = false
    const { us, eu, clock, vaultId, keyId } = await followedVault({
      link: (link) => ({
        exchange: async (question) => {
          const answer = await link.exchange(question)
          if (lost && (await us.getVault({ vaultId })).role === 'replica') throw new Error('lost')
          return answer
        },
      }),
    })
    await us.scheduleVaultDeletion({ vaultId })
    await followed(eu, vaultId)
    lost = true
    expect(await codeOf(eu.promoteVaultReplica({ vaultId }))).toBe('UNAVAILABLE')
    expect((await eu.getVault({ vaultId })).role).toBe('replica')
    clock.advance({ days: 31 })
    lost = false
    expect((await eu.promoteVaultReplica({ vaultId })).role).toBe('primary')
    expect(await eu.tick()).toMatchObject({ destroyedVaults: 1 })
    await followed(us, vaultId)
    expect((await us.getKey({ keyId })).state).toBe('deleted')
  })

  test('asks a fellow replica once, and then whoever leads (seed 7)', async () => {
    const { us, eu, clock, vaultId } = await followedVault({ us: { replicasMax: 2 } })
    const { room: asia } = await another(us, 'asia', clock)
    let asked = 0
    const counted: ReplicationLink = {
      exchange: (question) => {
        asked++
        return eu.answerReplication(question)
      },
    }
    asia.linkRegion('eu', counted)
    asia.linkRegion('us', roomLink(us))
    await us.createVaultReplica({ vaultId, region: 'asia' })
    await followed(asia, vaultId)
    await followed(eu, vaultId)
    asked = 0
    expect((await asia.promoteVaultReplica({ vaultId })).role).toBe('primary')
    expect(asked).toBeLessThan(10)
    await asia.close()
  })
})

test('keys travel while a sweep wraps them anew (seed 539)', async () => {
  const chance = new Chance(539)
  // The store is slow, now and then: the sweep and the snapshot get ahead of each other.
  const wait = async (): Promise<void> => {
    for (let n = chance.below(20); n > 0; n--) await Promise.resolve()
  }
  const store = faultyStore(lasting(createMemoryStore()), { wait })
  const { us, eu, vaultId } = await followedVault({ stores: { us: store } })
  for (let round = 0; round < 12; round++) {
    const made: string[] = []
    for (let n = 0; n < 4; n++)
      made.push((await us.createKey({ vaultId, displayName: `${n}`, spec: 'AES_256' })).id)
    await us.deleteVaultReplica({ vaultId, region: 'eu' })
    await followed(eu, vaultId)
    await us.createVaultReplica({ vaultId, region: 'eu' })
    const [, [one]] = await Promise.all([us.destroyKey({ keyId: made[0]! }), eu.replicate()])
    expect(one?.failure).toBeUndefined()
  }
})
