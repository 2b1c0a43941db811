/** What a vault, key or version is at a moment: its own record, its parent and the clock. */
import { describe, expect, test } from 'vitest'
import type { KeyRecord, VaultRecord } from '../../src/domain/records.ts'
import { previousKeyState, settleVault } from '../../src/domain/settle.ts'
import { KEY, VAULT, keyAt, vaultAt, versionAt } from './views.ts'

const NOW = 1000
/** The deadline itself is already over: a bound is exclusive. */
const OVER = { at: NOW, scheduledAt: 1 }
const AHEAD = { at: NOW + 1, scheduledAt: 1 }

/** State, derived, deletion time. */
type Seen = readonly [state: string, derived: boolean, deletionAt: number | undefined]
const seen = (view: { state: string; derived: boolean; deletionAt?: number }): Seen => {
  expect(Object.hasOwn(view, 'deletionAt')).toBe(view.deletionAt !== undefined)
  return [view.state, view.derived, view.deletionAt]
}

describe('vault', () => {
  test.each<[title: string, Partial<VaultRecord>, Seen]>([
    ['active', {}, ['active', false, undefined]],
    ['scheduled', { deletion: AHEAD }, ['pendingDeletion', false, NOW + 1]],
    ['due', { deletion: OVER }, ['deleted', true, NOW]],
    ['swept', { state: 'deleted', deletion: OVER }, ['deleted', false, NOW]],
    ['swept, in a clock set back', { state: 'deleted', deletion: AHEAD }, ['deleted', false, 1001]],
    ['being restored', { state: 'restoring' }, ['restoring', false, undefined]],
    ['deleted at once', { state: 'deleted' }, ['deleted', false, undefined]],
  ])('%s', (_, change, expected) => {
    expect(seen(vaultAt(NOW, change))).toEqual(expected)
  })
})

test('a vault is the primary unless it is said to follow one', () => {
  const stored = { record: VAULT, seq: 1n }
  expect([settleVault(stored, NOW).role, settleVault(stored, NOW, 'replica').role]).toEqual([
    'primary',
    'replica',
  ])
})

/** The parents by what they are: a vault for keys, a key for versions. */
type Parent = 'free' | 'pending' | 'gone'
const PARENT_DELETION = {
  free: {},
  pending: { deletion: { at: NOW + 500, scheduledAt: 1 } },
  gone: { deletion: { at: NOW - 500, scheduledAt: 1 } },
} as const

type Own = Partial<Pick<KeyRecord, 'state' | 'deletion' | 'deletedAt' | 'materialExpiresAt'>>
/** Keys and versions follow their parent by the same rules (contracts: OCI 5.4). */
const CHILDREN: readonly [title: string, Own, Parent, Seen][] = [
  ['enabled', {}, 'free', ['enabled', false, undefined]],
  ['disabled', { state: 'disabled' }, 'free', ['disabled', false, undefined]],
  ['waiting for material', { state: 'pendingImport' }, 'free', ['pendingImport', false, undefined]],
  ['scheduled', { deletion: AHEAD }, 'free', ['pendingDeletion', false, NOW + 1]],
  ['due', { deletion: OVER }, 'free', ['deleted', true, NOW]],
  ['swept', { state: 'deleted', deletion: OVER }, 'free', ['deleted', false, NOW]],
  ['destroyed', { state: 'deleted', deletedAt: 7 }, 'free', ['deleted', false, 7]],
  [
    'scheduled, then destroyed: the schedule is what it shows',
    { state: 'deleted', deletedAt: 7, deletion: AHEAD },
    'free',
    ['deleted', false, NOW + 1],
  ],
  [
    'destroyed under a pending parent',
    { state: 'deleted' },
    'pending',
    ['deleted', false, undefined],
  ],
  ['destroyed under a deleted parent', { state: 'deleted' }, 'gone', ['deleted', false, undefined]],
  ['taken down', {}, 'pending', ['pendingDeletion', true, NOW + 500]],
  ['taken down while disabled', { state: 'disabled' }, 'pending', ['pendingDeletion', true, 1500]],
  ['its own time first', { deletion: AHEAD }, 'pending', ['pendingDeletion', false, NOW + 1]],
  ['due before its parent', { deletion: OVER }, 'pending', ['deleted', true, NOW]],
  ['gone with its parent', {}, 'gone', ['deleted', true, NOW - 500]],
  ['gone with its parent, early', { deletion: AHEAD }, 'gone', ['deleted', true, NOW - 500]],
  ['due beside its parent', { deletion: OVER }, 'gone', ['deleted', true, NOW]],
  ['material lasts', { materialExpiresAt: NOW + 1 }, 'free', ['enabled', false, undefined]],
  ['material expired', { materialExpiresAt: NOW }, 'free', ['pendingImport', true, undefined]],
  [
    'material expired and recorded',
    { materialExpiresAt: NOW, state: 'pendingImport' },
    'free',
    ['pendingImport', false, undefined],
  ],
  [
    'material expired while disabled',
    { materialExpiresAt: NOW, state: 'disabled' },
    'free',
    ['pendingImport', true, undefined],
  ],
  [
    'pending deletion hides expired material',
    { materialExpiresAt: NOW, deletion: AHEAD },
    'free',
    ['pendingDeletion', false, NOW + 1],
  ],
  [
    'a pending parent hides expired material',
    { materialExpiresAt: NOW },
    'pending',
    ['pendingDeletion', true, NOW + 500],
  ],
]

describe('key', () => {
  test.each(CHILDREN)('%s', (_, own, parent, expected) => {
    const vault = vaultAt(NOW, PARENT_DELETION[parent])
    const key = keyAt(NOW, own, vault)
    expect(seen(key)).toEqual(expected)
    expect([key.vault, key.seq]).toEqual([vault, 2n])
    expect(key.record).toEqual({ ...KEY, ...own })
  })

  test('a cancelled deletion gives back what the record says', () => {
    for (const state of ['pendingImport', 'enabled', 'disabled'] as const)
      expect(previousKeyState({ ...KEY, state, deletion: AHEAD })).toBe(state)
  })
})

describe('version', () => {
  test.each(CHILDREN)('%s', (_, own, parent, expected) => {
    const key = keyAt(NOW, PARENT_DELETION[parent])
    const version = versionAt(NOW, own, key)
    expect(seen(version)).toEqual(expected)
    expect([version.key, version.seq]).toEqual([key, 3n])
  })

  test('the vault takes its versions down through their key', () => {
    const key = keyAt(NOW, {}, vaultAt(NOW, PARENT_DELETION.pending))
    expect(seen(versionAt(NOW, {}, key))).toEqual(['pendingDeletion', true, NOW + 500])
  })

  test('a disabled key says nothing about the state of its versions', () => {
    expect(seen(versionAt(NOW, {}, keyAt(NOW, { state: 'disabled' })))).toEqual([
      'enabled',
      false,
      undefined,
    ])
  })
})
