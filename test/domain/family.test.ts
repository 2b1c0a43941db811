/** The copies of a multi-Region key: which one leads, who else there is, and since when no longer. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  aloneSince,
  anyBehind,
  familyMark,
  familyOf,
  leaderOf,
  nextClaim,
  regionsOf,
  relatives,
  sourceOf,
  unsettled,
  updatingUntil,
} from '../../src/domain/family.ts'
import type { KeyView } from '../../src/domain/settle.ts'
import {
  DUE,
  FOLLOWED,
  FOLLOWS,
  GONE_VAULT,
  LEADS,
  NOT_DUE,
  NOW,
  OVER,
  RESTORING,
  SCHEDULED,
  SINGLE,
  SWEPT,
  WHOLE,
  among,
  copy,
  family,
  first,
  vaultOf,
  type Change,
} from './families.ts'
import { KEY } from './views.ts'

/** In the vaults a, b, c ... */
const familyWith = (...changes: readonly Change[]): readonly KeyView[] =>
  family(...changes.map((change, i) => copy('abcde'[i]!, change)))

describe('the copy that leads', () => {
  test.each<[title: string, claims: readonly (number | undefined)[], leader: string | undefined]>([
    ['is the one that ever led', [0, 1, 0], 'b'],
    ['is the one with the greatest claim', [2, 3, 1], 'b'],
    ['is, of equals, the one whose vault has the greater id', [2, 2, 1], 'b'],
    ['is so wherever it stands', [1, 2, 2], 'c'],
    ['is none while nobody ever led', [0, 0, 0], undefined],
    ['is none of those without a claim', [undefined, 1, undefined], 'b'],
    ['may be alone', [1], 'a'],
    ['is not one that is alone and never led', [0], undefined],
  ])('%s', (_, claims, leader) => {
    const views = familyWith(...claims.map((primacy) => (primacy === undefined ? {} : { primacy })))
    for (const view of views) {
      const leads = vaultOf(view) === leader
      expect(view.family!.role).toBe(leads ? 'primary' : 'replica')
      expect(vaultOf(leaderOf(view))).toBe(leads ? undefined : leader)
    }
  })

  test.each([
    ['swept', copy('a', { ...SWEPT, primacy: 2 })],
    ['due', copy('a', { ...OVER, primacy: 2 })],
    ['gone with its vault', copy('a', { primacy: 2 }, GONE_VAULT)],
  ])('has no successor that nobody named when it is %s', (_, gone) => {
    const [former, heir] = family(gone, copy('b', LEADS))
    expect([former!.family!.role, heir!.family!.role]).toEqual(['primary', 'replica'])
    expect(leaderOf(heir!)).toBeUndefined()
    expect(regionsOf(heir!)).toEqual({ primary: undefined, replicas: ['b'] })
  })

  test('leads until it is gone', () => {
    expect(
      vaultOf(leaderOf(first(copy('a', FOLLOWS), copy('b', { ...SCHEDULED, ...LEADS })))),
    ).toBe('b')
  })

  test('is seen by the others as it is', () => {
    const leader = copy('b', LEADS)
    expect(leaderOf(first(copy('a', FOLLOWS), leader))).toBe(leader)
  })

  test('is none of a key that has no copies', () => {
    expect(leaderOf(SINGLE)).toBeUndefined()
    expect(relatives(SINGLE)).toEqual([])
    expect(regionsOf(SINGLE)).toEqual({ primary: undefined, replicas: ['a'] })
  })
})

test('relatives are the others that are not gone', () => {
  const others = [
    copy('b', SWEPT),
    copy('c', SCHEDULED),
    copy('d', OVER),
    copy('e', { state: 'disabled' }),
    copy('f', {}, GONE_VAULT),
  ]
  expect(relatives(first(copy('a', LEADS), ...others))).toEqual([others[1], others[3]])
})

