/** What the copies of a multi-Region key have in common, and who takes it from whom. */
import { describe, expect, test } from 'vitest'
import {
  anyBehind,
  canFollow,
  isBehind,
  lacks,
  sharedOf,
  sourceOf,
  unsettled,
} from '../../src/domain/family.ts'
import type { KeyView, VaultView } from '../../src/domain/settle.ts'
import {
  DUE,
  FOLLOWED,
  LEADS,
  NOT_DUE,
  NOW,
  OVER,
  POLICY,
  RESTORING,
  SCHEDULED,
  SINGLE,
  SWEPT,
  copy,
  first,
  vaultOf,
  type Change,
} from './families.ts'
import { KEY } from './views.ts'

describe('what all copies share', () => {
  test('is the current version and all that concerns rotation', () => {
    const shared = { rotation: POLICY, lastRotatedAt: 0, onDemandRotations: 0, currentVersion: 1 }
    expect(sharedOf({ ...KEY, ...shared, description: 'mine' })).toStrictEqual(shared)
  })

  test('has no members for what is not there', () => {
    expect(sharedOf(KEY)).toStrictEqual({ currentVersion: 2 })
  })
})

describe('a copy beside the one that leads', () => {
  const [AHEAD, OTHER] = [{ lastVersion: 3 }, { currentVersion: 1 }]
  const nested = (...names: readonly string[]) =>
    ({
      rotation: { ...POLICY, more: Object.fromEntries(names.map((name) => [name, 1])) },
    }) as Change
  test.each<[title: string, copy: Change, leader: Change, behind: boolean]>([
    ['has all', {}, {}, false],
    ['lacks a version', {}, AHEAD, true],
    ['has more, and follows nobody', AHEAD, {}, false],
    ['has more, and follows nobody in the rest either', AHEAD, OTHER, false],
    ['has another version as the current one', {}, OTHER, true],
    ['lacks the version that waits', {}, { pendingVersion: 2 }, true],
    ['has a version that no longer waits', { pendingVersion: 2 }, {}, true],
    ['has the version that waits', { pendingVersion: 2 }, { pendingVersion: 2 }, false],
    ['lacks the policy', {}, DUE, true],
    ['has a policy that was taken back', DUE, {}, true],
    ['has another policy', NOT_DUE, DUE, true],
    ['has a policy with less in it', { rotation: POLICY }, DUE, true],
    ['has a policy with more in it', DUE, { rotation: POLICY }, true],
    ['has an equal policy', { rotation: { ...POLICY } }, { rotation: { ...POLICY } }, false],
    [
      'has an equal policy, its members in another order',
      { rotation: { enabled: true, startAt: 1, updatedAt: 0 } },
      { rotation: { updatedAt: 0, startAt: 1, enabled: true } },
      false,
    ],
    ['has a policy that is equal all the way down', nested('x', 'y'), nested('y', 'x'), false],
    ['has a policy that is another one deep inside', nested('x'), nested('x', 'y'), true],
    ['rotated at another time', { lastRotatedAt: 1 }, { lastRotatedAt: 2 }, true],
    ['has another count of rotations', {}, { onDemandRotations: 1 }, true],
    ['has a life of its own', { state: 'disabled', description: 'b', ...SCHEDULED }, {}, false],
  ])('%s', (_, own, leader, behind) => {
    expect(isBehind({ ...KEY, ...own }, { ...KEY, ...leader })).toBe(behind)
    expect(lacks(copy('a', own), copy('b', leader))).toBe(behind)
  })

  test.each<[title: string, copy: Change, from: Change, expected: boolean]>([
    ['lacks the versions of one that is gone', {}, { ...OVER, ...AHEAD }, true],
    ['lacks nothing of one that is gone with as many', {}, { ...OVER, ...OTHER }, false],
    ['lacks nothing of one that is gone with fewer', AHEAD, { ...OVER, ...OTHER }, false],
    ['lacks what one has that is scheduled', {}, { ...SCHEDULED, ...OTHER }, true],
  ])('%s', (_, own, from, expected) => {
    expect(lacks(copy('a', own), copy('b', from))).toBe(expected)
  })
})

