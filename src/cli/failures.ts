/**
 * TABLE error code -> exit code of the command line, and the remedy where the general one speaks of
 * an API call. The compiler asks for a row for every code; docs/cli.md shows the same numbers.
 */
import type { ErrorCode } from '../base/errors.ts'
import { ERROR_CODES, StrongroomError } from '../base/errors.ts'

export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  notOpened: 5,
  store: 6,
  locked: 7,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

interface Row {
  readonly exit: ExitCode
  /** What a person at a terminal does about it. */
  readonly remedy?: string
}

export const FAILURES: Readonly<Record<ErrorCode, Row>> = {
  INVALID_ARGUMENT: { exit: EXIT.usage },
  LIMIT_EXCEEDED: { exit: EXIT.usage },
  UNSUPPORTED: { exit: EXIT.usage },
  INVALID_PAGE_TOKEN: { exit: EXIT.usage },
  INVALID_POLICY: { exit: EXIT.usage },
  INVALID_GRANT_TOKEN: { exit: EXIT.usage },
  DRY_RUN: { exit: EXIT.refused },
  POLICY_LOCKOUT: { exit: EXIT.refused },
  RETRY_TOKEN_REUSED: { exit: EXIT.usage },
  NOT_FOUND: {
    exit: EXIT.notFound,
    remedy: 'See what exists with `strongroom vault list` and `strongroom key list`.',
  },
  STORE_MISSING: {
    exit: EXIT.notFound,
    remedy: 'Make the store with `strongroom init`, or name another one with --data DIR.',
  },
  ALREADY_EXISTS: { exit: EXIT.refused },
  STORE_EXISTS: {
    exit: EXIT.refused,
    remedy: 'Use the store as it is, or name an empty folder with --data DIR.',
  },
  INVALID_STATE: {
    exit: EXIT.refused,
    remedy: 'Bring it into one of the states that the message names, then repeat.',
  },
  CONFLICT: { exit: EXIT.refused },
  FORBIDDEN: { exit: EXIT.refused, remedy: 'The rule that decided is named in the message.' },
  NOT_PERMITTED_FOR_KEY: { exit: EXIT.refused },
  OUTSIDE_VALIDITY: { exit: EXIT.refused },
  READ_ONLY_REPLICA: { exit: EXIT.refused },
  DIVERGED: { exit: EXIT.refused },
  ETAG_MISMATCH: { exit: EXIT.refused },
  INVALID_CIPHERTEXT: { exit: EXIT.notOpened },
  INVALID_BACKUP: { exit: EXIT.notOpened },
  TRUNCATED_BACKUP: { exit: EXIT.notOpened },
  UNSUPPORTED_BACKUP: { exit: EXIT.notOpened },
  FOREIGN_BACKUP: {
    exit: EXIT.notOpened,
    remedy: 'Restore it into the store that it was made from, or one imported from that.',
  },
  WRONG_BACKUP_KIND: { exit: EXIT.notOpened },
  CONTENT_MISMATCH: { exit: EXIT.notOpened },
  INVALID_KEY_MATERIAL: {
    exit: EXIT.notOpened,
    remedy: 'Give raw AES or HMAC bytes of the length of the spec, or an unencrypted PKCS#8 key.',
  },
  INVALID_IMPORT_TOKEN: { exit: EXIT.notOpened },
  EXPIRED_IMPORT_TOKEN: { exit: EXIT.notOpened },
  WRONG_SEAL: {
    exit: EXIT.notOpened,
    remedy: 'Give the passphrase or key file that the store was made with.',
  },
  STORE_UNSAFE: { exit: EXIT.store },
  UNAVAILABLE: {
    exit: EXIT.store,
    remedy: 'Nothing was changed. Repair what the message names, then repeat.',
  },
  KEY_STORE_FAILED: {
    exit: EXIT.store,
    remedy: 'The key store of the key refused or did not answer: the message says why.',
  },
  OUTCOME_UNKNOWN: {
    exit: EXIT.store,
    remedy: 'The write may or may not have happened: look before you repeat it.',
  },
  INTEGRITY: {
    exit: EXIT.store,
    remedy: 'The stored bytes are not what was written. Restore the store from a backup.',
  },
  ROLLED_BACK: { exit: EXIT.store },
  STORE_LOCKED: {
    exit: EXIT.locked,
    remedy: 'Wait for, or close, the other program that has this store open.',
  },
  BUSY: { exit: EXIT.locked },
  CLOSED: { exit: EXIT.internal },
  SELF_TEST_FAILED: { exit: EXIT.internal },
  INTERNAL: { exit: EXIT.internal },
}

/** An error as the command line shows it. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly remedy: string
  readonly exit: ExitCode
  readonly explain?: StrongroomError['explain']
}

/**
 * What to show of anything that was thrown. What is not ours is a defect of ours, told by its name
 * and message.
 */
export function failureOf(error: unknown): Failure {
  const known =
    error instanceof StrongroomError
      ? error
      : new StrongroomError('INTERNAL', error instanceof Error ? describeError(error) : 'unknown')
  const row = FAILURES[known.code]
  return {
    code: known.code,
    message: known.message,
    remedy: row.remedy ?? ERROR_CODES[known.code],
    exit: row.exit,
    ...(known.explain && { explain: known.explain }),
  }
}

const describeError = (error: Error): string => `${error.name}: ${error.message}`
