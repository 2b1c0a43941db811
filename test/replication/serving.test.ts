/** What a replica does by itself: it serves, shows what time has decided, and makes nothing. */
import { describe, expect, test } from 'vitest'
import { Strongroom } from '../../src/index.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { loot } from '../campaigns/attacker.ts'
import { imageOf, remembering } from '../campaigns/history.ts'
import { parsePath } from '../../src/format/paths.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { codeOf, lasting, rowsOf } from '../engine/support.ts'
import {
  common,
  expectPair,
  expectSame,
  expectWhole,
  followed,
  furnished,
  headIn,
  PLAINTEXT,
} from './pair.ts'

describe('time at a replica', () => {
  test('shows a due rotation as it is at the primary, once that has made it', async () => {
    const made = await furnished()
    const { us, eu, clock, vaultId } = made
    const rotation = { everyDays: 1 }
    const { id: keyId } = await us.createKey({
      vaultId,
      displayName: 'r',
      spec: 'AES_256',
      rotation,
    })
    await followed(eu, vaultId)
    clock.advance({ days: 3 })
    // Reads, uses, and a refused write: none of them makes a version, none of them hangs.
    const { currentVersionId } = await eu.getKey({ keyId })
    expect((await eu.encrypt({ keyId, plaintext: PLAINTEXT })).versionId).toBe(currentVersionId)
    expect(await codeOf(eu.disableKey({ keyId }))).toBe('READ_ONLY_REPLICA')
    expect((await eu.tick()).rotated).toBe(0)
    expect((await us.tick()).rotated).toBeGreaterThan(0)
    await followed(eu, vaultId)
    expect((await eu.getKey({ keyId })).currentVersionId).not.toBe(currentVersionId)
    await expectPair(made, vaultId)
  })

  test('a due rotation at a store that takes no writes refuses a change, and does not ask for ever', async () => {
    const store = faultyStore(lasting(createMemoryStore()))
    const { us, vaultId, clock } = await furnished({ stores: { us: store } })
    const rotation = { everyDays: 1 }
    const { id: keyId } = await us.createKey({
      vaultId,
      displayName: 'r',
      spec: 'AES_256',
      rotation,
    })
    store.failNext('commit', 'unknown')
    expect(await codeOf(us.updateKey({ keyId, description: 'lost' }))).toBe('OUTCOME_UNKNOWN')
    clock.advance({ days: 3 })
    expect(await codeOf(us.disableKey({ keyId }))).toBe('UNAVAILABLE')
    expect(await codeOf(us.encrypt({ keyId, plaintext: PLAINTEXT }))).toBe('ok')
    await us.recover()
    expect(await codeOf(us.disableKey({ keyId }))).toBe('ok')
  })

  test('a deletion that is due is due there too, and destroys when the primary does', async () => {
    const made = await furnished()
    const { us, eu, clock, vaultId, keyId, ciphertext } = made
    await followed(eu, vaultId)
    await us.scheduleKeyDeletion({ keyId })
    await followed(eu, vaultId)
    clock.advance({ days: 31 })
    expect((await eu.getKey({ keyId })).state).toBe('deleted')
    expect(await codeOf(eu.decrypt({ ciphertext }))).toBe('INVALID_STATE')
    expect((await eu.tick()).destroyedKeys).toBe(0)
    await us.tick()
    await followed(eu, vaultId)
    await expectPair(made, vaultId)
  })
})

