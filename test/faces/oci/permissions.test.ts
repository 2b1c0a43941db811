/** Who may do what in which compartment: statements of policies, and what operations need. */
import { beforeAll, describe, expect, test } from 'vitest'
import { StrongroomError } from '../../../src/index.ts'
import { ociHandler, type OciPermissions } from '../../../src/faces/oci/index.ts'
import { OPERATIONS } from '../../../src/faces/oci/operations.ts'
import { judgeOf, NEEDS } from '../../../src/faces/oci/permissions.ts'
import { GRANTED, VERBS, type Facts } from '../../../src/faces/oci/statements.ts'
import { prepare, prepareAgain, w, type Checks } from './checks.ts'
import { KEY_CHECKS } from './checks-keys.ts'
import { VAULT_CHECKS } from './checks-vaults.ts'
import { compartment, COMPARTMENT, onEachWay, openRoom, refusal, WAYS } from './world.ts'
import type { Facing } from './world.ts'

const ALICE = `ocid1.user.oc1..${'a'.repeat(60)}`
const MALLORY = `ocid1.user.oc1..${'m'.repeat(60)}`
const [OUTER, INNER, OTHER] = ['o', 'i', 'x'].map(compartment) as [string, string, string]
const PERMISSIONS: Omit<OciPermissions, 'statements'> = {
  groups: { Admins: [ALICE], 'ocid1.group.oc1..g': [ALICE], Empty: [] },
  compartments: {
    [OUTER]: { name: 'outer' },
    [INNER]: { name: 'inner', parent: OUTER },
    [OTHER]: { name: 'same' },
    [compartment('y')]: { name: 'same' },
  },
}
const HIDDEN = '404 NotAuthorizedOrNotFound'
const ALL = [
  ...new Set(
    Object.values(GRANTED).flatMap((verbs) =>
      VERBS.flatMap((verb) => verbs[verb] as readonly string[]),
    ),
  ),
]

describe('a statement', () => {
  const allowed = (statement: string, asking: object = {}, facts: Facts = {}) =>
    judgeOf({ ...PERMISSIONS, statements: [statement] })({
      user: ALICE,
      permission: 'KEY_ENCRYPT',
      compartmentId: INNER,
      facts,
      ...asking,
    })

  test.each([
    ['Allow group Admins to use keys in compartment inner', true],
    ['allow GROUP Admins TO Use KEYS in Compartment inner', true],
    ['Allow group id ocid1.group.oc1..g to use keys in tenancy', true],
    ['Allow group Empty, group Admins to use keys in tenancy', true],
    ['Allow group Empty to use keys in tenancy', false],
    ['Allow any-user to use keys in tenancy', true],
    ['Allow any-user to read keys in tenancy', false],
    ['Allow any-user to manage keys in tenancy', true],
    ['Allow any-user to manage vaults in tenancy', false],
    ['Allow any-user to use key-delegate in tenancy', false],
    ['Allow any-user to use key-family in tenancy', true],
    ['Allow any-user to manage all-resources in tenancy', true],
    ['Allow any-user to {KEY_ENCRYPT} in tenancy', true],
    ['Allow any-user to {KEY_DECRYPT, KEY_SIGN} in tenancy', false],
    // A compartment has those inside of it.
    ['Allow any-user to use keys in compartment outer', true],
    [`Allow any-user to use keys in compartment id ${OUTER}`, true],
    [`Allow any-user to use keys in compartment id ${OTHER}`, false],
  ])('%s: %s', (statement, expected) => {
    expect(allowed(statement)).toBe(expected)
  })

  const facts: Facts = { 'request.operation': 'encrypt', 'target.key.id': 'ocid1.key.k' }
  test.each([
    ["request.operation = 'Encrypt'", true],
    ["request.operation='Decrypt'", false],
    ["request.operation != 'Decrypt'", true],
    ["target.key.id = 'OCID1.KEY.K'", true],
    [`request.user.id = '${ALICE}'`, true],
    [`target.compartment.id = '${OUTER}'`, false],
    ["request.permission = 'KEY_ENCRYPT'", true],
    // What a request does not have equals nothing, and differs from nothing.
    ["target.vault.id != 'ocid1.vault.v'", false],
    ["any {request.operation = 'Sign', target.key.id = 'ocid1.key.k'}", true],
    ["all {request.operation = 'Sign', target.key.id = 'ocid1.key.k'}", false],
    ["all {request.operation = 'Encrypt', any {target.key.id = 'a', target.key.id != 'b'}}", true],
  ])('where %s: %s', (condition, expected) => {
    expect(allowed(`Allow any-user to use keys in tenancy where ${condition}`, {}, facts)).toBe(
      expected,
    )
  })

  test('is for its users and compartments alone', () => {
    const statement = 'Allow group Admins to use keys in compartment inner'
    expect(allowed(statement, { user: MALLORY })).toBe(false)
    expect(allowed(statement, { compartmentId: OUTER })).toBe(false)
    expect(allowed(statement, { compartmentId: 'unknown' })).toBe(false)
    expect(allowed(statement, { permission: 'KEY_DELETE' })).toBe(false)
  })

  test('compartments that are inside of each other end', () => {
    const [a, b] = ['a', 'b']
    const judge = judgeOf({
      statements: ['Allow any-user to use keys in compartment id c'],
      compartments: { [a]: { parent: b }, [b]: { parent: a } },
    })
    expect(judge({ user: ALICE, permission: 'KEY_SIGN', compartmentId: a, facts: {} })).toBe(false)
  })

  test.each([
    '',
    'Deny any-user to use keys in tenancy',
    'Allow user alice to use keys in tenancy',
    'Allow service objectstorage to use keys in tenancy',
    'Allow group Admins',
    'Allow group Unknown to use keys in tenancy',
    'Allow group constructor to use keys in tenancy',
    'Allow any-user to rule keys in tenancy',
    'Allow any-user to use buckets in tenancy',
    'Allow any-user to use secret-family in tenancy',
    'Allow any-user to {KEY_ENCRYPT in tenancy',
    'Allow any-user to {KEY_GUESS} in tenancy',
    'Allow any-user to {} in tenancy',
    'Allow any-user to use keys',
    'Allow any-user to use keys in compartment',
    'Allow any-user to use keys in compartment unknown',
    'Allow any-user to use keys in compartment same',
    'Allow any-user to use keys in tenancy too',
    'Allow any-user to use keys in tenancy where',
    "Allow any-user to use keys in tenancy where request.weather = 'fine'",
    'Allow any-user to use keys in tenancy where request.operation = Encrypt',
    "Allow any-user to use keys in tenancy where request.operation > 'A'",
    "Allow any-user to use keys in tenancy where any {request.operation = 'A'",
    'Allow any-user to use keys in tenancy where request.operation = /En*/',
  ])('that is not understood is refused: %j', async (statement) => {
    const room = await openRoom()
    const make = () =>
      ociHandler(room, { permissions: { ...PERMISSIONS, statements: [statement] } })
    expect(make).toThrow(StrongroomError)
    expect(make).toThrow('permissions.statements[0]')
  })
})

