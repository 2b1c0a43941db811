/**
 * One store and the room over it. A crash throws the room away and leaves what the store has; then
 * another room is opened over it.
 */
import type { VirtualClock } from '../../base/clock.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import type { Seal } from '../../engine/seal.ts'
import { Strongroom } from '../../index.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Commit, Store } from '../../store/store.ts'
import type { OpenOptions } from '../../engine/options.ts'
import { pathKey } from '../../engine/records.ts'
import {
  faultyStore,
  type FaultKind,
  type FaultyMethod,
  type FaultyStore,
} from '../faulty-store.ts'
import type { Chance } from './chance.ts'
import { codeOf } from './trace.ts'

export const SEAL = { key: new Uint8Array(32).fill(7) }
export const OTHER_SEAL = { key: new Uint8Array(32).fill(8) }

/** `failed`: a write of unknown outcome, nothing more is taken until `recover`. `down`: no process. */
export type Health = 'open' | 'failed' | 'down'

/** What may go wrong within a step; it does when the step makes that many calls of the kind. */
export interface Mishap {
  readonly method: FaultyMethod
  readonly kind: FaultKind
  /** From the next one on, counted from 1. */
  readonly nth: number
  readonly crashes: boolean
}

/** Methods that fail, how, and among how many of the next calls. */
const MISHAPS: readonly {
  readonly weight: number
  readonly method: FaultyMethod
  readonly kinds: readonly FaultKind[]
  readonly among: number
}[] = [
  { weight: 12, method: 'commit', kinds: ['before', 'after', 'unknown'], among: 5 },
  { weight: 5, method: 'sidecar.write', kinds: ['before', 'after'], among: 5 },
  { weight: 1, method: 'sidecar.scrub', kinds: ['before', 'after'], among: 2 },
  { weight: 2, method: 'get', kinds: ['before'], among: 12 },
  { weight: 2, method: 'scan', kinds: ['before'], among: 12 },
]

export function drawMishap(chance: Chance): Mishap {
  const { method, kinds, among } = chance.weighted(MISHAPS)
  // Most steps make few calls.
  const nth = 1 + Math.min(chance.below(among), chance.below(among))
  return { method, kind: chance.pick(kinds), nth, crashes: chance.hits(0.5) }
}

/** Rows of a store and the file beside it, at one moment. */
export interface Image {
  readonly rows: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]
  readonly time: number
}

export interface SiteParts {
  readonly region: string
  readonly clock: VirtualClock
  readonly chance: Chance
  readonly crypto: CryptoProvider
  /** The room whose realm it joins; absent: it makes the realm. */
  readonly realm?: Strongroom
  /** Told of every commit that the store took. */
  readonly onCommit: (commit: Commit) => void
}

export class Site {
  readonly region: string
  health: Health = 'down'
  /** How often it was opened or recovered: what it had in memory is gone each time. */
  lives = 0
  /** What opens it; more than one while nobody knows whether a change of the seal happened. */
  seals: readonly Seal[] = [SEAL]
  /** The journal may end there at its older end. */
  pruned = 0n
  readonly #parts: SiteParts
  readonly #inner = createMemoryStore()
  readonly #store: Store
  readonly #rows = new Map<string, Image['rows'][number]>()
  #faulty: FaultyStore
  #room: Strongroom | undefined
  /** Calls before the step, and whether calls are slow in it. */
  #mark = 0
  #slow = false
  #mishap: Mishap | undefined

  constructor(parts: SiteParts) {
    this.#parts = parts
    this.region = parts.region
    this.#store = watched(this.#inner, (commit) => this.#take(commit))
    this.#faulty = this.#wrapped()
  }

  get crypto(): CryptoProvider {
    return this.#parts.crypto
  }

  /** The room; of a site that is down the one that is gone. */
  get room(): Strongroom {
    return this.#room!
  }

  get crashed(): boolean {
    return this.#faulty.crashed
  }

