/**
 * Every operation in every state of its key, by the official client; the table is
 * `fixtures/lifecycle/aws-key-states.json` (contracts: AWS 16).
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../../src/faces/aws/operations.ts'
import { outcome } from './ask.ts'
import { clusters, expected, inputName, INTO, staged, stateOf, TABLE } from './key-states.ts'
import { sharedProvider } from '../../helpers/provider.ts'
import { openWorld, type World } from './world.ts'

/** What no key is asked for. */
const APART = [
  'CreateKey',
  'ListKeys',
  'GenerateRandom',
  'ListRetirableGrants',
  'CreateCustomKeyStore',
  'DeleteCustomKeyStore',
  'UpdateCustomKeyStore',
  'ConnectCustomKeyStore',
  'DisconnectCustomKeyStore',
  'DescribeCustomKeyStores',
]

const CELLS = TABLE.rows.flatMap((row) =>
  Object.entries(row.cells)
    .filter(([state]) => state in INTO && row.operation in OPERATIONS)
    .map(([state, code]) => ({ row, state, code, name: inputName(row), spec: row.keySpec })),
)

let world: World
beforeAll(async () => {
  world = await openWorld(
    undefined,
    { clusters: await clusters() },
    { crypto: await sharedProvider() },
  )
})

describe('the table', () => {
  it('has every operation on a key', () => {
    const told = new Set(TABLE.rows.map(({ operation }) => operation))
    const missing = Object.keys(OPERATIONS).filter((name) => !told.has(name))
    expect(missing.filter((name) => !APART.includes(name))).toEqual([])
  })
})

/** A custom key store serves all keys that are unavailable without it: these go in turn. */
const inTurn = CELLS.filter(({ state }) => state === 'Unavailable')
const atOnce = CELLS.filter((cell) => !inTurn.includes(cell))

async function check({ row, state, code }: (typeof CELLS)[number]): Promise<void> {
  const { subject, input } = await staged(world.kms, row, state)
  expect(await stateOf(subject)).toBe(state)
  const { operation, after } = row
  expect(await outcome(world.kms, operation, input)).toBe(expected(code, subject))
  const then = code === 'ok' ? (after?.[state] ?? state) : state
  expect(await stateOf(subject)).toBe(then)
}

describe('the states of keys', () => {
  it.concurrent.each(atOnce)('$state: $name ($spec) → $code', check)
  it.each(inTurn)('$state: $name ($spec) → $code', check)
})
