/**
 * TABLE of error codes: ours on the left, status and code of OCI on the right (contracts: OCI 2.1).
 */
import { StrongroomError, type ErrorCode } from '../../base/errors.ts'

/** A refusal in the words of OCI. */
export class OciFault extends Error {
  override readonly name = 'OciFault'
  readonly status: number
  readonly code: string
  /** For `retry-after`, in seconds. */
  readonly retryAfter: number | undefined

  constructor({ status, code }: FaultRow, message: string, retryAfter?: number) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

export interface FaultRow {
  readonly status: number
  readonly code: string
}

const row = (status: number, code: string): FaultRow => ({ status, code })

/** Every refusal that the face itself makes. */
export const FAULTS = {
  unreadable: row(400, 'CannotParseRequest'),
  missing: row(400, 'MissingParameter'),
  invalid: row(400, 'InvalidParameter'),
  limit: row(400, 'LimitExceeded'),
  related: row(400, 'RelatedResourceNotAuthorizedOrNotFound'),
  md5: row(400, 'UnmatchedContentMD5'),
  unauthenticated: row(401, 'NotAuthenticated'),
  hidden: row(404, 'NotAuthorizedOrNotFound'),
  noRoute: row(404, 'NotFound'),
  method: row(405, 'MethodNotAllowed'),
  state: row(409, 'IncorrectState'),
  conflict: row(409, 'Conflict'),
  token: row(409, 'InvalidatedRetryToken'),
  etag: row(412, 'NoEtagMatch'),
  large: row(413, 'PayloadTooLarge'),
  throttled: row(429, 'TooManyRequests'),
  internal: row(500, 'InternalServerError'),
  unavailable: row(503, 'ServiceUnavailable'),
} as const satisfies Record<string, FaultRow>

/** 409 `IncorrectState` is transient and retried by all SDKs; `Conflict` is neither. */
export const ERROR_TABLE: Readonly<Partial<Record<ErrorCode, FaultRow>>> = {
  INVALID_ARGUMENT: FAULTS.invalid,
  NOT_FOUND: FAULTS.hidden,
  ALREADY_EXISTS: FAULTS.conflict,
  INVALID_STATE: FAULTS.state,
  CONFLICT: FAULTS.conflict,
  FORBIDDEN: FAULTS.hidden,
  NOT_PERMITTED_FOR_KEY: FAULTS.invalid,
  OUTSIDE_VALIDITY: FAULTS.invalid,
  READ_ONLY_REPLICA: FAULTS.conflict,
  DIVERGED: FAULTS.conflict,
  ETAG_MISMATCH: FAULTS.etag,
  RETRY_TOKEN_REUSED: FAULTS.token,
  UNSUPPORTED: FAULTS.invalid,
  LIMIT_EXCEEDED: FAULTS.limit,
  INVALID_CIPHERTEXT: FAULTS.invalid,
  INVALID_KEY_MATERIAL: FAULTS.invalid,
  INVALID_PAGE_TOKEN: FAULTS.invalid,
  INVALID_BACKUP: FAULTS.invalid,
  TRUNCATED_BACKUP: FAULTS.invalid,
  UNSUPPORTED_BACKUP: FAULTS.invalid,
  FOREIGN_BACKUP: FAULTS.invalid,
  WRONG_BACKUP_KIND: FAULTS.invalid,
  CONTENT_MISMATCH: FAULTS.md5,
  KEY_STORE_FAILED: FAULTS.unavailable,
  UNAVAILABLE: FAULTS.unavailable,
  OUTCOME_UNKNOWN: FAULTS.unavailable,
  BUSY: FAULTS.unavailable,
  CLOSED: FAULTS.unavailable,
}

/** Says the same of what does not exist and of what the caller may not see. */
export const HIDDEN = 'Authorization failed or requested resource not found.'

/** A refusal of the room while a key is used: two codes mean something else there (contracts: OCI 5.2, 8). */
const IN_USE: Readonly<Partial<Record<ErrorCode, FaultRow>>> = { LIMIT_EXCEEDED: FAULTS.invalid }
const isGone = (error: StrongroomError): boolean =>
  error.code === 'INVALID_STATE' && error.explain?.found === 'deleted'

/** Whatever was thrown, in the words of OCI; a defect tells nothing but that it is one. */
export function faultOf(error: unknown, using: boolean): OciFault {
  if (error instanceof OciFault) return error
  if (!(error instanceof StrongroomError))
    return new OciFault(FAULTS.internal, 'An internal error occurred.')
  const found = (using ? IN_USE[error.code] : undefined) ?? ERROR_TABLE[error.code]
  if (found === FAULTS.hidden || (using && isGone(error)))
    return new OciFault(FAULTS.hidden, HIDDEN)
  return new OciFault(found ?? FAULTS.internal, error.message)
}

export const hidden = (): OciFault => new OciFault(FAULTS.hidden, HIDDEN)

export function missing(path: string): never {
  throw new OciFault(FAULTS.missing, `${path}: expected a value, got none.`)
}

export function invalid(path: string, expected: string): never {
  throw new OciFault(FAULTS.invalid, `${path}: expected ${expected}.`)
}
