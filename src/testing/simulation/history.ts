/**
 * What every store holds, commit by commit, as seen below the engine. Whoever leads a vault makes its
 * history: what its shared rows were at each sequence is remembered, and whoever follows must have had
 * the same rows at that sequence, byte for byte.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, toHex } from '../../base/bytes.ts'
import { decodeVaultHead, splitMac, type VaultHead } from '../../format/heads.ts'
import { RECORD_KINDS, type RecordKind } from '../../format/kinds.ts'
import { parsePath, type ParsedPath } from '../../format/paths.ts'
import type { Commit } from '../../store/store.ts'
import { violated } from './trace.ts'

/** The shared rows of one vault in one store. */
interface Holding {
  head: VaultHead | undefined
  readonly rows: Map<string, Uint8Array>
  /** Exclusive or over the hashes of the rows: no order, and cheap to bring up to date. */
  readonly sum: Uint8Array
}

/** A vault at one sequence. */
interface Moment {
  readonly rows: string
  readonly chain: string
}

const SUM_BYTES = 32

const isShared = (kind: ParsedPath['kind']): boolean =>
  Object.hasOwn(RECORD_KINDS, kind) && RECORD_KINDS[kind as RecordKind].scope === 'shared'

function headOf(value: Uint8Array): VaultHead {
  return decodeVaultHead(splitMac(value)!.body)
}

export class History {
  /** The first thing that was wrong in a commit; a commit itself cannot fail the run. */
  #broken: string | undefined
  readonly #regions: readonly string[]
  readonly #holdings = new Map<string, Holding>()
  readonly #moments = new Map<string, Map<bigint, Moment>>()
  readonly #acknowledged = new Map<string, bigint>()

  constructor(regions: readonly string[]) {
    this.#regions = regions
  }

  /** A commit that a store has taken. */
  commit(region: string, { puts, dels }: Commit): void {
    const before = new Map<string, VaultHead | undefined>()
    const touch = (vaultId: string): Holding => {
      const holding = this.#holding(region, vaultId)
      if (!before.has(vaultId)) before.set(vaultId, holding.head)
      return holding
    }
    for (const key of dels) {
      const { kind, vaultId } = parsePath(key)!
      if (vaultId === undefined) continue
      if (kind === 'head') touch(vaultId).head = undefined
      else if (isShared(kind)) replace(touch(vaultId), key, undefined)
    }
    for (const { key, value } of puts) {
      const { kind, vaultId } = parsePath(key)!
      if (vaultId === undefined) continue
      if (kind === 'head') touch(vaultId).head = headOf(value)
      else if (isShared(kind)) replace(touch(vaultId), key, value)
    }
    for (const [vaultId, head] of before) this.#judge(region, vaultId, head)
  }

  headOf(region: string, vaultId: string): VaultHead | undefined {
    return this.#holdings.get(`${region}/${vaultId}`)?.head
  }

  /** Who leads; nobody while a promotion is under way. */
  leaderOf(vaultId: string): string | undefined {
    return this.#regions.find((region) => this.headOf(region, vaultId)?.role === 'primary')
  }

  /** An answer was given: what the leader has now must never be lost. */
  acknowledge(vaultId: string): void {
    const leader = this.leaderOf(vaultId)
    if (leader !== undefined) this.#acknowledged.set(vaultId, this.headOf(leader, vaultId)!.seq)
  }

  /** @throws Violation */
  check(vaultIds: readonly string[]): void {
    if (this.#broken !== undefined) violated(this.#broken)
    for (const vaultId of vaultIds) this.#checkVault(vaultId)
  }

  /** All shared rows of all stores as a few words. */
  digest(region: string, vaultIds: readonly string[]): string {
    return vaultIds
      .map((vaultId) => {
        const { head, sum } = this.#holding(region, vaultId)
        return head ? `${head.role}@${head.seq}:${toHex(sum).slice(0, 16)}` : 'none'
      })
      .join(' ')
  }

  #checkVault(vaultId: string): void {
    const heads = this.#regions.map((region) => this.headOf(region, vaultId))
    if (heads.filter((head) => head?.role === 'primary').length > 1)
      violated(`vault ${vaultId} has two primaries`)
    const acknowledged = this.#acknowledged.get(vaultId) ?? 0n
    const newest = heads
      .filter((head) => head !== undefined)
      .filter(({ role }) => this.leaderOf(vaultId) === undefined || role === 'primary')
      .reduce((most, { seq }) => (seq > most ? seq : most), 0n)
    if (newest < acknowledged)
      violated(`commit ${acknowledged} of vault ${vaultId} was acknowledged and is lost`)
  }

  #holding(region: string, vaultId: string): Holding {
    const name = `${region}/${vaultId}`
    const known = this.#holdings.get(name)
    if (known) return known
    const made = { head: undefined, rows: new Map(), sum: new Uint8Array(SUM_BYTES) }
    this.#holdings.set(name, made)
    return made
  }

  /** Looks at a vault after a commit to it. Without a head it is on its way in or out. */
  #judge(region: string, vaultId: string, before: VaultHead | undefined): void {
    const { head, sum } = this.#holding(region, vaultId)
    if (!head) return
    const break_ = (what: string): void => {
      this.#broken ??= `${region}, vault ${vaultId}, commit ${head.seq}: ${what}`
    }
    if (before && head.seq < before.seq) break_(`the vault went back from ${before.seq}`)
    const moments = this.#moments.get(vaultId) ?? new Map<bigint, Moment>()
    this.#moments.set(vaultId, moments)
    const leads = head.role === 'primary' || before?.role === 'primary'
    const moment = { rows: toHex(sum), chain: toHex(head.chain) }
    const known = moments.get(head.seq)
    if (known && known.chain !== moment.chain) break_('another history than the primary had')
    else if (known && known.rows !== moment.rows) break_('other rows than the primary had')
    else if (!known && leads) moments.set(head.seq, moment)
    // Commits of one group leave no moment between them; later than the last one there is none.
    else if (!known && head.seq > latest(moments)) break_('no primary was ever there')
  }
}

const latest = (moments: ReadonlyMap<bigint, Moment>): bigint =>
  [...moments.keys()].reduce((most, seq) => (seq > most ? seq : most), 0n)

function replace({ rows, sum }: Holding, key: Uint8Array, value: Uint8Array | undefined): void {
  const name = toHex(key)
  const old = rows.get(name)
  if (old) mix(sum, old)
  rows.delete(name)
  if (!value) return
  const hash = sha256(concat(key, value))
  rows.set(name, hash)
  mix(sum, hash)
}

function mix(sum: Uint8Array, hash: Uint8Array): void {
  for (let i = 0; i < SUM_BYTES; i++) sum[i]! ^= hash[i]!
}
