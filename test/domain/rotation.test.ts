/** When a key rotates: the three triggers, and what a long pause makes up for. */
import { describe, expect, test } from 'vitest'
import { DAY_MS, LIMITS } from '../../src/domain/limits.ts'
import type { RotationPolicy } from '../../src/domain/records.ts'
import { dueRotations, nextRotation, resumed, scheduled } from '../../src/domain/rotation.ts'
import { KEY, keyAt, vaultAt } from './views.ts'

const POLICY: RotationPolicy = { startAt: 100, enabled: true, updatedAt: 0 }
const day = (days: number, from = 0): number => from + days * DAY_MS

describe('next rotation', () => {
  test.each<[string, Partial<RotationPolicy>, expiresOn: number | undefined, number | undefined]>([
    ['every so many days from the start', { everyDays: 3 }, undefined, day(3, 100)],
    ['days after creation', { daysAfterCreation: 3 }, undefined, day(3, 7)],
    ['days before expiry', { daysBeforeExpiry: 3 }, day(10), day(7)],
    ['never without an expiry', { daysBeforeExpiry: 3 }, undefined, undefined],
    ['never without a trigger', {}, day(10), undefined],
    ['the first trigger decides', { everyDays: 1, daysAfterCreation: 2 }, undefined, day(1, 100)],
    ['never when switched off', { everyDays: 3, enabled: false }, undefined, undefined],
  ])('%s', (_, policy, expiresOn, expected) => {
    const basis = { createdAt: 7, expiresOn }
    expect(nextRotation({ ...POLICY, ...policy }, basis)).toBe(expected)
  })

  test('every so many days from the last one, when there was one', () => {
    expect(nextRotation({ ...POLICY, everyDays: 3 }, { createdAt: 7 }, 50)).toBe(day(3, 50))
  })
})

describe('a policy with its next moment', () => {
  const every = { ...POLICY, everyDays: 1, nextAt: 5 }

  test('replaces the old one', () => {
    expect(scheduled(every, { createdAt: 0 })).toEqual({ ...every, nextAt: day(1, 100) })
    expect(scheduled(every, { createdAt: 0 }, { previous: 9 }).nextAt).toBe(day(1, 9))
  })

  test('nothing is due before what asks for it', () => {
    const at = (notBefore: number) => scheduled(every, { createdAt: 0 }, { notBefore }).nextAt
    expect([at(0), at(day(9))]).toEqual([day(1, 100), day(9)])
    expect(scheduled({ ...every, startAt: -day(9) }, { createdAt: 0 }).nextAt).toBe(-day(8))
  })

  test('has none when it never fires', () => {
    const policy = scheduled({ ...every, enabled: false }, { createdAt: 0 })
    expect(policy).toEqual({ ...POLICY, everyDays: 1, enabled: false })
    expect(Object.hasOwn(policy, 'nextAt')).toBe(false)
  })
})

describe('a key that can rotate again', () => {
  const keyWith = (nextAt?: number) => ({
    ...KEY,
    rotation: { ...POLICY, ...(nextAt === undefined ? {} : { nextAt }) },
  })

  test('fires at once when its turn was missed', () => {
    expect(resumed(keyWith(10), 20)).toEqual(keyWith(20))
    expect(resumed(keyWith(20), 20)).toEqual(keyWith(20))
  })

  test.each([
    ['its turn is to come', keyWith(21)],
    ['it never fires', keyWith()],
    ['it has no policy', KEY],
  ])('stays as it is when %s', (_, record) => {
    expect(resumed(record, 20)).toBe(record)
  })
})

describe('due rotations', () => {
  const every: RotationPolicy = { ...POLICY, everyDays: 1, nextAt: 100 }

  test('each missed one, oldest first, and the one of this moment', () => {
    const key = keyAt(0, { rotation: every })
    expect(dueRotations(key, 99)).toEqual([])
    expect(dueRotations(key, 100)).toEqual([100])
    expect(dueRotations(key, day(2, 99))).toEqual([100, day(1, 100)])
    expect(dueRotations(key, day(2, 100))).toEqual([100, day(1, 100), day(2, 100)])
  })

  test('only the newest so many after a very long pause', () => {
    const most = LIMITS.rotationCatchUpMax
    const key = keyAt(0, { rotation: every })
    const times = (count: number, first: number) =>
      Array.from({ length: count }, (_, i) => day(first + i, 100))
    expect(dueRotations(key, day(most - 1, 100))).toEqual(times(most, 0))
    expect(dueRotations(key, day(most, 100))).toEqual(times(most, 1))
    expect(dueRotations(key, day(1000, 100))).toEqual(times(most, 1001 - most))
  })

  test('days after creation count from each version that they make', () => {
    const key = keyAt(0, { rotation: { ...POLICY, daysAfterCreation: 2, nextAt: 100 } })
    expect(dueRotations(key, day(4, 100))).toEqual([100, day(2, 100), day(4, 100)])
  })

  test('days before expiry count from the expiry that the policy gives', () => {
    const rotation = { ...POLICY, daysBeforeExpiry: 2, expiryDays: 5, nextAt: 100 }
    expect(dueRotations(keyAt(0, { rotation }), day(6, 100))).toEqual([
      100,
      day(3, 100),
      day(6, 100),
    ])
  })

  test('once, when new versions do not expire', () => {
    const rotation = { ...POLICY, daysBeforeExpiry: 2, nextAt: 100 }
    expect(dueRotations(keyAt(0, { rotation }), day(9))).toEqual([100])
  })

  test.each([2, 3])('once, when they expire no later than they would be replaced (%i)', (days) => {
    const rotation = { ...POLICY, daysBeforeExpiry: days, expiryDays: 2, nextAt: 100 }
    expect(dueRotations(keyAt(0, { rotation }), day(9))).toEqual([100])
  })

  test('a vault that came back makes up for what fell due, from then on', () => {
    const vault = vaultAt(0, { activeSince: 500 })
    expect(dueRotations(keyAt(0, { rotation: every }, vault), 499)).toEqual([])
    expect(dueRotations(keyAt(0, { rotation: every }, vault), day(1, 500))).toEqual([
      500,
      day(1, 500),
    ])
    const earlier = vaultAt(0, { activeSince: 50 })
    expect(dueRotations(keyAt(0, { rotation: every }, earlier), 100)).toEqual([100])
  })

  test('none while its vault is being restored', () => {
    const vault = vaultAt(0, { state: 'restoring' })
    expect(dueRotations(keyAt(0, { rotation: every }, vault), day(5))).toEqual([])
  })

  test.each([
    ['it has no policy', {}],
    ['the policy never fires', { rotation: { ...POLICY, everyDays: 1 } }],
    ['it is disabled', { rotation: every, state: 'disabled' as const }],
    [
      'it is scheduled for deletion',
      { rotation: every, deletion: { at: day(99), scheduledAt: 0 } },
    ],
  ])('none while %s', (_, change) => {
    expect(dueRotations(keyAt(0, change), day(5))).toEqual([])
  })
})
