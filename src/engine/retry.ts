/**
 * What makes writes safe to repeat. Etags: nothing changes unless the caller saw the newest state.
 * Retry tokens: the first answer is kept with the change that it answers, in the same commit.
 */
import { equalBytes, wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import { DAY_MS, LIMITS } from '../domain/limits.ts'
import { decodeValue, encodeValue } from '../format/records.ts'
import type { Core, Reader } from './core.ts'
import { retryPath } from './lookup.ts'
import type { Tx } from './tx.ts'

interface Retried {
  readonly retryToken?: string
  /** Every attempt may have its own. */
  readonly requestId?: string
  readonly access?: unknown
}

const digestOf = (core: Core, operation: string, input: Retried): Uint8Array => {
  const { retryToken: _, requestId: __, access: ___, ...request } = input
  const encoded = encodeValue([operation, request])
  try {
    return core.provider.digest('SHA_256', encoded)
  } finally {
    // A request may hold material.
    wipe(encoded)
  }
}

/** The first answer to the same request under the same token, for 24 hours. */
export async function replayed(
  core: Core,
  reader: Reader,
  operation: string,
  input: Retried,
): Promise<{ readonly answer: unknown } | undefined> {
  if (input.retryToken === undefined) return undefined
  const found = await reader.get('retry', retryPath(core, reader.cell.id, input.retryToken))
  if (!found || core.now() >= found.record.expiresAt) return undefined
  if (
    found.record.operation === operation &&
    equalBytes(found.record.request, digestOf(core, operation, input))
  )
    return { answer: decodeValue(found.record.answer) }
  throw new StrongroomError(
    'RETRY_TOKEN_REUSED',
    'retryToken: expected the request that the token was first used with, got another ' +
      'one; nothing was changed.',
  )
}

export async function rememberAnswer(
  core: Core,
  tx: Tx,
  operation: string,
  input: Retried,
  answer: unknown,
): Promise<void> {
  if (input.retryToken === undefined) return
  await tx.put('retry', retryPath(core, tx.cell.id, input.retryToken), {
    operation,
    request: digestOf(core, operation, input),
    answer: encodeValue(answer),
    expiresAt: tx.now + (LIMITS.retryTokenHours * DAY_MS) / 24,
  })
}

export function matchEtag(ifMatch: string, etag: string): void {
  if (ifMatch === '*' || ifMatch === etag) return
  throw new StrongroomError(
    'ETAG_MISMATCH',
    `ifMatch: expected the current etag ${etag}, got another one; nothing was changed.`,
  )
}
