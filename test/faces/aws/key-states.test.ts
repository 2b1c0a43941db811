/**
 * Every operation in every state of its key, by the official client; the table is
 * `fixtures/lifecycle/aws-key-states.json` (contracts: AWS 16).
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../../src/faces/aws/operations.ts'
import { outcome } from './ask.ts'
import {
  clusters,
  ELSEWHERE,
  expected,
  inputName,
  INTO,
  staged,
  stateOf,
  TABLE,
  type Clients,
} from './key-states.ts'
import { sharedProvider } from '../../helpers/provider.ts'
import { openWorld } from './world.ts'

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
  Object.entries(row.cells).map(([state, code]) => ({
    row,
    state,
    code,
    name: inputName(row),
    spec: row.keySpec,
  })),
)

/** A room each for states that last, and for those that the clock ends. */
let lasting: Clients
let passing: Clients
async function clientsOf(transitionMs: number): Promise<Clients> {
  const options = { clusters: await clusters(), transitionMs }
  const world = await openWorld(undefined, options, { crypto: await sharedProvider() })
  const abroad = world.client({ region: ELSEWHERE })
  const settle = () => world.clock.advance({ milliseconds: transitionMs })
  return { kms: world.kms, abroad, settle }
}
beforeAll(async () => {
  lasting = await clientsOf(0)
  passing = await clientsOf(60_000)
})

describe('the table', () => {
  it('has every operation on a key, and no other', () => {
    const told = new Set(TABLE.rows.map(({ operation }) => operation))
    const onKeys = Object.keys(OPERATIONS).filter((name) => !APART.includes(name))
    expect([...told].sort()).toEqual(onKeys.sort())
  })

  it('has every state', () => {
    expect(Object.keys(INTO).sort()).toEqual([...TABLE.states].sort())
  })
})

/** They share a key store, or a clock: one after another. */
const IN_TURN: readonly string[] = ['Unavailable', 'Creating', 'Updating']
const inTurn = CELLS.filter(({ state }) => IN_TURN.includes(state))
const atOnce = CELLS.filter(({ state }) => !IN_TURN.includes(state))

async function check({ row, state, code }: (typeof CELLS)[number]): Promise<void> {
  const clients = ['Creating', 'Updating'].includes(state) ? passing : lasting
  const { subject, input } = await staged(clients, row, state)
  expect(await stateOf(subject)).toBe(state)
  const { operation, after } = row
  expect(await outcome(clients.kms, operation, input)).toBe(expected(code, subject))
  const then = code === 'ok' ? (after?.[state] ?? state) : state
  expect(await stateOf(subject)).toBe(then)
}

describe('the states of keys', () => {
  it.concurrent.each(atOnce)('$state: $name ($spec) → $code', check)
  it.each(inTurn)('$state: $name ($spec) → $code', check)
})
