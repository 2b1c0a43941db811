/** The primary changes hands: planned, in the middle of writes, through crashes, twice, and by force. */
import { describe, expect, test } from 'vitest'
import { roomLink, Strongroom, type ReplicationLink } from '../../src/index.ts'
import { codeOf } from '../engine/support.ts'
import {
  another,
  common,
  connect,
  expectPair,
  expectSame,
  expectWhole,
  failing,
  followed,
  furnished,
  PLAINTEXT,
} from './pair.ts'

describe('planned', () => {
  test('with writes in flight: whatever was acknowledged is there', async () => {
    const made = await furnished()
    const { us, eu, vaultId } = made
    await followed(eu, vaultId)
    const acknowledged: string[] = []
    const refused = new Set<string>()
    const writing = Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        for (let turn = 0; turn < i % 5; turn++) await new Promise((done) => setImmediate(done))
        const asked = { vaultId, displayName: `k ${i}`, spec: 'AES_256' } as const
        const made = us.createKey(asked)
        const code = await codeOf(made)
        if (code === 'ok') acknowledged.push((await made).id)
        else refused.add(code)
      }),
    )
    const vault = await eu.promoteVaultReplica({ vaultId })
    await writing
    expect(vault.role).toBe('primary')
    expect(acknowledged.length).toBeGreaterThan(0)
    for (const keyId of acknowledged) expect((await eu.getKey({ keyId })).id).toBe(keyId)
    expect([...refused].every((code) => code === 'READ_ONLY_REPLICA')).toBe(true)
    await followed(us, vaultId)
    await expectPair(made, vaultId)
  })

  test('asked twice at once it happens once', async () => {
    const made = await furnished()
    const { us, eu, vaultId } = made
    await followed(eu, vaultId)
    const [a, b] = await Promise.all([
      eu.promoteVaultReplica({ vaultId }),
      eu.promoteVaultReplica({ vaultId }),
    ])
    expect(a).toEqual(b)
    await followed(us, vaultId)
    await expectPair(made, vaultId)
  })

  test('the uses that the former primary served are all in the journal', async () => {
    const { us, eu, vaultId, keyId } = await furnished({ us: { audit: 'all' } })
    await followed(eu, vaultId)
    for (let i = 0; i < 5; i++) await us.encrypt({ keyId, plaintext: PLAINTEXT })
    await eu.promoteVaultReplica({ vaultId })
    let uses = 0
    for await (const entry of eu.journal({ vaultId })) uses += entry.uses.length
    expect(uses).toBe(6)
    await us.close()
  })

  test.each([
    ['the question to step down is lost', 'there'],
    ['its answer is lost', 'back'],
  ])('%s: asking again goes on', async (_, where) => {
    let cut = false
    let questions = 0
    const lossy = (link: ReplicationLink): ReplicationLink => ({
      exchange: async (question) => {
        const nth = ++questions
        if (cut && nth === 3 && where === 'there') throw new Error('lost')
        const answer = await link.exchange(question)
        if (cut && nth === 3 && where === 'back') throw new Error('lost')
        return answer
      },
    })
    const made = await furnished({ link: lossy })
    const { us, eu, vaultId, keyId, stores, clock } = made
    await followed(eu, vaultId)
    cut = true
    questions = 0
    expect(await codeOf(eu.promoteVaultReplica({ vaultId }))).toBe('UNAVAILABLE')
    const stepped = (await us.getVault({ vaultId })).role
    expect(stepped).toBe(where === 'back' ? 'replica' : 'primary')
    expect((await eu.getVault({ vaultId })).role).toBe('replica')
    // Whatever happens to the two meanwhile.
    cut = false
    const open = await common(clock)
    const us2 = await Strongroom.open({ ...open, store: stores.us, region: 'us' })
    const eu2 = await Strongroom.open({ ...open, store: stores.eu, region: 'eu' })
    connect(us2, eu2)
    await eu2.replicate()
    expect((await eu2.promoteVaultReplica({ vaultId })).role).toBe('primary')
    await eu2.disableKey({ keyId })
    await followed(us2, vaultId)
    await expectPair({ us: us2, eu: eu2, clock, stores }, vaultId)
  })

  test('a rotation, a tick and a destruction that are overtaken leave it to the new primary', async () => {
    const made = await furnished()
    const { us, eu, vaultId, keyId, clock } = made
    const rotation = { everyDays: 1 }
    const { id: rotating } = await us.createKey({
      vaultId,
      displayName: 'r',
      spec: 'RSA_2048',
      rotation,
    })
    await followed(eu, vaultId)
    clock.advance({ days: 2 })
    const done = await Promise.all([
      codeOf(us.getKey({ keyId: rotating })),
      codeOf(us.tick()),
      codeOf(us.destroyKey({ keyId })),
      codeOf(eu.promoteVaultReplica({ vaultId })),
    ])
    expect(done[0]).toBe('ok')
    expect(['ok', 'READ_ONLY_REPLICA']).toContain(done[1])
    expect(['ok', 'READ_ONLY_REPLICA', 'OUTCOME_UNKNOWN']).toContain(done[2])
    expect(done[3]).toBe('ok')
    await eu.tick()
    await followed(us, vaultId)
    await us.tick()
    await expectPair(made, vaultId)
    if (done[2] !== 'READ_ONLY_REPLICA') expect((await eu.getKey({ keyId })).state).toBe('deleted')
    expect(await codeOf(us.encrypt({ keyId: rotating, plaintext: PLAINTEXT }))).not.toBe(
      'INTEGRITY',
    )
  })
})

