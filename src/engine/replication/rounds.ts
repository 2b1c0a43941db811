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

const question = c.bytes(1, QUESTION_BYTES_MAX)
const QUESTION: c.Field = { ...question, read: (value) => question.read(value, 'question') }

export const readQuestion = (raw: unknown): Uint8Array => c.readInput(QUESTION, raw) as Uint8Array

const LINK: c.Field = {
  type: 'an object with exchange()',
  read(value, path) {
    const { exchange } = (value ?? {}) as Partial<ReplicationLink>
    return typeof exchange === 'function' ? value : invalidArgument(path, LINK.type, value)
  },
}
const LINKED = c.object({ region: regionField, link: c.optional(LINK) })

export function readLink(core: Core, region: unknown, link: unknown): void {
  const read = c.readInput(LINKED, { region, link })
  const { region: name, link: to } = read as { region: string; link?: ReplicationLink }
  if (name === core.region) invalidArgument('region', `another region than ${name}`, region)
  if (to === undefined) core.links.delete(name)
  else core.links.set(name, to)
}

/** Answers the last round. */
export async function replicateRounds(
  core: Core,
  raw: ReplicateInput,
  round: (signal: AbortSignal | undefined) => Promise<readonly Followed[]>,
): Promise<readonly Followed[]> {
  const input = c.readInput(REPLICATE, raw) as ReplicateInput
  const { follow = false, pollMs = LIMITS.pollMsDefault, signal, onRound } = input
  for (;;) {
    const followed = await round(signal)
    onRound?.(followed)
    if (!follow || !(await slept(pollMs, [core.ending.signal, ...(signal ? [signal] : [])])))
      return followed
  }
}

/** False when a signal aborts before. */
function slept(ms: number, signals: readonly AbortSignal[]): Promise<boolean> {
  if (signals.some(({ aborted }) => aborted)) return Promise.resolve(false)
  return new Promise((resolve) => {
    const end = (whole: boolean) => () => {
      clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', aborted)
      resolve(whole)
    }
    const aborted = end(false)
    const timer = setTimeout(end(true), ms)
    for (const signal of signals) signal.addEventListener('abort', aborted)
  })
}
