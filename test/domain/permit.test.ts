/** Rule by rule: what refuses, what it says, what the neighbour that is allowed looks like. */
import { describe, expect, test } from 'vitest'
import { StrongroomError, type ErrorCode } from '../../src/base/errors.ts'
import { OPERATIONS, type UseName } from '../../src/domain/operations.ts'
import { check, explain, permit, type Subject } from '../../src/domain/permit.ts'
import type { KeyRecord, VaultRecord, VersionRecord } from '../../src/domain/records.ts'
import { keyAt, vaultAt, versionAt } from './views.ts'

const NOW = Date.UTC(2030, 0, 2)
const LATER = NOW + 1000

interface Change {
  readonly vault?: Partial<VaultRecord>
  readonly key?: Partial<KeyRecord>
  readonly version?: Partial<VersionRecord>
}

function subject({ vault, key, version }: Change): Required<Subject> {
  const keyView = keyAt(NOW, key, vaultAt(NOW, vault))
  return {
    vault: keyView.vault,
    key: keyView,
    version: versionAt(NOW, version, keyView),
    now: NOW,
  }
}

type Operation = keyof typeof OPERATIONS
type Refusal = readonly [rule: string, code: ErrorCode, expected: string, found: string]
const PENDING = { deletion: { at: LATER, scheduledAt: 0 } }

const REFUSED: readonly (readonly [Operation, Change, Refusal])[] = [
  ['createKey', { vault: PENDING }, ['vault.state', 'INVALID_STATE', 'active', 'pendingDeletion']],
  ['cancelVaultDeletion', {}, ['vault.state', 'INVALID_STATE', 'pendingDeletion', 'active']],
  [
    'deleteAlias',
    { vault: { state: 'restoring' } },
    ['vault.state', 'INVALID_STATE', 'a vault that is whole', 'restoring'],
  ],
  [
    'backupVault',
    { vault: { type: 'EXTERNAL' } },
    ['vault.type', 'UNSUPPORTED', 'a vault whose keys are here', 'an EXTERNAL vault'],
  ],
  [
    'backupKey',
    { key: { protectionMode: 'EXTERNAL' } },
    ['key.protection', 'NOT_PERMITTED_FOR_KEY', 'HSM or SOFTWARE', 'EXTERNAL'],
  ],
  [
    'disableKey',
    { key: { role: 'wrapping' } },
    ['key.role', 'NOT_PERMITTED_FOR_KEY', 'an ordinary key', 'the wrapping key of the vault'],
  ],
  [
    'encrypt',
    { key: { state: 'disabled' } },
    ['key.state', 'INVALID_STATE', 'enabled or updating', 'disabled'],
  ],
  ['enableKey', {}, ['key.state', 'INVALID_STATE', 'disabled', 'enabled']],
  [
    'disableKey',
    { key: { state: 'pendingImport' } },
    ['key.state', 'INVALID_STATE', 'enabled', 'pendingImport'],
  ],
  [
    'updateKeyVersion',
    { key: { state: 'pendingImport' } },
    ['key.state', 'INVALID_STATE', 'enabled or disabled', 'pendingImport'],
  ],
  [
    'sign',
    { key: { purposes: ['encrypt', 'wrap'] } },
    ['key.purpose', 'NOT_PERMITTED_FOR_KEY', 'sign', 'encrypt, wrap'],
  ],
  [
    'encrypt',
    { key: { purposes: [] } },
    ['key.purpose', 'NOT_PERMITTED_FOR_KEY', 'encrypt', 'no purpose'],
  ],
  [
    'encrypt',
    { key: { protectionMode: 'EXTERNAL' } },
    ['key.protection', 'NOT_PERMITTED_FOR_KEY', 'HSM or SOFTWARE', 'EXTERNAL'],
  ],
  [
    'exportKey',
    { key: { protectionMode: 'HSM' } },
    ['key.protection', 'NOT_PERMITTED_FOR_KEY', 'SOFTWARE', 'HSM'],
  ],
  [
    'decrypt',
    { version: { state: 'disabled' } },
    ['version.state', 'INVALID_STATE', 'enabled', 'disabled'],
  ],
  [
    'cancelKeyVersionDeletion',
    {},
    ['version.state', 'INVALID_STATE', 'pendingDeletion', 'enabled'],
  ],
  [
    'encrypt',
    { version: { number: 1 } },
    ['version.current', 'NOT_PERMITTED_FOR_KEY', 'the current version 2', 'older version 1'],
  ],
  [
    'encrypt',
    { version: { operations: ['decrypt', 'wrapKey'] } },
    ['version.operations', 'NOT_PERMITTED_FOR_KEY', 'encrypt', 'decrypt, wrapKey'],
  ],
  [
    'decrypt',
    { version: { operations: [] } },
    ['version.operations', 'NOT_PERMITTED_FOR_KEY', 'decrypt', 'no operation'],
  ],
  [
    'encrypt',
    { version: { notBefore: LATER } },
    [
      'version.validity',
      'OUTSIDE_VALIDITY',
      'a moment from 2030-01-02T00:00:01.000Z to before ever',
      '2030-01-02T00:00:00.000Z',
    ],
  ],
  [
    'encrypt',
    { version: { expiresOn: NOW } },
    [
      'version.validity',
      'OUTSIDE_VALIDITY',
      'a moment from ever to before 2030-01-02T00:00:00.000Z',
      '2030-01-02T00:00:00.000Z',
    ],
  ],
]

