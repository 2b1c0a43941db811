/** The one path of every operation: what comes before what, what is counted, and what the journal is told. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import type { Key, OperationEvent } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { allow, ANN, as, BOB, deny, mine, policy } from './access/support.ts'
import { codeOf, imageOf, lasting, stage, type Room, type Stage } from './support.ts'

const PLAINTEXT = utf8('in order')
const rotation = { everyDays: 90 }
const NOBODY = '00000000-0000-4000-8000-000000000000'
const ALL = { identityPolicies: 'all' } as const

let on: Stage
let room: Room
let vaultId: string
let keyId: string
let key: Key
beforeEach(async () => {
  on = await stage()
  room = on.room
  vaultId = on.vaultId
  key = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  keyId = key.id
  return () => room.close()
})

describe('existence, then who asks, then the etag, then what the tables allow', () => {
  const stale = { ifMatch: 'of before' }

  test('of a key', async () => {
    await room.putKeyPolicy({ keyId, policy: policy(allow(ANN, '*')) })
    const enable = (more: object) => codeOf(room.enableKey({ keyId, ...as(ANN), ...more }))
    expect(await enable({ keyId: NOBODY, ...as(BOB), ...stale })).toBe('NOT_FOUND')
    expect(await enable({ ...as(BOB), ...stale })).toBe('FORBIDDEN')
    expect(await enable(stale)).toBe('ETAG_MISMATCH')
    expect(await enable({})).toBe('INVALID_STATE')
    await room.disableKey({ keyId })
    expect(await enable({})).toBe('ok')
  })

  test('of a version: its own etag counts', async () => {
    await room.createKeyVersion({ keyId })
    const versionId = key.currentVersionId!
    const { etag } = await room.getKeyVersion({ keyId, versionId })
    const tags = { a: 'b' }
    const update = (more: object) =>
      codeOf(room.updateKeyVersion({ keyId, versionId, tags, ...more }))
    expect(await update({ versionId: NOBODY, ...stale })).toBe('NOT_FOUND')
    expect(await update({ ...as(ANN), ...stale })).toBe('FORBIDDEN')
    expect(await update({ ifMatch: (await room.getKey({ keyId })).etag })).toBe('ETAG_MISMATCH')
    expect(await update({ ifMatch: etag })).toBe('ok')
  })

  test('of a vault: the policies of the caller decide, and its own etag counts', async () => {
    const { etag } = await room.getVault({ vaultId })
    const update = (more: object) => codeOf(room.updateVault({ vaultId, ...more }))
    expect(await update({ vaultId: NOBODY, ...as(ANN), ...stale })).toBe('NOT_FOUND')
    expect(await update({ ...as(ANN), ...stale })).toBe('FORBIDDEN')
    expect(await update({ ...as(ANN, ALL), ...stale })).toBe('ETAG_MISMATCH')
    expect(await update({ ...as(ANN, ALL), ifMatch: etag })).toBe('ok')
    const named = (id: string) =>
      policy({ Effect: 'Allow', Action: 'kms:*', Resource: `vault/${id}` })
    // The only vault need not be named, but its policy has to.
    const remove = (id: string) =>
      codeOf(
        room.deleteAlias({ name: 'alias/none', ...as(ANN, { identityPolicies: [named(id)] }) }),
      )
    expect(await remove(vaultId)).toBe('NOT_FOUND')
    expect(await remove(NOBODY)).toBe('FORBIDDEN')
  })

  test('of the room', async () => {
    const { room: other } = await stage()
    const make = (more: object) => codeOf(other.createVault({ displayName: 'v', ...more }))
    expect(await make(as(ANN))).toBe('FORBIDDEN')
    expect(await make(as(ANN, { identityPolicies: [mine('Deny', '*')] }))).toBe('FORBIDDEN')
    expect(await make(as(ANN, ALL))).toBe('ok')
    expect(await codeOf(other.listVaults(as(ANN)))).toBe('FORBIDDEN')
    await other.close()
  })

  test('of something new: the etag of what it is made in does not count', async () => {
    const { items } = await room.listVaults({})
    const made = room.createAlias({ keyId, name: 'alias/a', ifMatch: items[0]!.etag })
    expect(await codeOf(made)).not.toBe('ETAG_MISMATCH')
  })

  test('a refusal changes nothing', async () => {
    const before = await imageOf(on.store)
    expect(await codeOf(room.enableKey({ keyId, retryToken: 't' }))).toBe('INVALID_STATE')
    expect(await codeOf(room.disableKey({ keyId, ...stale }))).toBe('ETAG_MISMATCH')
    expect(await codeOf(room.disableKey({ keyId, ...as(ANN) }))).toBe('FORBIDDEN')
    expect(await imageOf(on.store)).toBe(before)
  })
})

describe('asked for so, other states allow it', () => {
  test('a disabled key may be described', async () => {
    await room.disableKey({ keyId })
    const update = (more: object) => codeOf(room.updateKey({ keyId, description: 'x', ...more }))
    expect(await update({})).toBe('INVALID_STATE')
    expect(await update({ whileDisabled: false })).toBe('INVALID_STATE')
    expect(await update({ whileDisabled: true })).toBe('ok')
  })

  test('what is so already may be made so', async () => {
    const enable = (more: object) => codeOf(room.enableKey({ keyId, ...more }))
    const disable = (more: object) => codeOf(room.disableKey({ keyId, ...more }))
    expect([await enable({}), await enable({ idempotent: true })]).toEqual(['INVALID_STATE', 'ok'])
    await disable({})
    expect([await disable({}), await disable({ idempotent: true })]).toEqual([
      'INVALID_STATE',
      'ok',
    ])
    expect((await room.getKey({ keyId })).state).toBe('disabled')
    await room.scheduleKeyDeletion({ keyId })
    expect(await enable({ idempotent: true })).toBe('INVALID_STATE')
  })

  test('a rotation policy may be kept to keys that can be used', async () => {
    await room.disableKey({ keyId })
    const put = (more: object) => codeOf(room.putRotationPolicy({ keyId, rotation, ...more }))
    expect(await put({ whileUsable: true })).toBe('INVALID_STATE')
    expect(await put({})).toBe('ok')
    await room.enableKey({ keyId })
    expect(await put({ whileUsable: true })).toBe('ok')
  })
})

describe('who may not ask any more', () => {
  test('gets no answer of an earlier time either', async () => {
    await room.putKeyPolicy({ keyId, policy: policy(allow(ANN, '*')) })
    const disable = { keyId, retryToken: 't', ...as(ANN) }
    const first = await room.disableKey(disable)
    expect(await room.disableKey(disable)).toEqual(first)
    await room.putKeyPolicy({ keyId, policy: policy(deny(ANN, '*')) })
    expect(await codeOf(room.disableKey(disable))).toBe('FORBIDDEN')
  })

  test('is asked against what is on its way', async () => {
    let release!: () => void
    const hold = new Promise<void>((resolve) => (release = resolve))
    let held = false
    const store = faultyStore(lasting(createMemoryStore()), {
      wait: async ({ method }, moment) => {
        if (held && method === 'commit' && moment === 'request') await hold
      },
    })
    const slow = await stage(store)
    const asked = { vaultId: slow.vaultId, displayName: 'k', spec: 'AES_256' } as const
    const { id } = await slow.room.createKey(asked)
    await slow.room.putKeyPolicy({ keyId: id, policy: policy(allow(ANN, '*')) })
    held = true
    const denying = slow.room.putKeyPolicy({ keyId: id, policy: policy(deny(ANN, '*')) })
    await new Promise((resolve) => setTimeout(resolve, 5))
    const disabling = codeOf(slow.room.disableKey({ keyId: id, ...as(ANN) }))
    await new Promise((resolve) => setTimeout(resolve, 5))
    release()
    await denying
    expect(await disabling).toBe('FORBIDDEN')
    await slow.room.close()
  })
})

describe('what time has changed', () => {
  test('a rotation that is due comes before the write', async () => {
    await room.putRotationPolicy({ keyId, rotation })
    on.clock.advance({ days: 91 })
    const { number } = await room.createKeyVersion({ keyId })
    expect(number).toBe(3)
  })

  test('and before a read, of the key and of a version', async () => {
    await room.putRotationPolicy({ keyId, rotation })
    on.clock.advance({ days: 91 })
    const versionId = key.currentVersionId!
    expect((await room.getKeyVersion({ keyId, versionId })).current).toBe(false)
    on.clock.advance({ days: 91 })
    expect((await room.getKey({ keyId })).currentVersionId).not.toBe(versionId)
    expect((await room.listKeyVersions({ keyId })).items).toHaveLength(3)
  })
})

describe('an alias', () => {
  test('leads to the key at the moment of the write', async () => {
    const other = await room.createKey({ vaultId, displayName: 'o', spec: 'AES_256' })
    await room.createAlias({ keyId, name: 'alias/a' })
    const [, tagged] = await Promise.all([
      room.updateAlias({ vaultId, name: 'alias/a', keyId: other.id }),
      room.tagKey({ keyId: 'alias/a', vaultId, tags: { a: 'b' } }),
    ])
    const { items } = await room.listAliases({ vaultId })
    expect(items.map((one) => one.keyId)).toEqual([other.id])
    // One of the two was first; the tags are where the alias led then.
    const where = (await room.getKey({ keyId: tagged.id })).tags
    expect(where).toEqual({ a: 'b' })
  })
})

describe('operations are counted, and told to who listens', () => {
  const events: OperationEvent[] = []
  const listen = (): void => {
    events.length = 0
    const heard = (message: unknown): void => void events.push(message as OperationEvent)
    subscribe('strongroom:operation', heard)
    onTestFinished(() => {
      unsubscribe('strongroom:operation', heard)
    })
  }

  test('with the outcome, the time, the key and who asked, as far as they are known', async () => {
    listen()
    const start = performance.now()
    await room.getKey({ keyId, principal: 'owner' })
    await codeOf(room.enableKey({ keyId }))
    await room.getVault({ vaultId })
    await codeOf(room.getKey({ keyId: 7 } as never))
    const took = performance.now() - start
    expect(events.map(({ durationMs: _, ...rest }) => rest)).toEqual([
      { operation: 'getKey', outcome: 'ok', keyId, principal: 'owner' },
      { operation: 'enableKey', outcome: 'INVALID_STATE', keyId },
      { operation: 'getVault', outcome: 'ok' },
      { operation: 'getKey', outcome: 'INVALID_ARGUMENT' },
    ])
    const total = events.reduce((sum, { durationMs }) => sum + durationMs, 0)
    for (const { durationMs } of events) expect(durationMs).toBeGreaterThanOrEqual(0)
    expect(total).toBeLessThanOrEqual(took)
    const { getKey } = room.metrics()
    expect(getKey!.outcomes).toEqual({ ok: 1, INVALID_ARGUMENT: 1 })
  })
})

test('the room waits for what is under way before it closes', async () => {
  let release!: () => void
  const hold = new Promise<void>((resolve) => (release = resolve))
  let held = false
  const store = faultyStore(lasting(createMemoryStore()), {
    wait: async ({ method }, moment) => {
      if (held && method === 'commit' && moment === 'request') await hold
    },
  })
  const { room: slow, vaultId: id } = await stage(store)
  held = true
  const order: string[] = []
  const under = slow.updateVault({ vaultId: id, displayName: 'x' }).then(() => order.push('done'))
  const refused = codeOf(slow.updateVault({ vaultId: id, ifMatch: 'x' }))
  const closing = slow.close().then(() => order.push('closed'))
  expect(await codeOf(slow.getVault({ vaultId: id }))).toBe('CLOSED')
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(order).toEqual([])
  release()
  await Promise.all([under, closing])
  expect(await refused).toBe('ETAG_MISMATCH')
  expect(order).toEqual(['done', 'closed'])
})

test('the journal is told of the operation, who asked, the request and the key, as far as they are known', async () => {
  await room.tagKey({ keyId, tags: { a: 'b' }, principal: 'owner', requestId: 'r 1' })
  // What changes no permit is about a key too.
  await room.createAlias({ keyId, name: 'alias/told' })
  await room.updateVault({ vaultId, displayName: 'x' })
  const entries = []
  for await (const one of room.journal({ follow: false })) entries.push(one)
  const told = entries.slice(-3).map((one) => one as unknown as Record<string, unknown>)
  expect(told[0]).toMatchObject({
    operation: 'tagKey',
    principal: 'owner',
    requestId: 'r 1',
    keyId,
  })
  expect(told[1]).toMatchObject({ operation: 'createAlias', keyId })
  expect(told[2]).toMatchObject({ operation: 'updateVault' })
  for (const name of ['principal', 'requestId', 'keyId']) expect(told[2]).not.toHaveProperty(name)
})

test('of a room that tells every use, operations of the room are no uses', async () => {
  const { room: told } = await stage(undefined, { audit: 'all' })
  await told.listVaults({})
  await told.generateRandom({ lengthBytes: 16 })
  const { id } = (await told.listVaults({})).items[0]!
  const { id: used } = await told.createKey({ vaultId: id, displayName: 'k', spec: 'AES_256' })
  await told.encrypt({ keyId: used, plaintext: PLAINTEXT })
  const uses = []
  for await (const one of told.journal({ follow: false })) uses.push(...one.uses)
  expect(uses.map(({ operation }) => operation)).toEqual(['encrypt'])
  await told.close()
})

test('what is destroyed is gone when the answer comes, of the first request and of its repetition', async () => {
  const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
  const destroy = { keyId, retryToken: 't' }
  const first = await room.destroyKey(destroy)
  expect(first.state).toBe('deleted')
  expect(await room.destroyKey(destroy)).toEqual(first)
  expect(await codeOf(room.decrypt({ ciphertext }))).toBe('INVALID_STATE')
})

describe('a destruction whose sweep fails', () => {
  test('is told as unknown, and its repetition under the same token finishes it', async () => {
    const store = faultyStore(lasting(createMemoryStore()), {
      faults: [{ method: 'sidecar.scrub', nth: 1, kind: 'before', lasting: true }],
    })
    const { room: other, vaultId: id } = await stage(store)
    const doomed = await other.createKey({ vaultId: id, displayName: 'd', spec: 'AES_256' })
    const destroy = { keyId: doomed.id, retryToken: 't' }
    expect(await codeOf(other.destroyKey(destroy))).toBe('OUTCOME_UNKNOWN')
    expect((await other.getKey({ keyId: doomed.id })).state).toBe('deleted')
    // Not done yet: the repetition is no better than the first request.
    expect(await codeOf(other.destroyKey(destroy))).toBe('OUTCOME_UNKNOWN')
    store.heal()
    expect(await codeOf(other.destroyKey(destroy))).toBe('ok')
    await other.close()
  })

  test('concerns nothing but destructions: whatever else is repeated is only answered', async () => {
    const change = { vaultId, displayName: 'x', retryToken: 't' }
    const first = await room.updateVault(change)
    expect(await room.updateVault(change)).toEqual(first)
  })
})
