/** Random lives of a vault in three rooms: whoever leads, what was acknowledged stays, and all come to be the same. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { roomLink, type Strongroom } from '../../src/index.ts'
import type { Store } from '../../src/store/store.ts'
import { codeOf } from '../engine/support.ts'
import { another, connect, expectSame, expectWhole, furnished, PLAINTEXT } from './pair.ts'

interface Place {
  readonly room: Strongroom
  readonly store: Store
  up: boolean
}
interface Walk {
  readonly places: readonly Place[]
  readonly vaultId: string
  readonly sealed: { readonly keyId: string; readonly ciphertext: Uint8Array }[]
  readonly destroyed: Set<string>
  readonly clock: { advance(by: { readonly hours: number }): void }
  lead: number
}

/** Each step: what it does at the room of a number. */
const STEPS = {
  make: async ({ places, lead, vaultId, sealed }: Walk) => {
    const { room } = places[lead]!
    const asked = { vaultId, displayName: 'walked', spec: 'AES_256' } as const
    const { id: keyId } = await room.createKey(asked)
    const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    sealed.push({ keyId, ciphertext })
  },
  rotate: async ({ places, lead, sealed, destroyed }: Walk, nth: number) => {
    const { keyId } = sealed[nth % sealed.length]!
    if (!destroyed.has(keyId)) await places[lead]!.room.createKeyVersion({ keyId })
  },
  destroy: async ({ places, lead, sealed, destroyed }: Walk, nth: number) => {
    const { keyId } = sealed[nth % sealed.length]!
    await places[lead]!.room.destroyKey({ keyId })
    destroyed.add(keyId)
  },
  follow: async ({ places }: Walk, nth: number) => {
    await places[nth % places.length]!.room.replicate()
  },
  promote: async (walk: Walk, nth: number) => {
    const at = nth % walk.places.length
    const code = await codeOf(walk.places[at]!.room.promoteVaultReplica({ vaultId: walk.vaultId }))
    if (code === 'ok') walk.lead = at
  },
  cut: async ({ places }: Walk, nth: number) => {
    places[nth % places.length]!.up = false
  },
  mend: async ({ places }: Walk) => {
    for (const place of places) place.up = true
  },
  prune: async ({ places, lead }: Walk) => {
    const { room } = places[lead]!
    await room.pruneJournal({ until: room.head().sequence })
  },
  tick: async ({ places, clock }: Walk, nth: number) => {
    clock.advance({ hours: 1 })
    await places[nth % places.length]!.room.tick()
  },
} as const satisfies Record<string, (walk: Walk, nth: number) => Promise<void>>

async function begin(): Promise<Walk> {
  const made = await furnished({ us: { replicasMax: 2 }, eu: { replicasMax: 2 } })
  const { us, eu, clock, vaultId, keyId, ciphertext, stores } = made
  const { room: asia, store } = await another(us, 'asia', clock, { replicasMax: 2 })
  connect(us, asia)
  connect(eu, asia)
  await us.createVaultReplica({ vaultId, region: 'asia' })
  const places: Place[] = [
    { room: us, store: stores.us, up: true },
    { room: eu, store: stores.eu, up: true },
    { room: asia, store, up: true },
  ]
  for (const from of places)
    for (const to of places)
      if (from !== to)
        from.room.linkRegion(to.room.region, {
          exchange: async (question) => {
            if (!to.up || !from.up) throw new Error('cut')
            return roomLink(to.room).exchange(question)
          },
        })
  const sealed = [{ keyId, ciphertext }]
  return { places, vaultId, sealed, destroyed: new Set(), clock, lead: 0 }
}

/** Wherever the walk ended: the links are mended and everyone asks again. */
async function settled({ places, vaultId, lead, sealed, destroyed }: Walk): Promise<void> {
  for (const place of places) place.up = true
  await places[lead]!.room.promoteVaultReplica({ vaultId })
  for (const { room, store } of places) {
    for (const { failure } of await room.replicate()) if (failure) throw failure
    await expectSame(places[lead]!.store, store, vaultId)
    for (const { keyId, ciphertext } of sealed)
      expect([keyId, await codeOf(room.decrypt({ ciphertext }))]).toEqual([
        keyId,
        destroyed.has(keyId) ? 'INVALID_STATE' : 'ok',
      ])
    await expectWhole(room, store)
  }
}

test('random walks', async () => {
  const step = fc.record({
    name: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
    nth: fc.nat({ max: 20 }),
  })
  const steps = fc.array(step, { minLength: 10, maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(steps, async (walked) => {
      const walk = await begin()
      for (const { name, nth } of walked) {
        // Whoever stepped down for one that did not hear of it leads no more: asking again goes on.
        const code = await codeOf(STEPS[name](walk, nth))
        expect(['ok', 'READ_ONLY_REPLICA', 'INVALID_STATE', 'NOT_FOUND']).toContain(code)
      }
      await settled(walk)
    }),
    { numRuns: 12 },
  )
})