  async open(): Promise<void> {
    const { region, clock, crypto, realm } = this.#parts
    const joined = this.#room === undefined && realm ? { realm } : {}
    for (const seal of this.seals) {
      this.#faulty = this.#wrapped()
      this.#arm()
      const options: OpenOptions = { store: this.#faulty, seal, clock, crypto, region }
      try {
        this.#room = await Strongroom.open({ ...options, replicasMax: 2, ...joined })
        this.seals = [seal]
        this.health = 'open'
        this.lives++
        return
      } catch (error) {
        if (codeOf(error) !== 'WRONG_SEAL' || seal === this.seals.at(-1)) throw error
      }
    }
  }

  async recover(): Promise<void> {
    await this.room.recover()
    this.health = 'open'
    this.lives++
  }

  /** Ends the process in good order. */
  async close(): Promise<void> {
    await this.room.close()
    this.health = 'down'
  }

  /** Something goes wrong within the next step, or calls take their time. */
  begin(mishap: Mishap | undefined, slow: boolean): void {
    this.#slow = slow
    this.#mishap = mishap
    this.#arm()
  }

  #arm(): void {
    const { calls } = this.#faulty
    this.#mark = calls.length
    const mishap = this.#mishap
    if (!mishap) return
    const before = calls.filter(({ method }) => method === mishap.method).length
    this.#faulty.plan({ ...mishap, nth: before + mishap.nth })
  }

  /** Whether anything went wrong since `begin`. */
  get harmed(): boolean {
    return this.#faulty.calls.slice(this.#mark).some(({ fault }) => fault !== 'none')
  }

  /** What went wrong since `begin`, in words. */
  troubles(): readonly string[] {
    const first = this.#faulty.calls.slice(this.#mark).find(({ fault }) => fault !== 'none')
    const crashed = this.#faulty.crashed ? ', crashed' : ''
    return first ? [`${this.region}: ${first.fault} ${first.method}${crashed}`] : []
  }

  /** After a step: nothing is planned any more, and what went wrong shows in `health`. */
  async end(): Promise<void> {
    this.#faulty.heal()
    this.#slow = false
    this.#mishap = undefined
    if (this.health === 'down') return
    const harmed = this.#faulty.calls.slice(this.#mark)
    if (harmed.some(({ method, fault }) => isWrite(method) && fault !== 'none'))
      this.health = 'failed'
    if (!this.#faulty.crashed) return
    this.health = 'down'
    // Its memory is wiped, and whatever it still wants of the store fails.
    await this.room.close().catch(() => undefined)
  }

  /** What the store holds now, in no order. */
  image(): Image {
    return { rows: [...this.#rows.values()], time: this.#parts.clock.now() }
  }

  /** A copy of an older image beside the side file of now. */
  async storeOf({ rows }: Image): Promise<Store> {
    const store = createMemoryStore()
    await store.commit({
      checks: [],
      puts: rows,
      dels: [],
      token: new Uint8Array(16),
    })
    const erase = await this.#inner.sidecar!.read('erase')
    if (erase) await store.sidecar!.write('erase', erase)
    return store
  }

  /** Keeps what was committed: copies, which nobody changes. */
  #take(commit: Commit): void {
    for (const key of commit.dels) this.#rows.delete(pathKey(key))
    for (const { key, value } of commit.puts)
      this.#rows.set(pathKey(key), { key: key.slice(), value: value.slice() })
    this.#parts.onCommit(commit)
  }

  #wrapped(): FaultyStore {
    const wait = async (): Promise<void> => {
      // No timer: whoever else runs gets so many turns.
      if (this.#slow) for (let n = this.#parts.chance.below(20); n > 0; n--) await Promise.resolve()
    }
    return faultyStore(this.#store, { poison: true, wait })
  }
}

const isWrite = (method: FaultyMethod): boolean =>
  method === 'commit' || method === 'sidecar.write' || method === 'sidecar.scrub'

/** The same store, which outlives the rooms over it and tells what it takes. */
function watched(inner: Store, onCommit: (commit: Commit) => void): Store {
  return {
    limits: inner.limits,
    multiProcess: inner.multiProcess,
    ephemeral: inner.ephemeral,
    sidecar: inner.sidecar!,
    get: (key) => inner.get(key),
    scan: (range) => inner.scan(range),
    head: () => inner.head(),
    close: async () => undefined,
    commit: async (commit) => {
      const answer = await inner.commit(commit)
      onCommit(commit)
      return answer
    },
  }
}
