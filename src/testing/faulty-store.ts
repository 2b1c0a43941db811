/**
 * A wrapper that makes any store fail at a chosen call, the same way every time: before the call,
 * after it (a lost reply), or with an outcome that nobody can tell. Without a planned fault it is
 * the store that it wraps.
 */
import type { Commit, Range, Sidecar, SidecarName, Store } from '../store/store.ts'
import { StoreError } from '../store/store.ts'

/** The calls that can fail. */
export type FaultyMethod =
  | 'get'
  | 'scan'
  | 'commit'
  | 'head'
  | 'recover'
  | 'compact'
  | 'sidecar.read'
  | 'sidecar.write'
  | 'sidecar.scrub'

/**
 * What becomes of a call, as the table of `FATES` says:
 * `before`: nothing is done, `unavailable`; `conflict`: nothing is done, `conflict`;
 * `after`: it is done, but the reply is lost (`unknown` for a commit, `unavailable` for any other
 * call); `unknown`: nothing is done, but the caller is told `unknown`.
 */
export type FaultKind = 'before' | 'after' | 'unknown' | 'conflict'

export interface Fault {
  /** Counts only calls of this method; `any` counts all calls. */
  readonly method: FaultyMethod | 'any'
  /** The call that fails, counted from 1 since the wrapper was made. */
  readonly nth: number
  readonly kind: FaultKind
  /** Every later call of the method fails too, until `heal()`. */
  readonly lasting?: boolean
  /** The process ends with this call: every later call of any method fails, for good. */
  readonly crashes?: boolean
}

export interface FaultPlan {
  readonly faults?: readonly Fault[]
  /**
   * Like the LevelDB store: after a commit of unknown outcome no more are taken until `recover()`.
   * The wrapper then offers `recover` even where the inner store does not.
   */
  readonly poison?: boolean
  /** Awaited before and after the inner call: latency, or a point where a test holds the call. */
  readonly wait?: (call: FaultyCall, moment: 'request' | 'reply') => Promise<void>
}

export interface FaultyCall {
  readonly method: FaultyMethod
  /** Number among the calls of the same method, from 1. */
  readonly nth: number
  /** Number among all calls, from 1. */
  readonly ordinal: number
}

/** What happened to a call: nothing planned (`none`), the kind of its fault, or what went before. */
export interface RecordedCall extends FaultyCall {
  readonly fault: FaultKind | 'none' | 'poisoned' | 'crashed'
}

export interface FaultyStore extends Store {
  /** Every call so far, in the order in which they came. */
  readonly calls: readonly RecordedCall[]
  /** Plans one more fault; `nth` counts from the beginning, see `calls`. */
  plan(fault: Fault): void
  /** Makes the next call of a method fail. */
  failNext(method: FaultyMethod, kind: FaultKind): void
  /** Forgets all planned faults. A poisoned wrapper stays poisoned until `recover()`. */
  heal(): void
  /** A fault that `crashes` came: whoever used this store is gone, and what it holds is what is left. */
  readonly crashed: boolean
}

interface Fate {
  readonly runs: boolean
  /** For a commit; any other call knows only `unavailable` and has changed nothing that matters. */
  readonly error: StoreError['kind']
}

const FATES: Readonly<Record<FaultKind, Fate>> = {
  before: { runs: false, error: 'unavailable' },
  after: { runs: true, error: 'unknown' },
  unknown: { runs: false, error: 'unknown' },
  conflict: { runs: false, error: 'conflict' },
}

/** Wraps a store; the plan can also grow later. */
export function faultyStore(inner: Store, plan: FaultPlan = {}): FaultyStore {
  return new FaultInjector(inner, plan).store()
}

class FaultInjector {
  readonly #inner: Store
  readonly #plan: FaultPlan
  readonly #calls: RecordedCall[] = []
  readonly #counts = new Map<FaultyMethod, number>()
  #faults: Fault[]
  #poisoned = false
  #crashed = false

  constructor(inner: Store, plan: FaultPlan) {
    this.#inner = inner
    this.#plan = plan
    this.#faults = [...(plan.faults ?? [])]
  }

