/** The tables of the domain, cell by cell, against the transcribed contracts. */
import { describe, expect, test } from 'vitest'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  KEY_STATES,
  KEY_TABLE,
  VAULT_STATES,
  VAULT_TABLE,
  VERSION_STATES,
  VERSION_TABLE,
  nextState,
} from '../../src/domain/lifecycle.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { OPERATIONS, type OperationRow } from '../../src/domain/operations.ts'
import { explain } from '../../src/domain/permit.ts'
import type { KeyView, VaultView, VersionView } from '../../src/domain/settle.ts'
import { REFUSED, TABLES, WINDOWS, type Kind, type Row } from './fixtures.ts'

const DOMAIN: Readonly<Record<Kind, { states: readonly string[]; table: object }>> = {
  vault: { states: VAULT_STATES, table: VAULT_TABLE },
  key: { states: KEY_STATES, table: KEY_TABLE },
  version: { states: VERSION_STATES, table: VERSION_TABLE },
}
/** States that no story reaches: they need a key store or a replica. */
const FOREIGN = ['creating', 'unavailable', 'updating', 'pendingReplicaDeletion']
const KINDS = Object.keys(TABLES) as Kind[]
const EVENTS = KINDS.flatMap((kind) =>
  TABLES[kind].rows.filter(({ event }) => event !== null).map((row) => [kind, row] as const),
)

/** What the table of the domain says, in the words of the fixture. */
function domainCell(kind: Kind, event: string, state: string): string {
  const table = DOMAIN[kind].table as Readonly<Record<string, Readonly<Record<string, string>>>>
  try {
    return nextState(kind, table, state, event, 'previous')
  } catch (error) {
    if (error instanceof StrongroomError) return error.code
    throw error
  }
}

describe('state x event', () => {
  test.each(EVENTS)('%s: $event ($clause)', (kind: Kind, { event, cells }: Row) => {
    const states = Object.keys(cells)
    const found = states.map((state) => [state, domainCell(kind, event!, state)])
    expect(Object.fromEntries(found)).toEqual(cells)
  })

  test.each(KINDS)('%s: the fixture names every state and every event of the domain', (kind) => {
    const { states, table } = DOMAIN[kind]
    expect([...TABLES[kind].states, ...FOREIGN].sort()).toEqual(
      [...new Set([...states, ...FOREIGN])].sort(),
    )
    const events = new Set(Object.values(table).flatMap((row) => Object.keys(row as object)))
    const told = new Set(TABLES[kind].rows.flatMap(({ event }) => (event === null ? [] : [event])))
    expect([...told].sort()).toEqual([...events].sort())
  })
})

const vaultView = (state: string): VaultView =>
  ({ record: {}, seq: 0n, state, derived: false }) as unknown as VaultView
const keyView = (state: string): KeyView => {
  const record = {
    role: 'ordinary',
    purposes: ['encrypt', 'wrap', 'sign', 'mac', 'agree', 'encapsulate'],
    protectionMode: 'SOFTWARE',
    currentVersion: 1,
  }
  return { record, state, vault: vaultView('active') } as unknown as KeyView
}
const versionView = (state: string, key: KeyView): VersionView =>
  ({ record: { number: 1 }, state, key }) as unknown as VersionView

/** The code with which the permit refuses an operation on a resource in a state, or `allowed`. */
function permitted(kind: Kind, operation: keyof typeof OPERATIONS, state: string): string {
  const key = keyView(kind === 'key' ? state : 'enabled')
  const subject = {
    vault: vaultView(kind === 'vault' ? state : 'active'),
    ...(kind !== 'vault' && { key }),
    ...(kind === 'version' && { version: versionView(state, key) }),
    now: 0,
  }
  return explain(operation, subject)?.code ?? 'allowed'
}

describe('operation x state', () => {
  const rows = KINDS.flatMap((kind) =>
    TABLES[kind].rows.flatMap((row) =>
      row.operations
        .filter((operation) => kind === target(operation) || row.event === null)
        .filter(() => !VARIANTS.includes(`${kind} ${row.event}`))
        .map((operation) => [operation, kind, row.cells] as const),
    ),
  )
  test.each(rows)('%s by the state of the %s', (operation, kind, cells) => {
    const name = operation as keyof typeof OPERATIONS
    const expected = Object.entries(cells).map(([state, cell]) => [
      state,
      cell === REFUSED ? REFUSED : 'allowed',
    ])
    const found = Object.keys(cells).map((state) => [state, permitted(kind, name, state)])
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
  })

  test('every operation of the table is in a fixture, or needs no state', () => {
    const told = new Set(KINDS.flatMap((kind) => TABLES[kind].rows.flatMap((r) => r.operations)))
    const free = Object.entries(OPERATIONS as Record<string, OperationRow>)
      .filter(([name, row]) => row.target !== 'room' && !told.has(name))
      .map(([name]) => name)
    expect(free).toEqual(['deleteAlias'])
  })
})

/** Events that an option of the call decides, and not the operation alone. */
const VARIANTS = [
  'key cancelToDisabled',
  'key ensureEnabled',
  'key ensureDisabled',
  'version enable',
  'version disable',
]
function target(operation: string): Kind | undefined {
  const row = (OPERATIONS as Record<string, OperationRow>)[operation]
  return row?.target === 'use' || row?.target === 'room' ? undefined : row?.target
}

test(`windows (${WINDOWS.clause})`, () => {
  const dayMs = 24 * 60 * 60 * 1000
  const low = LIMITS.deletionDaysMin * dayMs - LIMITS.deletionGraceMs
  const high = LIMITS.deletionDaysMax * dayMs + LIMITS.deletionGraceMs
  for (const { aheadMs, accepted } of WINDOWS.rows)
    expect([aheadMs, aheadMs >= low && aheadMs <= high]).toEqual([aheadMs, accepted])
  expect(LIMITS.deletionDaysDefault * dayMs).toBe(WINDOWS.defaultMs)
})
