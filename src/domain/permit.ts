/**
 * What is allowed is decided here and nowhere else, from the tables and the settled views. `permit`
 * answers a witness that the bodies demand: code that touches material cannot be reached without
 * one. A refusal says why.
 */
import { StrongroomError, type ErrorCode, type Explanation } from '../base/errors.ts'
import { KEY_TABLE, VAULT_TABLE, VERSION_TABLE } from './lifecycle.ts'
import { relatives, updatingUntil } from './family.ts'
import { isPending } from './material.ts'
import { OPERATIONS, type OperationRow, type OperationTable, type UseName } from './operations.ts'
import type { KeyView, VaultView, VersionView } from './settle.ts'

declare const witness: unique symbol

/** Proof that the tables allow `O` on this version at this moment; only `permit` makes it. */
export interface Permitted<O extends UseName = UseName> {
  readonly [witness]: O
  readonly key: KeyView
  readonly version: VersionView
  /** The first moment at which the decision may differ (exclusive bound of its validity, ms). */
  readonly until: number
}

/** What a decision looks at. */
export interface Subject {
  readonly vault?: VaultView
  readonly key?: KeyView
  readonly version?: VersionView
  readonly now: number
}

/** The principal who may do all. */
export const OWNER = 'owner'

interface Rule {
  readonly name: string
  readonly code: ErrorCode
  /** Undefined when satisfied. */
  readonly test: (
    row: OperationRow,
    subject: Subject,
    operation: string,
  ) => { expected: string; found: string } | undefined
}

const oneOf = (allowed: readonly string[] | undefined, found: string | undefined) =>
  allowed === undefined || found === undefined || allowed.includes(found)
    ? undefined
    : { expected: allowed.join(' or '), found }

const sources = (table: object, event: string | undefined): readonly string[] | undefined =>
  event === undefined
    ? undefined
    : Object.entries(table).flatMap(([state, row]) =>
        Object.hasOwn(row as object, event) ? [state] : [],
      )

/** What a backup is made of: material that is here. */
const copies = (row: OperationRow): boolean => 'copies' in row && row.copies

const protectionOf = (row: OperationRow): readonly string[] =>
  (row.target === 'use' ? row.protection : undefined) ?? ['HSM', 'SOFTWARE']

/** A key that was made to leave may, although its protection says otherwise. */
const mayLeave = (row: OperationRow, key: KeyView | undefined): boolean =>
  row.target === 'use' && row.protection !== undefined && key?.record.exportable === true

const STILL_RESTORING = { expected: 'a vault that is whole', found: 'restoring' }

const eventOf = (row: OperationRow, target: OperationRow['target']) =>
  row.target === target && 'event' in row ? row.event : undefined

/**
 * What the wrapping key of a vault may be asked for: it is made, read and used for import, nothing
 * else.
 */
const WRAPPING_KEY_MAY: ReadonlySet<string> = new Set([
  'getKey',
  'getKeyVersion',
  'listKeyVersions',
  'getRotationPolicy',
  'listRotations',
  'getPublicKey',
])

/** The wrapping key of the primary is shown by its replica, and promotion is what makes it none. */
const servesReplica = (operation: string, { record }: VaultView): boolean =>
  operation === 'promoteVaultReplica' ||
  (operation === 'getWrappingKey' && record.wrappingKeyId !== undefined)

