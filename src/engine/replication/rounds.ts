/** What the room takes about replication, and the rounds of a room that follows by itself. */
import * as c from '../../base/check.ts'
import { invalidArgument } from '../../base/errors.ts'
import { LIMITS } from '../../domain/limits.ts'
import { QUESTION_BYTES_MAX, type ReplicationLink } from '../../replication/link.ts'
import type { Core } from '../core.ts'
import { region as regionField } from '../schemas.ts'
import type { Followed } from './follow.ts'

export interface ReplicateInput {
  /** Goes on, a round every `pollMs` (default 1000). */
  readonly follow?: boolean
  readonly pollMs?: number
  readonly signal?: AbortSignal
  /** Told of every round. */
  readonly onRound?: (followed: readonly Followed[]) => void
}

const REPLICATE = c.object({
  follow: c.optional(c.boolean),
  pollMs: c.optional(c.integer(1, 86_400_000)),
  signal: c.optional(c.signal),
  onRound: c.optional(c.callback),
})

const QUESTION = c.bytes(1, QUESTION_BYTES_MAX)

export const readQuestion = (question: unknown): Uint8Array =>
  QUESTION.read(question, 'question') as Uint8Array

export function readLink(core: Core, region: unknown, link: ReplicationLink | undefined): void {
  const name = regionField.read(region, 'region') as string
  if (name === core.region) invalidArgument('region', `another region than ${name}`, region)
  if (link === undefined) core.links.delete(name)
  else if (typeof (link as Partial<ReplicationLink> | null)?.exchange !== 'function')
    invalidArgument('link', 'an object with exchange()', link)
  else core.links.set(name, link)
}

/** Answers the last round. */
export async function replicateRounds(
  core: Core,
  raw: ReplicateInput,
  round: (core: Core) => Promise<readonly Followed[]>,
): Promise<readonly Followed[]> {
  const input = c.readInput(REPLICATE, raw) as ReplicateInput
  const { follow = false, pollMs = LIMITS.pollMsDefault, signal, onRound } = input
  for (;;) {
    const followed = await round(core)
    onRound?.(followed)
    if (!follow || !(await slept(pollMs, signal)) || core.closed) return followed
  }
}

/** False when the signal aborts before. */
function slept(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const end = (whole: boolean) => () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      resolve(whole)
    }
    const aborted = end(false)
    const timer = setTimeout(end(true), ms)
    signal?.addEventListener('abort', aborted)
  })
}
