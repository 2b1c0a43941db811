/**
 * TABLE of error codes: ours on the left, status, code and inner code of Azure on the right
 * (contracts: Azure 1.2).
 */
import { StrongroomError, type ErrorCode } from '../../base/errors.ts'

export interface FaultRow {
  readonly status: number
  readonly code: string
  readonly inner?: string
}

/** A refusal in the words of Azure. */
export class AzureFault extends Error {
  override readonly name = 'AzureFault'
  readonly row: FaultRow
  /** Beside the usual ones. */
  readonly headers: Readonly<Record<string, string>>

  constructor(row: FaultRow, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.row = row
    this.headers = headers
  }
}

const row = (status: number, code: string, inner?: string): FaultRow => ({
  status,
  code,
  ...(inner !== undefined && { inner }),
})

/** Every refusal that the face itself makes. */
export const FAULTS = {
  badParameter: row(400, 'BadParameter'),
  malformedBackup: row(400, 'MalformedBackupBlob'),
  malformedVaultBackup: row(400, 'BadParameter'),
  unauthorized: row(401, 'Unauthorized'),
  forbidden: row(403, 'Forbidden'),
  accessDenied: row(403, 'Forbidden', 'AccessDenied'),
  disabled: row(403, 'Forbidden', 'KeyDisabled'),
  operation: row(403, 'Forbidden', 'KeyOperationForbidden'),
  notYetValid: row(403, 'Forbidden', 'KeyNotYetValid'),
  expired: row(403, 'Forbidden', 'KeyExpired'),
  notFound: row(404, 'KeyNotFound'),
  noVault: row(404, 'VaultNotFound'),
  noRoute: row(404, 'NotFound'),
  method: row(405, 'MethodNotAllowed'),
  conflict: row(409, 'Conflict'),
  deleted: row(409, 'Conflict', 'ObjectIsDeletedButRecoverable'),
  beingDeleted: row(409, 'Conflict', 'ObjectIsBeingDeleted'),
  large: row(413, 'RequestEntityTooLarge'),
  throttled: row(429, 'Throttled'),
  internal: row(500, 'InternalServerError'),
  unavailable: row(503, 'ServiceUnavailable'),
} as const satisfies Record<string, FaultRow>

export const ERROR_TABLE: Readonly<Partial<Record<ErrorCode, FaultRow>>> = {
  INVALID_ARGUMENT: FAULTS.badParameter,
  NOT_FOUND: FAULTS.notFound,
  ALREADY_EXISTS: FAULTS.conflict,
  INVALID_STATE: FAULTS.conflict,
  CONFLICT: FAULTS.conflict,
  FORBIDDEN: FAULTS.accessDenied,
  NOT_PERMITTED_FOR_KEY: FAULTS.operation,
  OUTSIDE_VALIDITY: FAULTS.forbidden,
  READ_ONLY_REPLICA: FAULTS.forbidden,
  DIVERGED: FAULTS.conflict,
  ETAG_MISMATCH: FAULTS.conflict,
  UNSUPPORTED: FAULTS.badParameter,
  LIMIT_EXCEEDED: FAULTS.badParameter,
  INVALID_CIPHERTEXT: FAULTS.badParameter,
  INVALID_KEY_MATERIAL: FAULTS.badParameter,
  INVALID_PAGE_TOKEN: FAULTS.badParameter,
  INVALID_BACKUP: FAULTS.malformedBackup,
  TRUNCATED_BACKUP: FAULTS.malformedBackup,
  UNSUPPORTED_BACKUP: FAULTS.malformedBackup,
  FOREIGN_BACKUP: FAULTS.malformedBackup,
  WRONG_BACKUP_KIND: FAULTS.malformedBackup,
  KEY_STORE_FAILED: FAULTS.unavailable,
  UNAVAILABLE: FAULTS.unavailable,
  OUTCOME_UNKNOWN: FAULTS.unavailable,
  BUSY: FAULTS.throttled,
  CLOSED: FAULTS.unavailable,
}

/** Clients repeat these, but only when they are told when (contracts: Azure 0). */
const RETRIED: ReadonlySet<number> = new Set([429, 503])
const RETRY_AFTER = { 'retry-after': '1' }

/** Whatever was thrown, in the words of Azure; a defect tells nothing but that it is one. */
export function faultOf(error: unknown): AzureFault {
  if (error instanceof AzureFault) return error
  const found = error instanceof StrongroomError ? ERROR_TABLE[error.code] : undefined
  if (!found) return new AzureFault(FAULTS.internal, 'An internal error occurred.')
  const headers = RETRIED.has(found.status) ? RETRY_AFTER : {}
  return new AzureFault(found, (error as StrongroomError).message, headers)
}

/** @throws 400 BadParameter */
export function bad(message: string): never {
  throw new AzureFault(FAULTS.badParameter, message)
}

/** The same about one member of a request. */
export const invalid = (path: string, expected: string): never =>
  bad(`Property ${path} has invalid value: expected ${expected}.`)

export const keyNotFound = (name: string): AzureFault =>
  new AzureFault(
    FAULTS.notFound,
    `A key with (name/id) ${name} was not found in this key vault. If you recently deleted this ` +
      'key you may be able to recover it using the correct recovery command. For help resolving ' +
      'this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182',
  )

/** Of a managed HSM. */
export const hsmKeyNotFound = (kid: string, requestId: string): AzureFault =>
  new AzureFault(FAULTS.notFound, `Key not found: ${kid} (Activity ID: ${requestId})`)
