/**
 * A full pass over a store, which changes nothing. Its journal must be whole: every commit from the
 * last checkpoint on, in order, each as it was written, up to the head. And what lies in it must be
 * exactly what the heads say: not one record more, fewer, older or elsewhere. Only such a pass sees
 * a record that vanished; reads see every other change by themselves.
 */
import { equalBytes } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { decodeOrder, realmChainInput, type Order, type VaultHead } from '../format/heads.ts'
import { addElement, ZERO_SUM } from '../format/multiset.ts'
import { type ParsedPath, path, range } from '../format/paths.ts'
import type { Store } from '../store/store.ts'
import { checkpointOf, startOf } from './checkpoint.ts'
import { chainOf, leavingHash } from './journal-entry.ts'
import { eachRow, placeOf } from './lookup.ts'
import { readPosition, readVaultHead } from './realm.ts'
import type { RealmKeys } from './realm-keys.ts'
import { damaged, Records } from './records.ts'

/** What is wrong, and where it shows first. */
export interface Finding {
  readonly what: string
  /** The first commit of the room at which something is wrong; absent where none is to blame. */
  readonly sequence?: bigint
  readonly vaultId?: string
}

export interface VerifyReport {
  readonly ok: boolean
  /** Commits, records and vaults that were looked at. */
  readonly commits: number
  readonly records: number
  readonly vaults: number
  readonly finding?: Finding
}

export interface VerifyProgress {
  readonly commits: number
  readonly records: number
}

export interface Verified {
  readonly store: Store
  readonly keys: RealmKeys
  readonly provider: CryptoProvider
  /** Told now and then. */
  readonly onProgress?: (progress: VerifyProgress) => void
  /** Ends it early, with an error. */
  readonly signal?: AbortSignal
}

const PROGRESS_EVERY = 1000

class Wrong extends Error {
  readonly finding: Finding
  constructor(finding: Finding) {
    super(finding.what)
    this.finding = finding
  }
}

export async function verifyStore(verified: Verified): Promise<VerifyReport> {
  const pass = new Pass(verified)
  try {
    await pass.run()
    return pass.report()
  } catch (error) {
    return pass.report(findingOf(error))
  }
}

/** @throws {StrongroomError} INTEGRITY, with what is wrong. */
export async function assertVerified(verified: Verified): Promise<void> {
  const { finding } = await verifyStore(verified)
  if (finding) throw damaged(finding.what)
}

/** Codes that speak of what lies in the store; a store that does not answer is another matter. */
const TELLING: ReadonlySet<string> = new Set(['INTEGRITY', 'ROLLED_BACK'])

function findingOf(error: unknown): Finding {
  if (error instanceof Wrong) return error.finding
  if (error instanceof StrongroomError && TELLING.has(error.code))
    return { what: `${error.code}: ${error.message}` }
  throw error
}

class Pass {
  readonly #on: Verified
  readonly #records: Records
  /** Vault chain after the newest entry that was seen. */
  readonly #chains = new Map<string, { readonly seq: bigint; readonly chain: Uint8Array }>()
  /** Vaults whose entries are not whole: right only when the store lets go of them later. */
  readonly #doubted = new Map<string, Wrong>()
  /** What is wrong with the journal in any case, where it shows first. */
  #blamed: Wrong | undefined
  readonly #heads = new Map<string, VaultHead>()
  #commits = 0
  #rows = 0

  constructor(on: Verified) {
    this.#on = on
    this.#records = new Records(on.store, on.keys, 1)
  }

  report(finding?: Finding): VerifyReport {
    const counts = { commits: this.#commits, records: this.#rows, vaults: this.#heads.size }
    return Object.freeze({ ok: !finding, ...counts, ...(finding && { finding }) })
  }

  async run(): Promise<void> {
    const { store, keys, provider } = this.#on
    await store.inspect?.()
    const { position } = await readPosition(store, keys)
    const { head } = position
    const base = await checkpointOf(store, keys, provider, head)
    const start = base?.chain ?? startOf(head, provider)
    const { seq, chain } = await this.#journal(base?.frontier.size ?? 0n, start)
    const [last, what] = seq < head.seq ? [seq, 'ends early'] : [head.seq, 'goes on']
    if (seq !== head.seq)
      this.#blame(`the journal should end at commit ${head.seq} and ${what}`, last + 1n)
    this.#tellFirst()
    // Every entry is whole, so nobody can say which order row is not the one that was written.
    if (!equalBytes(chain, head.chain))
      throw new Wrong({ what: 'the commits of the journal do not lead to the head in their order' })
    await this.#everything()
  }

  #blame(what: string, sequence: bigint, vaultId?: string): void {
    this.#blamed ??= wrongAt(what, sequence, vaultId)
  }

  /** The earliest of everything that is wrong with the journal, if anything is. */
  #tellFirst(): void {
    const all = [...this.#doubted.values(), ...(this.#blamed ? [this.#blamed] : [])]
    const [first] = all.sort((a, b) => (a.finding.sequence! < b.finding.sequence! ? -1 : 1))
    if (first) throw first
  }