describe('by force', () => {
  test('what had not arrived is lost, and both find out that they went different ways', async () => {
    const { us, eu, vaultId, keyId, stores } = await furnished()
    await followed(eu, vaultId)
    await us.tagKey({ keyId, tags: { lost: 'yes' } })
    expect((await eu.promoteVaultReplica({ vaultId, force: true })).role).toBe('primary')
    expect((await eu.getKey({ keyId })).tags).toEqual({})
    await eu.tagKey({ keyId, tags: { kept: 'yes' } })
    // Both lead, each still offers itself to the other: nothing is taken over.
    expect(await failing(eu)).toBe('DIVERGED')
    await eu.createVaultReplica({ vaultId, region: 'us' })
    expect(await failing(us)).toBe('DIVERGED')
    expect((await us.getKey({ keyId })).tags).toEqual({ lost: 'yes' })
    await expectWhole(us, stores.us)
    await expectWhole(eu, stores.eu)
  })

  test('a fellow that had more than the new primary has diverged; made anew it follows', async () => {
    const { us, eu, vaultId, keyId, stores, clock } = await furnished({ us: { replicasMax: 2 } })
    const { room: asia, store } = await another(us, 'asia', clock)
    connect(us, asia)
    await us.createVaultReplica({ vaultId, region: 'asia' })
    await followed(eu, vaultId)
    await us.tagKey({ keyId, tags: { only: 'in asia' } })
    await followed(asia, vaultId)
    await us.close()
    await eu.promoteVaultReplica({ vaultId, force: true })
    asia.linkRegion('us', undefined)
    asia.linkRegion('eu', roomLink(eu))
    expect(await failing(asia)).toBe('DIVERGED')
    await eu.tagKey({ keyId, tags: { another: 'way' } })
    await eu.tagKey({ keyId, tags: { and: 'on' } })
    expect(await failing(asia)).toBe('DIVERGED')
    expect((await asia.getKey({ keyId })).tags).toEqual({ only: 'in asia' })
    await eu.deleteVaultReplica({ vaultId, region: 'asia' })
    await followed(asia, vaultId)
    await eu.createVaultReplica({ vaultId, region: 'asia' })
    await followed(asia, vaultId)
    await expectSame(stores.eu, store, vaultId)
    await expectWhole(asia, store)
  })
})

describe('with two followers', () => {
  async function three() {
    const made = await furnished({ us: { replicasMax: 2 }, eu: { replicasMax: 2 } })
    const { us, eu, vaultId, clock } = made
    const { room: asia, store } = await another(us, 'asia', clock, { replicasMax: 2 })
    // The fellow comes first in the links of the one that is promoted.
    eu.linkRegion('us', undefined)
    connect(asia, eu)
    connect(us, eu)
    connect(us, asia)
    await us.createVaultReplica({ vaultId, region: 'asia' })
    await followed(eu, vaultId)
    await followed(asia, vaultId)
    return { ...made, asia, asiaStore: store }
  }

  test('one is promoted; the other and the former primary follow it', async () => {
    const { us, eu, asia, vaultId, keyId, stores, asiaStore } = await three()
    await us.tagKey({ keyId, tags: { last: 'write' } })
    expect((await eu.promoteVaultReplica({ vaultId })).role).toBe('primary')
    const regions = (await eu.listVaultReplicas({ vaultId })).items.map(({ region }) => region)
    expect(regions.sort()).toEqual(['asia', 'us'])
    await eu.createKeyVersion({ keyId })
    await us.replicate()
    await asia.replicate()
    await expectSame(stores.eu, stores.us, vaultId)
    await expectSame(stores.eu, asiaStore, vaultId)
    expect((await asia.getKey({ keyId })).tags).toEqual({ last: 'write' })
    await expectWhole(asia, asiaStore)
  })

  test('a fellow that knows of the stepping down never passes for the former primary', async () => {
    const { us, eu, asia, vaultId, stores, asiaStore } = await three()
    // The answer to step down is lost, and the fellow follows the commit of it from the former primary.
    let questions = 0
    eu.linkRegion('asia', undefined)
    eu.linkRegion('us', {
      exchange: async (question) => {
        const answer = await us.answerReplication(question)
        if (++questions === 3) throw new Error('lost')
        return answer
      },
    })
    await eu.replicate()
    questions = 0
    expect(await codeOf(eu.promoteVaultReplica({ vaultId }))).toBe('UNAVAILABLE')
    expect((await us.getVault({ vaultId })).role).toBe('replica')
    // Asking to lead itself it takes over that commit, and is told that it is not the one.
    expect(await codeOf(asia.promoteVaultReplica({ vaultId }))).toBe('UNAVAILABLE')
    eu.linkRegion('us', undefined)
    eu.linkRegion('asia', roomLink(asia))
    eu.linkRegion('us', roomLink(us))
    await eu.promoteVaultReplica({ vaultId })
    const regions = (await eu.listVaultReplicas({ vaultId })).items.map(({ region }) => region)
    expect(regions.sort()).toEqual(['asia', 'us'])
    await us.replicate()
    await asia.replicate()
    await expectSame(stores.eu, stores.us, vaultId)
    await expectSame(stores.eu, asiaStore, vaultId)
  })
})