describe('on the way into another role', () => {
  const until = (updatingUntil: number, primacy: number): Change => ({ updatingUntil, primacy })
  test.each<[title: string, changes: readonly Change[], expected: readonly number[]]>([
    [
      'are the one that takes the lead and the one that had it',
      [{ primacy: 1 }, until(50, 2), { primacy: 0 }],
      [50, 50, -Infinity],
    ],
    [
      'are the last two alone when the lead goes on meanwhile',
      [until(30, 1), until(40, 2), until(50, 3)],
      [-Infinity, 50, 50],
    ],
    [
      'is nobody when the last change took no time',
      [{ primacy: 1 }, until(40, 2), { primacy: 3 }],
      [-Infinity, -Infinity, -Infinity],
    ],
    [
      'is, of equals, who leads and who would',
      [until(30, 1), until(40, 1), until(50, 1)],
      [-Infinity, 50, 50],
    ],
    ['is one alone when nobody led before', [{ primacy: 0 }, until(50, 1)], [-Infinity, 50]],
    ['is nobody who never led', [until(50, 0), until(60, 0)], [-Infinity, -Infinity]],
  ])('%s', (_, changes, expected) => {
    const views = familyWith(...changes)
    expect(views.map(({ record, family }) => updatingUntil(record, family))).toEqual(expected)
  })

  test('is no key without copies', () => {
    expect(updatingUntil({ ...KEY, ...until(50, 1) }, undefined)).toBe(-Infinity)
  })
})

describe('the regions', () => {
  const COPIES = [
    copy('c', { primacy: 2 }),
    copy('d', LEADS),
    copy('a', FOLLOWS),
    copy('b', { ...SWEPT, ...FOLLOWS }),
    copy('e', FOLLOWS),
  ]

  test('are the vault of the leader, and in order those of the others that are not gone', () => {
    expect(regionsOf(first(...COPIES))).toEqual({ primary: 'c', replicas: ['a', 'd', 'e'] })
  })

  test('and their mark are the same from every copy that is not gone', () => {
    const living = family(...COPIES).filter(({ state }) => state !== 'deleted')
    expect(living).toHaveLength(4)
    for (const view of living) {
      expect(regionsOf(view)).toEqual(regionsOf(living[0]!))
      expect(familyMark(view)).toBe(familyMark(living[0]!))
    }
  })

  test.each<[title: string, mark: string, view: KeyView]>([
    ['"foobar" as published', (0xbf9cf968).toString(36), first(copy('foobar', LEADS))],
    ['",a" without a leader', 'k7adni', first(copy('a', FOLLOWS))],
    ['"b,a,c"', '11eazfz', first(copy('c', FOLLOWS), copy('a', FOLLOWS), copy('b', LEADS))],
  ])('have the mark FNV-1a of %s', (_, mark, view) => {
    expect(familyMark(view)).toBe(mark)
  })

  test('have another mark with another copy, or another leader', () => {
    const marks = [
      first(copy('a', LEADS)),
      first(copy('a', LEADS), copy('b', FOLLOWS)),
      first(copy('a', LEADS), copy('b', { primacy: 2 })),
      first(copy('a', FOLLOWS), copy('b', FOLLOWS)),
    ].map(familyMark)
    expect(new Set(marks).size).toBe(marks.length)
  })
})

describe('the next claim is greater than all', () => {
  test.each<[title: string, view: KeyView, expected: number]>([
    ['its own', first(copy('a', { primacy: 4 }), copy('b', { primacy: 2 })), 5],
    ['those of others', first(copy('a', LEADS), copy('b', { primacy: 7 }), copy('c', FOLLOWS)), 8],
    [
      'those of copies that are gone',
      first(copy('a', LEADS), copy('b', { ...SWEPT, primacy: 2 })),
      3,
    ],
    ['none', first(copy('a'), copy('b')), 1],
    ['its own, of a key without copies', copy('a', { primacy: 4 }), 5],
  ])('%s', (_, view, expected) => {
    expect(nextClaim(view)).toBe(expected)
  })
})