describe('the tables', () => {
  test('say of every operation what it needs, and every need can be met', () => {
    expect(Object.keys(NEEDS).sort()).toEqual(Object.keys(OPERATIONS).sort())
    const needed = Object.values(NEEDS).flatMap((needs) => needs.map(([permission]) => permission))
    expect(needed.filter((permission) => !ALL.includes(permission))).toEqual([])
  })
})

/** Each operation as in operations.test.ts, by a user who may do all else. */
describe('an operation', () => {
  beforeAll(() => prepare(WAYS[0]!))
  const CHECKS: Checks = { ...VAULT_CHECKS, ...KEY_CHECKS }
  const list = (permissions: readonly string[]) => `{${permissions.join(', ')}}`
  const asked = async (name: string, permissions: readonly string[]) => {
    const statements = [
      `Allow any-user to ${list(ALL)} in tenancy where request.operation != '${name}'`,
      `Allow any-user to ${list(permissions)} in tenancy`,
    ]
    await prepareAgain({ permissions: { statements }, principalOf: () => ALICE })
    return CHECKS[name]!()
  }

  test.each(Object.keys(CHECKS))('%s is done with what it needs', async (name) => {
    const needs = NEEDS[name]!.map(([permission]) => permission)
    const [reply, holds] = await asked(name, needs)
    expect(reply).toMatchObject(holds)
  })

  test.each(
    Object.entries(NEEDS).flatMap(([name, needs]) => needs.map((need) => [name, need[0]] as const)),
  )('%s is not found without %s', async (name, missing) => {
    const rest = ALL.filter((permission) => permission !== missing)
    expect(await refusal(asked(name, rest))).toBe(HIDDEN)
  })
})