  store(): FaultyStore {
    const inner = this.#inner
    const { recover, compact, watch } = this.#optional()
    const isCrashed = (): boolean => this.#isCrashed()
    return {
      get crashed() {
        return isCrashed()
      },
      limits: inner.limits,
      multiProcess: inner.multiProcess,
      ephemeral: inner.ephemeral,
      calls: this.#calls,
      get: (key: Uint8Array) => this.#call('get', () => inner.get(key)),
      scan: (range: Range) => this.#call('scan', () => inner.scan(range)),
      commit: (commit: Commit) => this.#commit(commit),
      head: () => this.#call('head', () => inner.head()),
      close: () => inner.close(),
      ...(recover && { recover }),
      ...(compact && { compact }),
      ...(watch && { watch }),
      ...(inner.sidecar && { sidecar: this.#sidecar(inner.sidecar) }),
      plan: (fault) => void this.#faults.push(fault),
      failNext: (method, kind) =>
        void this.#faults.push({ method, kind, nth: (this.#counts.get(method) ?? 0) + 1 }),
      heal: () => {
        this.#faults = []
      },
    }
  }

  /** Only what the inner store offers is offered, so that who asks for it gets a true answer. */
  #optional(): Pick<Store, 'recover' | 'compact' | 'watch'> {
    const inner = this.#inner
    const recovers = inner.recover !== undefined || this.#plan.poison === true
    return {
      ...(recovers && { recover: () => this.#call('recover', () => this.#recover()) }),
      ...(inner.compact && { compact: () => this.#call('compact', () => inner.compact!()) }),
      ...(inner.watch && { watch: (callback: () => void) => inner.watch!(callback) }),
    }
  }

  #sidecar(inner: Sidecar): Sidecar {
    return {
      read: (name: SidecarName) => this.#call('sidecar.read', () => inner.read(name)),
      write: (name: SidecarName, content: Uint8Array) => {
        const copy = new Uint8Array(content)
        return this.#call('sidecar.write', () => inner.write(name, copy))
      },
      scrub: (name: SidecarName) => this.#call('sidecar.scrub', () => inner.scrub(name)),
    }
  }

  async #recover(): Promise<void> {
    // Without one to call, at least a closed store says so.
    await (this.#inner.recover?.() ?? this.#inner.head())
    this.#poisoned = false
  }

  /** Copies at once, as the port asks: latency must not let later changes of the caller through. */
  async #commit(commit: Commit): Promise<{ version: bigint }> {
    const own = copyCommit(commit)
    return this.#call('commit', () => this.#inner.commit(own))
  }

  async #call<T>(method: FaultyMethod, run: () => Promise<T>): Promise<T> {
    const call = this.#count(method)
    if (this.#crashed) {
      this.#calls.push({ ...call, fault: 'crashed' })
      throw gone()
    }
    const poisoned = this.#poisoned && method === 'commit'
    const fault = poisoned ? undefined : this.#faultOf(call)
    this.#calls.push({ ...call, fault: poisoned ? 'poisoned' : (fault?.kind ?? 'none') })
    if (poisoned)
      throw new StoreError('unavailable', 'After a write of unknown outcome: recover() first.')
    await this.#plan.wait?.(call, 'request')
    if (this.#isCrashed()) throw gone()
    if (fault && !FATES[fault.kind].runs) throw this.#planned(call, fault)
    const answer = await run()
    await this.#plan.wait?.(call, 'reply')
    if (fault) throw this.#planned(call, fault)
    return answer
  }

  /** Asked anew after every wait. */
  #isCrashed(): boolean {
    return this.#crashed
  }

  #planned({ method, nth }: FaultyCall, { kind, crashes = false }: Fault): StoreError {
    this.#crashed ||= crashes
    const { error } = FATES[kind]
    const told = method === 'commit' ? error : 'unavailable'
    if (this.#plan.poison && told === 'unknown') this.#poisoned = true
    return new StoreError(told, `Planned fault '${kind}' at call ${nth} of ${method}.`)
  }

  #count(method: FaultyMethod): FaultyCall {
    const nth = (this.#counts.get(method) ?? 0) + 1
    this.#counts.set(method, nth)
    return { method, nth, ordinal: this.#calls.length + 1 }
  }

  #faultOf({ method, nth, ordinal }: FaultyCall): Fault | undefined {
    return this.#faults.find((fault) => {
      if (fault.method !== method && fault.method !== 'any') return false
      const number = fault.method === 'any' ? ordinal : nth
      return fault.lasting ? number >= fault.nth : number === fault.nth
    })
  }
}

const gone = (): StoreError =>
  new StoreError('unavailable', 'The process that used this store is gone.')

function copyCommit(commit: Commit): Commit {
  const copy = (bytes: Uint8Array): Uint8Array =>
    // What is not bytes is left for the inner store to refuse.
    bytes instanceof Uint8Array ? new Uint8Array(bytes) : bytes
  return {
    checks: commit.checks.map(({ key, version }) => ({ key: copy(key), version })),
    puts: commit.puts.map(({ key, value }) => ({ key: copy(key), value: copy(value) })),
    dels: commit.dels.map(copy),
    token: copy(commit.token),
  }
}
