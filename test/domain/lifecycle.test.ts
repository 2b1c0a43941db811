/** The one step of every lifecycle, and what its refusal tells. */
import { describe, expect, test } from 'vitest'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  KEY_TABLE,
  VAULT_TABLE,
  VERSION_TABLE,
  nextState,
  type KeyEvent,
  type KeyState,
} from '../../src/domain/lifecycle.ts'

function refusalOf(call: () => unknown): StrongroomError {
  try {
    call()
  } catch (error) {
    if (error instanceof StrongroomError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const key = (state: KeyState, event: KeyEvent, previous?: KeyState) =>
  nextState('key', KEY_TABLE, state, event, previous)

test('a step leads where the table says', () => {
  expect(key('enabled', 'disable')).toBe('disabled')
  expect(key('enabled', 'disable', 'pendingImport')).toBe('disabled')
})

test.each(['enabled', 'disabled', 'pendingImport'] as const)(
  'a cancelled deletion leads back to %s',
  (previous) => {
    expect(key('pendingDeletion', 'cancel', previous)).toBe(previous)
    expect(nextState('version', VERSION_TABLE, 'pendingDeletion', 'cancel', previous)).toBe(
      previous,
    )
  },
)

describe('a refusal names the states that allow the event', () => {
  test.each<[event: KeyEvent, state: KeyState, expected: string]>([
    ['enable', 'enabled', 'disabled or unavailable'],
    ['rotate', 'disabled', 'enabled'],
    ['cancel', 'enabled', 'pendingDeletion or pendingReplicaDeletion'],
    ['schedule', 'deleted', 'pendingImport or enabled or disabled or unavailable or creating'],
    ['update', 'creating', 'enabled or updating'],
  ])('%s of a key that is %s', (event, state, expected) => {
    const error = refusalOf(() => key(state, event))
    expect([error.code, error.explain]).toEqual([
      'INVALID_STATE',
      { operation: event, rule: 'key.state', expected, found: state },
    ])
    expect(error.message).toBe(`key: ${event} expected state ${expected}, found ${state}.`)
  })

  test('and the kind of resource', () => {
    const vault = refusalOf(() => nextState('vault', VAULT_TABLE, 'active', 'cancel'))
    const version = refusalOf(() => nextState('version', VERSION_TABLE, 'deleted', 'enable'))
    expect([vault, version].map(({ explain }) => explain?.rule)).toEqual([
      'vault.state',
      'version.state',
    ])
  })

  test.each(['toString', '__proto__', 'constructor'])('%s is neither state nor event', (name) => {
    expect(refusalOf(() => key(name as KeyState, 'update')).code).toBe('INVALID_STATE')
    expect(refusalOf(() => key('enabled', name as KeyEvent)).code).toBe('INVALID_STATE')
  })
})
