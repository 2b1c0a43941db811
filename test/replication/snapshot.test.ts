/** A replica from nothing: while the primary goes on, after its journal was let go, and with the room busy otherwise. */
import { describe, expect, test } from 'vitest'
import { Strongroom, type ReplicationLink } from '../../src/index.ts'
import { parsePath } from '../../src/format/paths.ts'
import { PORTABLE_LIMITS } from '../../src/store/limits.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { codeOf, lasting, rowsOf, SEAL } from '../engine/support.ts'
import { sharedProvider } from '../helpers/provider.ts'
import {
  common,
  connect,
  expectPair,
  expectSame,
  failing,
  followed,
  furnished,
  headIn,
  PLAINTEXT,
} from './pair.ts'

/** Does something before each question is carried. */
const meanwhile =
  (act: (nth: number) => Promise<unknown>) =>
  (link: ReplicationLink): ReplicationLink => {
    let nth = 0
    return {
      exchange: async (question) => {
        await act(nth++)
        return link.exchange(question)
      },
    }
  }

/** Enough records for several pages. */
async function filled(us: Strongroom, vaultId: string, keys: number) {
  const description = 'x'.repeat(8192)
  const making = Array.from({ length: keys }, (_, i) =>
    us.createKey({ vaultId, displayName: `k ${i}`, description, spec: 'AES_256' }),
  )
  return Promise.all(making)
}