describe('the journal is the primary’s', () => {
  test('uses at a replica are not in it; the uses of the primary all are', async () => {
    const made = await furnished({ us: { audit: 'all' }, eu: { audit: 'all' } })
    const { us, eu, vaultId, keyId, stores } = made
    await followed(eu, vaultId)
    for (let i = 0; i < 3; i++) await us.encrypt({ keyId, plaintext: PLAINTEXT })
    const before = await headIn(stores.eu, vaultId)
    for (let i = 0; i < 3; i++) await eu.encrypt({ keyId, plaintext: PLAINTEXT })
    await eu.tick()
    expect(await headIn(stores.eu, vaultId)).toEqual(before)
    const used = async (room: Strongroom): Promise<number> => {
      let count = 0
      for await (const { uses } of room.journal({ vaultId })) count += uses.length
      return count
    }
    expect(await used(us)).toBe(4)
    await followed(eu, vaultId)
    expect(await used(eu)).toBe(4)
    await us.deleteVaultReplica({ vaultId, region: 'eu' })
    await eu.encrypt({ keyId, plaintext: PLAINTEXT })
    await followed(eu, vaultId)
    await expectWhole(eu, stores.eu)
    await eu.close()
  })
})

describe('what hangs on a vault', () => {
  test('its wrapping key is shown; imports go to the primary', async () => {
    const { us, eu, vaultId } = await furnished()
    await followed(eu, vaultId)
    expect(await codeOf(eu.getWrappingKey({ vaultId }))).toBe('READ_ONLY_REPLICA')
    const wrapping = await us.getWrappingKey({ vaultId })
    await followed(eu, vaultId)
    expect(await eu.getWrappingKey({ vaultId })).toEqual(wrapping)
    const asked = {
      vaultId,
      displayName: 'i',
      spec: 'AES_256',
      wrapping: 'RSA_OAEP_SHA_256',
      wrapped: new Uint8Array(512),
    } as const
    expect(await codeOf(eu.importKey(asked))).toBe('READ_ONLY_REPLICA')
  })

  test('a hot key of the replica hears of every change', async () => {
    const { us, eu, vaultId, keyId, ciphertext } = await furnished()
    await followed(eu, vaultId)
    const use = () => codeOf(eu.decrypt({ ciphertext }))
    for (let i = 0; i < 3; i++) expect(await use()).toBe('ok')
    await us.disableKey({ keyId })
    await followed(eu, vaultId)
    expect(await use()).toBe('INVALID_STATE')
    await us.enableKey({ keyId })
    await followed(eu, vaultId)
    for (let i = 0; i < 3; i++) expect(await use()).toBe('ok')
    await us.scheduleVaultDeletion({ vaultId })
    await followed(eu, vaultId)
    expect(await use()).toBe('INVALID_STATE')
    await us.cancelVaultDeletion({ vaultId })
    const { id: other } = await us.createKey({ vaultId, displayName: 'b', spec: 'AES_256' })
    await us.updateAlias({ vaultId, name: 'alias/a', keyId: other })
    await followed(eu, vaultId)
    expect(await use()).toBe('ok')
    expect((await eu.getKey({ keyId: 'alias/a' })).id).toBe(other)
  })

  test('raw AES-GCM is counted at each store, in its share', async () => {
    const { us, eu, vaultId, keyId, stores } = await furnished()
    await followed(eu, vaultId)
    const algorithm = 'AES_GCM' as const
    const rowsOfCounters = async (store: Store) =>
      (await rowsOf(store)).filter(({ key }) => parsePath(key)?.kind === 'counter').length
    await us.encrypt({ keyId, plaintext: PLAINTEXT, algorithm })
    await followed(eu, vaultId)
    expect([await rowsOfCounters(stores.us), await rowsOfCounters(stores.eu)]).toEqual([1, 0])
    await eu.encrypt({ keyId, plaintext: PLAINTEXT, algorithm })
    expect(await rowsOfCounters(stores.eu)).toBe(1)
    await followed(eu, vaultId)
    await expectWhole(eu, stores.eu)
    await expectSame(stores.us, stores.eu, vaultId)
  })
})