describe('a copy takes what it lacks', () => {
  const [OLD, NEW, NEWEST] = [1, 5, 9].map((lastVersion) => ({ lastVersion }))
  const DESTROYED = { ...SWEPT, ...LEADS }
  const QUIET = copy('b', { ...OVER, ...LEADS })
  test.each<[title: string, copies: readonly KeyView[], source: string | undefined]>([
    ['from the one that leads', [copy('a'), copy('b', { ...LEADS, ...NEW })], 'b'],
    [
      'from that one even where another has more',
      [copy('a'), copy('b', { ...LEADS, ...NEW }), copy('c', NEWEST)],
      'b',
    ],
    [
      'from nobody when it has what that one has',
      [copy('a'), copy('b', LEADS), copy('c', NEW)],
      undefined,
    ],
    ['from nobody when it leads', [copy('a', LEADS), copy('b', NEW)], undefined],
    [
      'from whichever has the most when that one is gone',
      [copy('a'), QUIET, copy('c', NEW), copy('d', NEWEST), copy('e', NEW)],
      'd',
    ],
    [
      'from the one that led when that is gone with the most',
      [copy('a'), copy('b', { ...OVER, ...LEADS, ...NEW })],
      'b',
    ],
    [
      'never from one that was destroyed',
      [copy('a'), copy('b', { ...DESTROYED, ...NEWEST }), copy('c', NEW)],
      'c',
    ],
    [
      'from nobody when the others have no more',
      [copy('a'), QUIET, copy('c'), copy('d', OLD)],
      undefined,
    ],
    ['from another when nobody ever led', [copy('a'), copy('b', NEW)], 'b'],
  ])('%s', (_, copies, source) => {
    expect(vaultOf(sourceOf(first(...copies)))).toBe(source)
  })

  test('from nobody when there are no copies', () => {
    expect(sourceOf(SINGLE)).toBeUndefined()
  })
})

describe('a copy that can take something over', () => {
  test.each<[title: string, view: KeyView, expected: boolean]>([
    ['lives in a vault that is whole', copy('a'), true],
    ['may be disabled', copy('a', { state: 'disabled' }), true],
    ['may be on its way out', copy('a', SCHEDULED), true],
    ['is not gone', copy('a', OVER), false],
    ['is in no vault that is on its way back', copy('a', {}, RESTORING), false],
    ['is in no vault that another room leads', copy('a', {}, FOLLOWED), false],
  ])('%s', (_, view, expected) => {
    expect(canFollow(view)).toBe(expected)
  })
})

describe('a leader with a copy behind it', () => {
  const MORE = { ...LEADS, lastVersion: 3 }
  test.each<[title: string, copies: readonly KeyView[], expected: boolean]>([
    ['is known by one of them', [copy('a', MORE), copy('b', { lastVersion: 3 }), copy('c')], true],
    ['is none when all have what it has', [copy('a', LEADS), copy('b')], false],
    ['is none when the copy cannot follow', [copy('a', MORE), copy('b', {}, RESTORING)], false],
    ['is none when the copy is gone', [copy('a', MORE), copy('b', SWEPT)], false],
    ['is none when it does not lead', [copy('a', { lastVersion: 3 }), copy('b', LEADS)], false],
    ['may be gone', [copy('a', { ...MORE, ...OVER }), copy('b')], true],
    ['is none alone', [copy('a', MORE)], false],
  ])('%s', (_, copies, expected) => {
    expect(anyBehind(first(...copies))).toBe(expected)
  })

  test('is no key without copies', () => {
    expect(anyBehind(SINGLE)).toBe(false)
  })
})

describe('unsettled', () => {
  const leader = (change: Change, vault?: VaultView) => copy('b', { ...LEADS, ...change }, vault)
  test.each<[title: string, view: KeyView, expected: boolean]>([
    ['a key without copies that is due', copy('a', DUE), true],
    ['no key without copies before', copy('a', NOT_DUE), false],
    ['a leader that is due', first(leader(DUE)), true],
    ['a leader with a copy behind it', first(leader(NOT_DUE), copy('c')), true],
    ['no leader otherwise', first(leader(NOT_DUE), copy('c', NOT_DUE)), false],
    ['a copy whose leader is due', first(copy('a', DUE), leader(DUE)), true],
    ['a copy that could take something', first(copy('a'), leader(NOT_DUE)), true],
    ['no copy that has everything', first(copy('a', NOT_DUE), leader(NOT_DUE)), false],
    ['no copy that is due while nobody leads', first(copy('a', DUE), copy('b', DUE)), false],
    ['no copy whose leader is led elsewhere', first(copy('a', DUE), leader(DUE, FOLLOWED)), false],
    [
      'no copy whose leader is on its way back',
      first(copy('a', DUE), leader(DUE, RESTORING)),
      false,
    ],
    ['no copy that cannot take anything', first(copy('a', {}, RESTORING), leader(NOT_DUE)), false],
    [
      'a copy that cannot, while its leader is due',
      first(copy('a', {}, RESTORING), leader(DUE)),
      true,
    ],
    [
      'a copy without a leader where another has more',
      first(copy('a'), copy('b', { lastVersion: 3 })),
      true,
    ],
  ])('%s', (_, view, expected) => {
    expect(unsettled(view, NOW)).toBe(expected)
  })
})