describe('while the primary writes all the time', () => {
  test('the pages come to one moment: every shared byte is the same', async () => {
    let write: (nth: number) => Promise<unknown> = async () => undefined
    const made = await furnished({ link: meanwhile((nth) => write(nth)) })
    const { us, eu, vaultId, keyId, ciphertext } = made
    const keys = await filled(us, vaultId, 200)
    let writes = 0
    // Into pages that were taken, into pages that are still to come, and away with what was taken.
    write = async (nth) => {
      if (nth > 6) return
      writes++
      await us.tagKey({ keyId: keys[nth]!.id, tags: { at: `${nth}` } })
      await us.createKeyVersion({ keyId: keys.at(-1 - nth)!.id })
      await us.createAlias({ keyId: keys[nth]!.id, name: `alias/n${nth}` })
      if (nth > 0) await us.deleteAlias({ vaultId, name: `alias/n${nth - 1}` })
      await us.createKey({ vaultId, displayName: `late ${nth}`, spec: 'EC_P256' })
      await us.updateVault({ vaultId, displayName: `shop ${nth}` })
    }
    expect(await followed(eu, vaultId)).toMatchObject({ snapshot: true })
    expect(writes).toBeGreaterThan(3)
    await expectPair(made, vaultId)
    expect((await eu.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
    expect((await eu.getKey({ keyId })).id).toBe(keyId)
    const sealed = await us.encrypt({ keyId: keys.at(-2)!.id, plaintext: PLAINTEXT })
    expect((await eu.decrypt(sealed)).plaintext).toEqual(PLAINTEXT)
  })

  test('a page that shows a commit before memory hears of it still ends where it says', async () => {
    // The primary's store keeps its reply: rows are there, the head in memory is not.
    const inner = lasting(createMemoryStore())
    let hold: Promise<void> | undefined
    const slow = new Proxy(inner, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (name !== 'commit') return value
        return async (asked: Parameters<typeof inner.commit>[0]) => {
          const answer = await target.commit(asked)
          await hold
          return answer
        }
      },
    })
    const made = await furnished({ stores: { us: slow } })
    const { us, eu, vaultId, keyId, stores } = made
    let release = (): void => undefined
    hold = new Promise((resolve) => (release = resolve))
    const writing = us.updateKey({ keyId, description: 'in the store, not in memory' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    const round = eu.replicate()
    setTimeout(release, 20)
    hold = undefined
    await writing
    expect((await round)[0]!.failure).toBeUndefined()
    await followed(eu, vaultId)
    await expectSame(inner, stores.eu, vaultId)
  })
})

describe('after the journal was let go', () => {
  test('a replica that is behind starts anew and ends where the primary is', async () => {
    const made = await furnished()
    const { us, eu, vaultId, keyId } = made
    await followed(eu, vaultId)
    await us.updateKey({ keyId, description: 'missed' })
    await us.pruneJournal({ until: us.head().sequence })
    expect(await followed(eu, vaultId)).toMatchObject({ snapshot: true, dropped: false })
    await expectPair(made, vaultId)
    expect((await eu.getKey({ keyId })).description).toBe('missed')
  })

  test('in the middle of a snapshot, again and again: the round gives up and leaves nothing', async () => {
    let prune = false
    const made = await furnished({
      link: meanwhile(async () => {
        if (!prune) return
        await made.us.updateKey({ keyId: made.keyId, description: `${made.us.head().sequence}` })
        await made.us.pruneJournal({ until: made.us.head().sequence })
      }),
    })
    const { us, eu, vaultId, stores } = made
    await filled(us, vaultId, 150)
    prune = true
    expect(await failing(eu)).toBe('UNAVAILABLE')
    prune = false
    expect(await codeOf(eu.getVault({ vaultId }))).toBe('NOT_FOUND')
    expect((await rowsOf(stores.eu)).filter(({ key }) => parsePath(key)?.vaultId).length).toBe(0)
    await followed(eu, vaultId)
    await expectPair(made, vaultId)
  })
})

describe('a room with a replica on its way', () => {
  test('goes on with everything else, and loses no key of what is coming', async () => {
    let act: (nth: number) => Promise<unknown> = async () => undefined
    const made = await furnished({ link: meanwhile((nth) => act(nth)) })
    const { us, eu, vaultId, ciphertext } = made
    await filled(us, vaultId, 150)
    const { id: own } = await eu.createVault({ displayName: 'own' })
    const doomed = await eu.createKey({ vaultId: own, displayName: 'd', spec: 'AES_256' })
    const seen: string[] = []
    act = async (nth) => {
      if (nth !== 2) return
      // Half of it lies there: nobody sees it, a tick and a destruction do not trip over it.
      seen.push(await codeOf(eu.getVault({ vaultId })))
      seen.push(...(await eu.listVaults({})).items.map(({ displayName }) => displayName))
      await eu.tick()
      await eu.destroyKey({ keyId: doomed.id })
      seen.push((await eu.verify()).finding?.what ?? 'whole')
    }
    await followed(eu, vaultId)
    expect(seen).toEqual(['NOT_FOUND', 'own', 'whole'])
    expect((await eu.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
    await expectPair(made, vaultId)
  })

  test('that is asked for it all the time still gets it', async () => {
    const { us, eu, vaultId } = await furnished()
    await filled(us, vaultId, 20)
    let going = true
    const asking = (async () => {
      const codes = new Set<string>()
      while (going) {
        codes.add(await codeOf(eu.getVault({ vaultId })))
        await new Promise((resolve) => setImmediate(resolve))
      }
      return codes
    })()
    await followed(eu, vaultId).finally(() => (going = false))
    expect([...(await asking)].every((code) => ['ok', 'NOT_FOUND'].includes(code))).toBe(true)
    expect((await eu.getVault({ vaultId })).role).toBe('replica')
  })

  test('whose link breaks half way leaves nothing, and the next round begins again', async () => {
    let broken = true
    const made = await furnished({
      link: meanwhile(async (nth) => {
        if (broken && nth === 2) throw new Error('cut')
      }),
    })
    const { us, eu, vaultId, stores } = made
    await filled(us, vaultId, 200)
    expect(await failing(eu)).toBe('UNAVAILABLE')
    expect((await rowsOf(stores.eu)).filter(({ key }) => parsePath(key)?.vaultId).length).toBe(0)
    broken = false
    await followed(eu, vaultId)
    await expectPair(made, vaultId)
  })

  test('is not there for its primary before it is whole', async () => {
    let act: (nth: number) => Promise<unknown> = async () => undefined
    const { us, eu, vaultId, keyId } = await furnished({ link: meanwhile((nth) => act(nth)) })
    await filled(us, vaultId, 150)
    const { replicationId } = await us.updateKey({ keyId, description: 'early' })
    const asked = { vaultId, replicationId: replicationId! }
    const statuses: string[] = []
    act = async () => {
      await us.updateKey({ keyId, description: `${statuses.length}` })
      const [replica] = (await us.getReplicationStatus(asked)).replicas
      statuses.push(
        `${(await us.listVaultReplicas({ vaultId })).items[0]!.status} ${replica!.status}`,
      )
    }
    await followed(eu, vaultId)
    expect(statuses.slice(0, 4)).toEqual(Array(4).fill('CREATING REPLICATING'))
    expect(await us.getReplicationStatus(asked)).toMatchObject({
      replicas: [{ status: 'REPLICATED' }],
    })
    expect((await us.listVaultReplicas({ vaultId })).items[0]!.status).toBe('CREATED')
  })
})

test('a store that takes little at a time takes a whole vault', async () => {
  const made = await furnished({
    stores: { eu: lasting(createMemoryStore({ limits: PORTABLE_LIMITS })) },
  })
  const { us, eu, vaultId } = made
  await filled(us, vaultId, 200)
  await followed(eu, vaultId)
  await expectPair(made, vaultId)
  await us.deleteVaultReplica({ vaultId, region: 'eu' })
  expect(await followed(eu, vaultId)).toMatchObject({ dropped: true })
  expect((await eu.verify()).finding).toBeUndefined()
})

test('after a restart the follower goes on where it was', async () => {
  const { us, eu, vaultId, keyId, stores, clock } = await furnished()
  await followed(eu, vaultId)
  await us.updateKey({ keyId, description: 'while away' })
  const { seq } = (await headIn(stores.eu, vaultId))!
  await eu.close()
  const again = await Strongroom.open({ ...(await common(clock)), store: stores.eu, region: 'eu' })
  connect(us, again)
  const round = await followed(again, vaultId)
  expect(round).toMatchObject({ snapshot: false, applied: 1 })
  expect(round.sequence).toBe(seq + 1n)
  await expectPair({ us, eu: again, clock, stores }, vaultId)
})

test('a room of another realm is refused by either side', async () => {
  const { us, vaultId } = await furnished()
  const crypto = await sharedProvider()
  const foreign = await Strongroom.open({ crypto, seal: SEAL, region: 'eu' })
  connect(us, foreign)
  expect((await foreign.replicate())[0]!.failure?.code).toBe('INTEGRITY')
  expect(await codeOf(foreign.getVault({ vaultId }))).toBe('NOT_FOUND')
  expect((await us.listVaultReplicas({ vaultId })).items[0]!.status).toBe('CREATING')
})