const RULES: readonly Rule[] = [
  {
    name: 'vault.role',
    code: 'READ_ONLY_REPLICA',
    test: (row, { vault }, operation) =>
      (!row.writes && !copies(row)) || vault?.role !== 'replica' || servesReplica(operation, vault)
        ? undefined
        : { expected: 'the primary', found: 'a replica' },
  },
  {
    name: 'vault.state',
    code: 'INVALID_STATE',
    test: (row, { vault }) =>
      oneOf(row.vault ?? sources(VAULT_TABLE, eventOf(row, 'vault')), vault?.state) ??
      (row.writes && vault?.state === 'restoring' ? STILL_RESTORING : undefined),
  },
  {
    name: 'vault.type',
    code: 'UNSUPPORTED',
    test: (row, { vault }) =>
      copies(row) && vault?.record.type === 'EXTERNAL'
        ? { expected: 'a vault whose keys are here', found: 'an EXTERNAL vault' }
        : undefined,
  },
  {
    name: 'key.role',
    code: 'NOT_PERMITTED_FOR_KEY',
    test: (_, { key }, operation) =>
      key?.record.role === 'wrapping' && !WRAPPING_KEY_MAY.has(operation)
        ? { expected: 'an ordinary key', found: 'the wrapping key of the vault' }
        : undefined,
  },
  {
    name: 'key.store',
    code: 'UNSUPPORTED',
    test: (row, { key }) =>
      row.keyStores === false && key?.record.keyStore
        ? { expected: 'a key without a key store', found: 'a key of a key store' }
        : undefined,
  },
  {
    name: 'key.state',
    code: 'INVALID_STATE',
    test: (row, { key }) => {
      const allowed = 'key' in row ? row.key : sources(KEY_TABLE, eventOf(row, 'key'))
      // Only a key of a key store is ever unavailable: others are not told of it.
      const told = key?.record.keyStore
        ? allowed
        : allowed?.filter((state) => state !== 'unavailable')
      return oneOf(told, key?.state)
    },
  },
  {
    name: 'key.primary',
    code: 'NOT_PERMITTED_FOR_KEY',
    test: (row, { key }) =>
      row.target === 'key' && row.primary && key ? unlessPrimary(key) : undefined,
  },
  {
    name: 'key.replicas',
    code: 'CONFLICT',
    test: (row, { key }) =>
      row.target === 'key' && row.alone && key?.family?.role === 'primary' && relatives(key)[0]
        ? { expected: 'a primary without replicas', found: `${relatives(key).length} of them` }
        : undefined,
  },
  {
    name: 'key.purpose',
    code: 'NOT_PERMITTED_FOR_KEY',
    test: (row, { key }) =>
      row.target !== 'use' ||
      row.purpose === undefined ||
      !key ||
      key.record.purposes.includes(row.purpose)
        ? undefined
        : { expected: row.purpose, found: key.record.purposes.join(', ') || 'no purpose' },
  },
  {
    name: 'key.protection',
    code: 'NOT_PERMITTED_FOR_KEY',
    test: (row, { key }) =>
      (row.target === 'use' || copies(row)) && !mayLeave(row, key)
        ? oneOf(protectionOf(row), key?.record.protectionMode)
        : undefined,
  },
  {
    name: 'version.state',
    code: 'INVALID_STATE',
    test: (row, { version }) =>
      oneOf(
        row.target === 'use' ? ['enabled'] : sources(VERSION_TABLE, eventOf(row, 'version')),
        version?.state,
      ),
  },
  {
    name: 'version.current',
    code: 'NOT_PERMITTED_FOR_KEY',
    test: (row, { key, version }) =>
      row.target !== 'use' ||
      row.mode === 'process' ||
      !key ||
      !version ||
      version.record.number === key.record.currentVersion ||
      (key.record.olderVersions === 'all' && !isPending(version))
        ? undefined
        : {
            expected: `the current version ${key.record.currentVersion}`,
            found: `${isPending(version) ? 'pending' : 'older'} version ${version.record.number}`,
          },
  },
  {
    name: 'version.operations',
    code: 'NOT_PERMITTED_FOR_KEY',
    test: (row, { version }) =>
      row.target === 'use' &&
      row.operation !== undefined &&
      version?.record.operations?.includes(row.operation) === false
        ? { expected: row.operation, found: version.record.operations.join(', ') || 'no operation' }
        : undefined,
  },
  {
    name: 'version.validity',
    code: 'OUTSIDE_VALIDITY',
    test: (row, { version, now }) => {
      if (row.target !== 'use' || row.mode === 'process' || !version) return undefined
      const { notBefore = -Infinity, expiresOn = Infinity } = version.record
      if (now >= notBefore && now < expiresOn) return undefined
      return {
        expected: `a moment from ${moment(notBefore)} to before ${moment(expiresOn)}`,
        found: moment(now),
      }
    },
  },
]

const unlessPrimary = ({ family }: KeyView) =>
  family?.role === 'replica' ? { expected: 'the primary', found: 'a replica' } : undefined

/** For what only some requests of an operation ask for: that it is no replica of another copy. */
export function needPrimary(operation: keyof OperationTable, key: KeyView): void {
  const why = unlessPrimary(key)
  if (why) throw refusalOf('NOT_PERMITTED_FOR_KEY', { operation, rule: 'key.primary', ...why })
}

const moment = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : 'ever')

/** The first rule that refuses, or undefined when all allow. */
export function explain(
  operation: keyof OperationTable,
  subject: Subject,
  row: OperationRow = OPERATIONS[operation],
): { readonly code: ErrorCode; readonly explanation: Explanation } | undefined {
  for (const { name, code, test } of RULES) {
    const refusal = test(row, subject, operation)
    if (refusal) return { code, explanation: { operation, rule: name, ...refusal } }
  }
  return undefined
}

/** Throws the refusal of the first rule that refuses; for operations that use no material. */
export function check(operation: keyof OperationTable, subject: Subject, row?: OperationRow): void {
  const refusal = explain(operation, subject, row)
  if (refusal) throw refusalOf(refusal.code, refusal.explanation)
}

/** The refusal that an explanation is of. */
export function refusalOf(code: ErrorCode, explanation: Explanation): StrongroomError {
  const { operation, rule, expected, found } = explanation
  const message = `${operation} refused by ${rule}: expected ${expected}, found ${found}.`
  return new StrongroomError(code, message, { explain: explanation })
}

/** Decides about the use of a version's material. */
export function permit<O extends UseName>(
  operation: O,
  key: KeyView,
  version: VersionView,
  now: number,
): Permitted<O> {
  check(operation, { vault: key.vault, key, version, now })
  return { key, version, until: nextChange(key, version, now) } as Permitted<O>
}

/** The earliest deadline after `now` that could change a decision. */
function nextChange(key: KeyView, version: VersionView, now: number): number {
  const deadlines = [
    key.record.materialExpiresAt,
    key.record.creatingUntil,
    updatingUntil(key.record, key.family),
    key.record.rotation?.nextAt,
    version.record.materialExpiresAt,
    version.record.notBefore,
    version.record.expiresOn,
    key.deletionAt,
    version.deletionAt,
  ]
  return Math.min(Infinity, ...deadlines.filter((at) => at !== undefined && at > now).map(Number))
}