describe('refused', () => {
  test.each(REFUSED)('%s with %j', (operation, change, [rule, code, expected, found]) => {
    const explanation = { operation, rule, expected, found }
    expect(explain(operation, subject(change))).toEqual({ code, explanation })
    let thrown: unknown
    try {
      check(operation, subject(change))
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(StrongroomError)
    expect(thrown).toMatchObject({
      code,
      explain: explanation,
      message: `${operation} refused by ${rule}: expected ${expected}, found ${found}.`,
    })
  })

  test('the first rule in the order of the table decides', () => {
    const everything: Change = {
      vault: PENDING,
      key: {
        role: 'wrapping',
        state: 'disabled',
        purposes: [],
        protectionMode: 'EXTERNAL',
      },
      version: { state: 'disabled', number: 1, operations: [], expiresOn: NOW },
    }
    const mended: readonly [string, Change][] = [
      ['vault.state', {}],
      ['key.role', { vault: {} }],
      ['key.state', { key: { ...everything.key, role: 'ordinary' } }],
      ['key.purpose', { key: { purposes: [], protectionMode: 'EXTERNAL' } }],
      ['key.protection', { key: { protectionMode: 'EXTERNAL' } }],
      ['version.state', { key: {} }],
      ['version.current', { version: { ...everything.version, state: 'enabled' } }],
      ['version.operations', { version: { operations: [], expiresOn: NOW } }],
      ['version.validity', { version: { expiresOn: NOW } }],
      ['none', { version: {} }],
    ]
    let change = everything
    for (const [rule, mend] of mended) {
      change = { ...change, ...mend }
      expect(explain('encrypt', subject(change))?.explanation.rule ?? 'none').toBe(rule)
    }
  })
})

const ALLOWED: readonly (readonly [Operation, Change])[] = [
  ['createKey', {}],
  ['cancelVaultDeletion', { vault: PENDING }],
  ['getKey', { vault: PENDING }],
  ['getKey', { vault: { state: 'restoring' } }],
  ['deleteAlias', {}],
  ['backupKey', { key: { state: 'disabled', protectionMode: 'HSM' } }],
  ['backupVault', {}],
  ['createKey', { vault: { type: 'EXTERNAL' } }],
  ['listKeys', { vault: { type: 'EXTERNAL' } }],
  ['enableKey', { key: { state: 'disabled' } }],
  ['updateKeyVersion', { key: { state: 'disabled' } }],
  ['verify', { key: { purposes: ['encrypt', 'sign'] } }],
  ['getPublicKey', { key: { purposes: [] } }],
  ['encrypt', { key: { protectionMode: 'SOFTWARE' } }],
  ['exportKey', { key: { protectionMode: 'SOFTWARE' } }],
  ['getKey', { key: { protectionMode: 'EXTERNAL' } }],
  ['cancelKeyVersionDeletion', { version: PENDING }],
  ['updateKeyVersion', { version: { state: 'disabled' } }],
  ['getKeyVersion', { version: { state: 'disabled' } }],
  ['updateKeyVersion', { version: { number: 1 } }],
  ['decrypt', { version: { number: 1 } }],
  ['encrypt', { version: { number: 1 }, key: { olderVersions: 'all' } }],
  ['encrypt', { version: { operations: ['decrypt', 'encrypt'] } }],
  ['getPublicKey', { version: { operations: [] } }],
  ['updateKeyVersion', { version: { operations: [] } }],
  ['encrypt', { version: { notBefore: NOW, expiresOn: LATER } }],
  ['decrypt', { version: { notBefore: LATER } }],
  ['decrypt', { version: { expiresOn: NOW } }],
  ['updateKeyVersion', { version: { expiresOn: NOW } }],
]

describe('allowed', () => {
  test.each(ALLOWED)('%s with %j', (operation, change) => {
    expect(explain(operation, subject(change))).toBeUndefined()
    expect(() => check(operation, subject(change))).not.toThrow()
  })

  test('a rule about something that an operation does not have is satisfied', () => {
    const { vault, key } = subject({})
    for (const operation of ['encrypt', 'sign', 'exportKey', 'updateKeyVersion'] as const)
      expect(explain(operation, { now: NOW })).toBeUndefined()
    expect(explain('encrypt', { vault, key, now: NOW })).toBeUndefined()
  })

  test('a row of its own replaces the row of the operation', () => {
    const disabled = subject({ key: { state: 'disabled' } })
    const row = { ...OPERATIONS.encrypt, key: ['disabled'] as const }
    expect(explain('encrypt', disabled, row)).toBeUndefined()
    expect(() => check('encrypt', disabled, row)).not.toThrow()
    expect(explain('encrypt', subject({}), row)?.explanation.expected).toBe('disabled')
  })
})

describe('a replica', () => {
  const vault = { ...vaultAt(NOW), role: 'replica' as const }
  const refusal = (operation: Operation, record: Partial<VaultRecord> = {}) =>
    explain(operation, { vault: { ...vault, record: { ...vault.record, ...record } }, now: NOW })

  test('takes its changes from the primary alone, and answers what only reads', () => {
    for (const [name, row] of Object.entries(OPERATIONS))
      if (name !== 'promoteVaultReplica') {
        // A backup reads, and shows what the primary has.
        const kept = row.writes || 'copies' in row
        const refused = refusal(name as Operation)?.code === 'READ_ONLY_REPLICA'
        expect([name, refused]).toEqual([name, kept])
      }
    expect(refusal('promoteVaultReplica')).toBeUndefined()
    expect(refusal('createKey')?.explanation).toEqual({
      operation: 'createKey',
      rule: 'vault.role',
      expected: 'the primary',
      found: 'a replica',
    })
  })

  test('shows the wrapping key that the primary made', () => {
    expect(refusal('getWrappingKey', { wrappingKeyId: 'key' })).toBeUndefined()
    expect(refusal('createKey', { wrappingKeyId: 'key' })?.code).toBe('READ_ONLY_REPLICA')
  })
})

test('the wrapping key of a vault may be looked at, and nothing else', () => {
  const { key } = subject({ key: { role: 'wrapping', purposes: ['encrypt', 'wrap', 'sign'] } })
  const may = Object.keys(OPERATIONS).filter(
    (name) => explain(name as Operation, { key, now: NOW })?.explanation.rule !== 'key.role',
  )
  expect(may).toEqual([
    'getKey',
    'getRotationPolicy',
    'listRotations',
    'getKeyVersion',
    'listKeyVersions',
    'getPublicKey',
  ])
})

describe('a permit', () => {
  const permitted = (operation: UseName, change: Change) => {
    const { key, version } = subject(change)
    return { key, version, permit: permit(operation, key, version, NOW) }
  }

  test('carries what it was given for', () => {
    const { key, version, permit: given } = permitted('encrypt', {})
    expect(given.key).toBe(key)
    expect(given.version).toBe(version)
    expect(given.until).toBe(Infinity)
  })

  test.each(REFUSED.filter(([name]) => OPERATIONS[name].target === 'use'))(
    'is not given for %s with %j',
    (operation, change) => {
      expect(() => permitted(operation as UseName, change)).toThrow(StrongroomError)
    },
  )

  test('looks at the vault of the key', () => {
    expect(() => permitted('encrypt', { vault: PENDING })).toThrow('vault.state')
  })

  const rotation = { startAt: 0, enabled: true, updatedAt: 0 }
  test.each<[string, (at: number) => Change]>([
    ['expiry of the key material', (at) => ({ key: { materialExpiresAt: at } })],
    ['rotation', (at) => ({ key: { rotation: { ...rotation, nextAt: at } } })],
    ['expiry of the version material', (at) => ({ version: { materialExpiresAt: at } })],
    ['end of the validity', (at) => ({ version: { expiresOn: at } })],
  ])('ends at the %s', (_, change) => {
    expect(permitted('encrypt', change(LATER)).permit.until).toBe(LATER)
  })

  test('ends at the start of the validity, for operations that look away from it', () => {
    const change = { version: { notBefore: LATER, expiresOn: LATER + 1 } }
    expect(permitted('decrypt', change).permit.until).toBe(LATER)
  })

  test('ends at a deletion', () => {
    const { key, version } = subject({})
    const until = (keyAt?: number, versionAt?: number) =>
      permit(
        'encrypt',
        { ...key, ...(keyAt && { deletionAt: keyAt }) },
        { ...version, ...(versionAt && { deletionAt: versionAt }) },
        NOW,
      ).until
    expect([until(LATER), until(undefined, LATER), until(LATER + 1, LATER)]).toEqual([
      LATER,
      LATER,
      LATER,
    ])
  })

  test('ends at the earliest of what is still to come', () => {
    const change: Change = {
      key: { rotation: { ...rotation, nextAt: NOW } },
      version: { notBefore: NOW - 1, expiresOn: LATER + 5, materialExpiresAt: LATER },
    }
    expect(permitted('encrypt', change).permit.until).toBe(LATER)
    expect(permitted('encrypt', { version: { notBefore: NOW } }).permit.until).toBe(Infinity)
  })
})