onEachWay(({ world, facing }) => {
  test('compartments are the unit of permission: keys, not vaults, say where they are', async () => {
    let user: string | undefined
    const t = await world({
      principalOf: () => user,
      permissions: {
        ...PERMISSIONS,
        statements: [
          'Allow group Admins to use key-family in compartment outer',
          'Allow group Admins to inspect vaults in tenancy',
        ],
      },
    })
    const { vault, keys, crypto, key } = await t.furnished()
    const [inner, other] = [
      await key(undefined, { compartmentId: INNER }),
      await key(undefined, { compartmentId: OTHER }),
    ]
    const encrypt = ({ id: keyId }: { id: string }) =>
      refusal(crypto.encrypt({ encryptDataDetails: { keyId, plaintext: 'eA==' } }))
    expect(await encrypt(other)).toBe('ok')
    user = ALICE
    expect(await encrypt(inner)).toBe('ok')
    expect(await encrypt(other)).toBe(HIDDEN)
    expect(await refusal(keys.getKey({ keyId: inner.id }))).toBe('ok')
    expect(await refusal(keys.getKey({ keyId: other.id }))).toBe(HIDDEN)
    expect(await refusal(keys.disableKey({ keyId: inner.id }))).toBe(HIDDEN)
    expect(await refusal(t.vaults.getVault({ vaultId: vault.id }))).toBe(HIDDEN)
    expect(await refusal(t.vaults.listVaults({ compartmentId: COMPARTMENT }))).toBe('ok')
    expect(await refusal(keys.listKeys({ compartmentId: INNER }))).toBe('ok')
    expect(await refusal(keys.listKeys({ compartmentId: OTHER }))).toBe(HIDDEN)
    user = undefined
    const move = { changeKeyCompartmentDetails: { compartmentId: OTHER } }
    await keys.changeKeyCompartment({ keyId: inner.id, ...move })
    user = ALICE
    expect(await encrypt(inner)).toBe(HIDDEN)
    user = MALLORY
    expect(await encrypt(inner)).toBe(HIDDEN)
  })

  test('to move something takes permission at both ends, to make a key in the vault too', async () => {
    const statements = (...more: string[]) => ({
      permissions: { ...PERMISSIONS, statements: more },
    })
    const t = await world()
    const { vault, key } = await t.furnished()
    const { id: keyId } = await key(undefined, { compartmentId: OTHER })
    const as = async (...more: string[]): Promise<Facing> =>
      facing(t.room, { ...statements(...more), principalOf: () => ALICE })
    const move = async (...more: string[]) =>
      refusal(
        (await as(...more)).at(vault).keys.changeKeyCompartment({
          keyId,
          changeKeyCompartmentDetails: { compartmentId: INNER },
        }),
      )
    const there = 'Allow any-user to manage keys in compartment inner'
    const here = `Allow any-user to manage keys in compartment id ${OTHER}`
    expect([await move(there), await move(here), await move(here, there)]).toEqual([
      HIDDEN,
      HIDDEN,
      'ok',
    ])
    const make = async (...more: string[]) =>
      refusal((await as(...more)).inside(vault).key(undefined, { compartmentId: INNER }))
    const within = `Allow any-user to use vaults in compartment id ${COMPARTMENT}`
    expect([await make(there), await make(within), await make(within, there)]).toEqual([
      HIDDEN,
      HIDDEN,
      'ok',
    ])
  })

  test('what a user did is told of that user', async () => {
    const statements = ['Allow any-user to manage all-resources in tenancy']
    const t = await world(
      { permissions: { statements }, principalOf: () => ALICE },
      { audit: 'all' },
    )
    const { crypto, key } = await t.furnished()
    const { id: keyId } = await key()
    await crypto.encrypt({ encryptDataDetails: { keyId, plaintext: 'eA==' } })
    const told: unknown[] = []
    for await (const { operation, principal, uses } of t.room.journal())
      told.push([operation, principal], ...uses.map((use) => [use.operation, use.principal]))
    expect(told).toEqual([
      ['createVault', ALICE],
      ['createKey', ALICE],
      ['use', undefined],
      ['encrypt', ALICE],
    ])
  })

  test('a policy that stands at a key itself is asked too', async () => {
    const statements = ['Allow any-user to manage all-resources in tenancy']
    const t = await world({ permissions: { statements }, principalOf: () => ALICE })
    const { crypto, key } = await t.furnished()
    const { id: keyId } = await key()
    const encrypt = () =>
      refusal(crypto.encrypt({ encryptDataDetails: { keyId, plaintext: 'eA==' } }))
    expect(await encrypt()).toBe('ok')
    const vaultId = (await t.room.listVaults({})).items[0]!.id
    const ours = (await t.room.listKeys({ vaultId })).items[0]!.id
    const Principal = { AWS: 'arn:aws:iam::111122223333:root' }
    const Statement = [{ Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' }]
    const policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await t.room.putKeyPolicy({ keyId: ours, policy })
    expect(await encrypt()).toBe(HIDDEN)
  })
})

test('checks of this file leave the room whole', async () => {
  expect((await w.room.verify()).ok).toBe(true)
})
