/**
 * The one error class. `code` is a closed union: callers branch on it; the message is for people
 * and always says what was expected, what came, and what to do. No message, cause or detail ever
 * holds key material.
 */

/** Every code with the remedy that a reader needs first. Append only: codes are public. */
export const ERROR_CODES = {
  INVALID_ARGUMENT: 'Correct the named input.',
  NOT_FOUND: 'Check the id; list the resources to see what exists.',
  ALREADY_EXISTS: 'Choose another name or use the existing resource.',
  INVALID_STATE: 'See `explain`: bring the resource into one of the states named there first.',
  CONFLICT: 'Resolve the contradiction with the other resource named in the message.',
  FORBIDDEN: 'See `explain`: the rule that decided is named there.',
  NOT_PERMITTED_FOR_KEY: 'Use a key whose purposes and permitted operations include this one.',
  OUTSIDE_VALIDITY: 'Use a version inside its validity window, or change the window.',
  READ_ONLY_REPLICA: 'Make the change at the primary: it reaches the replica by itself.',
  DIVERGED: 'Primary and replica went different ways. Delete the replica and create it again.',
  ETAG_MISMATCH: 'Read the resource again and repeat with its current etag.',
  RETRY_TOKEN_REUSED: 'Use a new retry token for a different request.',
  UNSUPPORTED: 'Use a spec, algorithm or provider that offers it.',
  LIMIT_EXCEEDED: 'Stay within the bound named in the message.',
  INVALID_CIPHERTEXT:
    'The data does not open under this key and context; nothing more is told on purpose.',
  INVALID_KEY_MATERIAL: 'Wrap exactly the material that the key expects, in the format named.',
  INVALID_IMPORT_TOKEN: 'Ask for new import parameters for this key and use their token.',
  EXPIRED_IMPORT_TOKEN: 'Ask for new import parameters: a token is valid for 24 hours.',
  INVALID_PAGE_TOKEN: 'Start the list again without a page token.',
  INVALID_BACKUP: 'Give the backup as it was written; a changed one cannot be repaired.',
  TRUNCATED_BACKUP: 'Give the whole backup: a part of it is missing.',
  UNSUPPORTED_BACKUP: 'Restore it with the newer release that made it.',
  FOREIGN_BACKUP: 'Restore it into a room of the realm that made it.',
  WRONG_BACKUP_KIND: 'Use the operation for what the backup holds: a key, a vault or a realm.',
  CONTENT_MISMATCH: 'The bytes changed on their way: send them again.',
  INVALID_POLICY: 'Correct the place of the document that the message names.',
  POLICY_LOCKOUT: 'Let the caller keep `kms:PutKeyPolicy`, or say `bypassLockoutCheck`.',
  INVALID_GRANT_TOKEN: 'Give the token as `createGrant` answered it.',
  DRY_RUN: 'Nothing is wrong: every check passed, and nothing was done as asked.',
  WRONG_SEAL: 'Open with the passphrase, key or callback that this store was sealed with.',
  STORE_LOCKED: 'Close the other process or room that has this store open.',
  STORE_MISSING: 'Create the store first, or open with `create` left at its default.',
  STORE_EXISTS: 'Open the existing store, or choose an empty directory.',
  STORE_UNSAFE: 'Repair owner and mode of the directory as the message says.',
  UNAVAILABLE: 'Nothing was changed. Repair the store, then call `recover()`.',
  OUTCOME_UNKNOWN: 'The write may or may not have happened. Call `recover()`, then look.',
  INTEGRITY: 'The stored bytes are not what was written. Restore from a backup and run `verify()`.',
  KEY_STORE_FAILED: 'See `explain`: the linked key store refused or did not answer.',
  ROLLED_BACK: 'The store is older than its anchor. Put back the newest copy.',
  BUSY: 'Too many operations are waiting. Try again later.',
  CLOSED: 'Open the room again.',
  SELF_TEST_FAILED: 'Do not use this platform: a known answer came out wrong.',
  INTERNAL: 'This is a defect of ours: please report it.',
} as const

/** A stable name for one kind of failure. */
export type ErrorCode = keyof typeof ERROR_CODES

/** Why a permit was refused: the rule that decided and the facts it looked at. */
export interface Explanation {
  /** The operation that was refused. */
  readonly operation: string
  /** Which rule decided, for example `key.state` or `version.validity`. */
  readonly rule: string
  /** What the rule asks for. */
  readonly expected: string
  /** What it found. */
  readonly found: string
  /** What was refused, when it has a name of its own: the id of a material. */
  readonly subject?: string
  /** Of a decision about a principal: what was asked for, in the words of policies. */
  readonly action?: string
  readonly resource?: string
  /** And what every statement and grant said, one line each. */
  readonly trace?: readonly string[]
}

export interface ErrorDetails {
  /** What went wrong underneath; never shown with secrets. */
  readonly cause?: unknown
  /** Present on refusals by a rule. */
  readonly explain?: Explanation
}

/** The only error that Strongroom throws on purpose. */
export class StrongroomError extends Error {
  override readonly name = 'StrongroomError'
  readonly code: ErrorCode
  /** The rule that decided, when a rule refused. */
  readonly explain: Explanation | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.explain = details.explain
  }

  /** What to do about it, one sentence. */
  get remedy(): string {
    return ERROR_CODES[this.code]
  }
}

/** Throws the error for one bad input: names the path, what was expected and what came. */
export function invalidArgument(path: string, expected: string, got: unknown): never {
  throw new StrongroomError(
    'INVALID_ARGUMENT',
    `${path}: expected ${expected}, got ${describe(got)}.`,
  )
}

/**
 * A short, secret-free description of a value: its type and size, never its content unless it is a
 * small number.
 */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? 'an invalid date' : value.toISOString()
  if (typeof value === 'string') return `a string of ${value.length} characters`
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined)
    return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