describe('destroyed means gone at the replica', () => {
  /** Every version that whoever holds the seal, all old rows and the side files of now can read. */
  async function remains(history: ReturnType<typeof remembering>) {
    const erase = [(await history.store.sidecar!.read('erase'))!]
    return (await loot([...history.images, await imageOf(history.store)], erase)).size
  }
  const remembered = () => remembering(lasting(createMemoryStore()))

  test('a key, a version, a vault', async () => {
    const history = remembered()
    const made = await furnished({ stores: { eu: history.store } })
    const { us, eu, vaultId, keyId, clock } = made
    const { id: other } = await us.createKey({ vaultId, displayName: 'b', spec: 'AES_256' })
    const first = (await us.getKey({ keyId: other })).currentVersionId!
    await us.createKeyVersion({ keyId: other })
    await followed(eu, vaultId)
    expect(await remains(history)).toBe(3)
    await us.destroyKey({ keyId })
    await followed(eu, vaultId)
    expect(await remains(history)).toBe(2)
    await us.scheduleKeyVersionDeletion({ keyId: other, versionId: first })
    clock.advance({ days: 31 })
    await us.tick()
    await followed(eu, vaultId)
    expect(await remains(history)).toBe(1)
    await us.scheduleVaultDeletion({ vaultId })
    clock.advance({ days: 31 })
    await us.tick()
    await followed(eu, vaultId)
    expect(await remains(history)).toBe(0)
    await expectPair(made, vaultId)
  })

  test('what lay in a page of the snapshot for a moment', async () => {
    const history = remembered()
    let destroy: () => Promise<unknown> = async () => undefined
    const made = await furnished({
      stores: { eu: history.store },
      link: (link) => ({
        exchange: async (question) => {
          const answer = await link.exchange(question)
          await destroy()
          return answer
        },
      }),
    })
    const { us, eu, vaultId, keyId } = made
    const description = 'x'.repeat(8192)
    for (let i = 0; i < 140; i++)
      await us.createKey({ vaultId, displayName: `${i}`, spec: 'AES_256', description })
    let nth = 0
    destroy = async () => {
      if (++nth === 2) await us.destroyKey({ keyId })
    }
    await followed(eu, vaultId)
    expect(nth).toBeGreaterThan(3)
    expect(await remains(history)).toBe(140)
    await expectPair(made, vaultId)
  })

  test('the replica itself', async () => {
    const history = remembered()
    const { us, eu, vaultId } = await furnished({ stores: { eu: history.store } })
    await followed(eu, vaultId)
    await us.deleteVaultReplica({ vaultId, region: 'eu' })
    await followed(eu, vaultId)
    expect(await remains(history)).toBe(0)
  })

  test('also when the sweep was cut off and the replica was promoted since', async () => {
    const history = remembered()
    const store = faultyStore(history.store)
    const { us, eu, vaultId, keyId, clock } = await furnished({ stores: { eu: store } })
    await followed(eu, vaultId)
    await us.destroyKey({ keyId })
    store.failNext('sidecar.write', 'before')
    store.plan({ method: 'sidecar.scrub', nth: 1, kind: 'before', lasting: true })
    await eu.replicate()
    store.heal()
    await eu.close()
    const again = await Strongroom.open({
      ...(await common(clock)),
      store: history.store,
      region: 'eu',
    })
    expect((await again.promoteVaultReplica({ vaultId, force: true })).role).toBe('primary')
    await again.tick()
    expect(await remains(history)).toBe(0)
    expect((await headIn(history.store, vaultId))!.sweepOwed).toBe(false)
    await expectWhole(again, history.store)
  })
})

test('answers of different rooms are of one mind about a message', async () => {
  const { us, eu, vaultId, stores } = await furnished()
  const { id } = await us.createKey({ vaultId, displayName: 'm', spec: 'EC_P256' })
  await followed(eu, vaultId)
  const message = utf8('m')
  const { signature } = await eu.sign({ keyId: id, message })
  expect((await us.verify({ keyId: id, message, signature })).valid).toBe(true)
  await expectSame(stores.us, stores.eu, vaultId)
})