  /**
   * Every commit in order, to the end: only there it is known which vaults went. Answers where that
   * is, and the chain there.
   */
  async #journal(
    from: bigint,
    start: Uint8Array,
  ): Promise<{ readonly seq: bigint; readonly chain: Uint8Array }> {
    const { store, provider } = this.#on
    let seq = from
    let chain = start
    const { lt } = range.order()
    for await (const row of eachRow({ store }, { gte: path.order(from + 1n), lt })) {
      const at = placeOf(row).seq!
      if (at !== seq + 1n) this.#blame(`commit ${seq + 1n} is missing from the journal`, seq + 1n)
      seq = at
      const order = orderIn(row.value)
      if (order) {
        await this.#entry(seq, order)
        chain = provider.digest('SHA_256', realmChainInput(chain, row.value))
      } else this.#blame('the order row of a commit is no such row', seq)
      this.#commits++
      this.#tell()
    }
    return { seq, chain }
  }

  async #entry(sequence: bigint, order: Order): Promise<void> {
    const { store, provider } = this.#on
    const { vaultId, seq } = order
    if (order.kind === 'local') {
      if (equalBytes(order.hash, leavingHash(provider, vaultId))) this.#left(vaultId)
      return
    }
    if (this.#doubted.has(vaultId)) return
    const blame = (what: string): void => this.#blame(what, sequence, vaultId)
    const doubt = (what: string): void =>
      void this.#doubted.set(vaultId, wrongAt(what, sequence, vaultId))
    const rows = []
    for await (const row of eachRow({ store }, range.journalEntry(vaultId, seq))) rows.push(row)
    if (!rows[0]) return doubt('the entry of a commit is missing')
    let entry
    try {
      ;({ record: entry } = this.#records.open('journal', vaultId, rows[0].key, rows[0].value))
    } catch {
      return blame('the entry of a commit does not open in its place')
    }
    if (entry.parts !== rows.length) return doubt('a part of the entry of a commit is missing')
    const before = this.#chains.get(vaultId)
    const chain = chainOf(provider, entry.previous, seq, rows)
    this.#chains.set(vaultId, { seq, chain })
    if (before && before.seq + 1n !== seq) return blame('a commit of the vault is left out')
    if (before && !equalBytes(before.chain, entry.previous))
      return blame('an entry does not go on from the one before')
    if (!equalBytes(chain, order.hash)) blame('the entry of a commit is not the one written')
  }

  /** The vault was let go, and its entries with it; what comes later begins anew. */
  #left(vaultId: string): void {
    this.#doubted.delete(vaultId)
    this.#chains.delete(vaultId)
  }

  /** Every record that the heads count, and the heads themselves. */
  async #everything(): Promise<void> {
    const building = new Set<string>()
    const sums = new Map<string, { sum: Uint8Array; count: bigint }>()
    for await (const row of eachRow(this.#on, EVERYTHING)) {
      const parsed = placeOf(row)
      this.#rows++
      this.#tell()
      const { kind, vaultId } = parsed
      if (kind === 'journal') this.#written(parsed)
      if (vaultId === undefined || kind === 'journal') continue
      if (kind === 'building') {
        building.add(vaultId)
        continue
      }
      if (kind === 'head') this.#heads.set(vaultId, this.#head(vaultId, row.value))
      else {
        const { sum, count } = sums.get(vaultId) ?? { sum: ZERO_SUM, count: 0n }
        const element = this.#records.element(row.key, row.value)
        sums.set(vaultId, { sum: addElement(sum, element), count: count + 1n })
      }
    }
    for (const vaultId of new Set([...this.#heads.keys(), ...sums.keys()])) {
      // What is on its way in or out is not counted yet, or no more.
      if (building.has(vaultId) && !this.#heads.has(vaultId)) continue
      this.#compare(vaultId, sums.get(vaultId) ?? { sum: ZERO_SUM, count: 0n })
    }
  }

  /** Heads come before the journal: their letter does. What was let go may have left rows behind. */
  #written({ vaultId, seq }: ParsedPath): void {
    const head = this.#heads.get(vaultId!)
    if (head && seq! > head.seq)
      throw new Wrong({ what: 'the journal has an entry that no commit wrote', vaultId: vaultId! })
  }

  #head(vaultId: string, value: Uint8Array): VaultHead {
    try {
      return readVaultHead(this.#on.keys, vaultId, value)
    } catch {
      throw new Wrong({ what: 'the head of a vault is not authentic', vaultId })
    }
  }

  #compare(vaultId: string, { sum, count }: { sum: Uint8Array; count: bigint }): void {
    const head = this.#heads.get(vaultId)
    const found = `it holds ${count}`
    if (!head) throw new Wrong({ what: `a vault has no head; ${found} records`, vaultId })
    if (head.count !== count || !equalBytes(head.sum, sum))
      throw new Wrong({
        what: `the vault should hold the ${head.count} records of its head; ${found}`,
        vaultId,
      })
    const last = this.#chains.get(vaultId)
    if (last && (last.seq !== head.seq || !equalBytes(last.chain, head.chain)))
      throw new Wrong({
        what: `the journal of the vault ends at ${last.seq}, its head stands at ${head.seq}`,
        vaultId,
      })
  }

  #tell(): void {
    if (this.#on.signal?.aborted) throw aborted()
    if ((this.#commits + this.#rows) % PROGRESS_EVERY === 0)
      this.#on.onProgress?.({ commits: this.#commits, records: this.#rows })
  }
}

const wrongAt = (what: string, sequence: bigint, vaultId?: string): Wrong =>
  new Wrong({ what, sequence, ...(vaultId !== undefined && { vaultId }) })

function orderIn(value: Uint8Array): Order | undefined {
  try {
    return decodeOrder(value)
  } catch {
    return undefined
  }
}

export const aborted = (): StrongroomError =>
  new StrongroomError('UNAVAILABLE', 'verify: expected to reach the end, was aborted.')

/** Every key of a store: the letters of paths lie between these. */
const EVERYTHING = { gte: new Uint8Array([0]), lt: new Uint8Array([0xff]) }
