/**
 * Uses of keys on their way into the journal (`audit: 'all'`): collected in memory, written with the
 * next flush as one entry for each vault, so that no use waits for a disk. A flush comes by itself
 * when many wait, and before the journal is read, at `tick` and at `close`. What a failed flush may
 * or may not have written is written again: rather twice than never.
 */
import { LIMITS } from '../domain/limits.ts'
import type { JournalUse } from '../domain/records.ts'
import type { Core } from './core.ts'

export class Uses {
  readonly #core: Core
  readonly enabled: boolean
  #waiting = new Map<string, JournalUse[]>()
  #count = 0
  #flushing: Promise<void> | undefined

  constructor(core: Core, enabled: boolean) {
    this.#core = core
    this.enabled = enabled
  }

  /** No further use may be served before a flush: nothing is forgotten. */
  get full(): boolean {
    return this.#count >= LIMITS.waitingUsesMax
  }

  note(vaultId: string, use: JournalUse): void {
    const list = this.#waiting.get(vaultId)
    if (list) list.push(use)
    else this.#waiting.set(vaultId, [use])
    if (++this.#count === LIMITS.usesPerFlush) void this.flush().catch(() => undefined)
  }

  /** Room for one more use; waits for the disk when too many wait. */
  async admit(): Promise<void> {
    if (this.full) await this.flush()
  }

  /** Answers when every use that was noted before is durable. */
  async flush(): Promise<void> {
    while (this.#flushing) await this.#flushing
    if (this.#count === 0) return
    this.#flushing = this.#write().finally(() => (this.#flushing = undefined))
    await this.#flushing
  }

  async #write(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = new Map()
    this.#count = 0
    const written = await Promise.allSettled(
      [...waiting].map(([vaultId, uses]) => this.#commit(vaultId, uses)),
    )
    const failed = written.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  /** Entry after entry: what fails waits again, and nothing that came later goes before it. */
  async #commit(vaultId: string, uses: readonly JournalUse[]): Promise<void> {
    let done = 0
    try {
      for (const some of chunks(uses)) {
        const cell = await this.#core.findCell(vaultId)
        // A replica that was let go has no journal to write to.
        if (!cell) return
        await this.#core.transact(cell, { operation: 'use', uses: some }, async () => undefined)
        done += some.length
      }
    } catch (error) {
      const rest = uses.slice(done)
      this.#waiting.set(vaultId, [...rest, ...(this.#waiting.get(vaultId) ?? [])])
      this.#count += rest.length
      throw error
    }
  }
}

/** Parts that fit one journal row each. */
function chunks(uses: readonly JournalUse[]): readonly JournalUse[][] {
  const parts: JournalUse[][] = [[]]
  let bytes = 0
  for (const use of uses) {
    const size = bytesOf(use)
    if (bytes > 0 && bytes + size > LIMITS.usesPerEntryBytesMax) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)!.push(use)
    bytes += size
  }
  return parts
}

/** Ids, time and names of fields; at most three bytes for each UTF-16 unit of a text, and its length. */
const FIXED_BYTES = 120
const LENGTH_BYTES = 5
function bytesOf({ principal = '', requestId = '', note = {} }: JournalUse): number {
  let bytes = FIXED_BYTES + 3 * (principal.length + requestId.length)
  for (const name in note) bytes += 2 * LENGTH_BYTES + 3 * (name.length + note[name]!.length)
  return bytes
}