describe('alone', () => {
  const LATE = { deletion: { at: NOW + 500, scheduledAt: 1 } }
  test.each<[title: string, others: readonly KeyView[], since: number | undefined]>([
    ['from the beginning without others', [], -Infinity],
    ['not beside one that lives', [copy('b')], undefined],
    ['not beside one that is scheduled', [copy('b', SCHEDULED)], undefined],
    ['not while one of several is left', [copy('b', SWEPT), copy('c')], undefined],
    ['since the last was gone', [copy('b', SWEPT), copy('c', OVER), copy('d', SWEPT)], 700],
    ['since the vault of the other was gone', [copy('b', {}, GONE_VAULT)], 600],
    ['since then when the other was to go later', [copy('b', LATE, GONE_VAULT)], 600],
    ['since the other was destroyed ahead of its time', [copy('b', { ...SWEPT, ...LATE })], 500],
    [
      'since the time of a deletion whose end nobody noted',
      [copy('b', { state: 'deleted', ...OVER })],
      700,
    ],
    ['for ever when nobody noted any time', [copy('b', { state: 'deleted' })], -Infinity],
    ['not since an end that it came back from', [copy('b', { deletedAt: 5, ...OVER })], 700],
  ])('%s', (_, others, since) => {
    expect(aloneSince(familyOf(KEY, others))).toBe(since)
  })
})

describe('any family', () => {
  const change = fc.record(
    {
      primacy: fc.nat(3),
      updatingUntil: fc.nat(9),
      lastVersion: fc.integer({ min: 1, max: 3 }),
      currentVersion: fc.integer({ min: 1, max: 3 }),
      state: fc.constantFrom('enabled', 'disabled', 'deleted'),
      deletedAt: fc.nat(NOW),
      deletion: fc.record({ at: fc.nat(2 * NOW), scheduledAt: fc.constant(0) }),
      rotation: fc.constantFrom(DUE.rotation, NOT_DUE.rotation),
    },
    { requiredKeys: [] },
  )
  const copies = fc
    .array(fc.tuple(change, fc.constantFrom(WHOLE, RESTORING, FOLLOWED, GONE_VAULT)), {
      minLength: 1,
      maxLength: 5,
    })
    .map((made) => made.map(([own, vault], i) => copy('abcde'[i]!, own as Change, vault)))
  const shuffled = copies.chain((all) =>
    fc.tuple(
      fc.constant(all),
      fc.shuffledSubarray(all.slice(1), { minLength: all.length - 1, maxLength: all.length - 1 }),
    ),
  )

  const told = (view: KeyView) => ({
    role: view.family!.role,
    leader: leaderOf(view),
    until: updatingUntil(view.record, view.family),
    regions: regionsOf(view),
    mark: familyMark(view),
    claim: nextClaim(view),
    alone: aloneSince(view.family!),
    // Of several that have as much any will do.
    takes: sourceOf(view)?.record.lastVersion,
    behind: anyBehind(view),
    unsettled: unsettled(view, NOW),
  })

  test('is the same in whatever order its others come', () => {
    fc.assert(
      fc.property(shuffled, ([[own, ...others], otherwise]) => {
        expect(told(among(own!, otherwise))).toEqual(told(among(own!, others)))
      }),
    )
  })

  test('has one leader once one ever led, and a greater claim makes another', () => {
    fc.assert(
      fc.property(copies, fc.nat(4), (all, nth) => {
        const led = all.some(({ record: { primacy = 0 } }) => primacy > 0)
        const views = family(...all)
        const leaders = views.filter((view) => view.family!.role === 'primary')
        expect(leaders).toHaveLength(led ? 1 : 0)
        const heir = views[nth % views.length]!
        const record = { ...heir.record, primacy: nextClaim(heir) }
        expect(familyOf(record, heir.family!.others).role).toBe('primary')
      }),
    )
  })
})
