/** Callers of one room over a slow and faulty store, and the history that they see. */
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { StrongroomError, type ErrorCode } from '../../src/base/errors.ts'
import type { Key, Version } from '../../src/engine/api.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { faultyStore, type FaultyStore } from '../../src/testing/faulty-store.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { Chance } from '../campaigns/chance.ts'
import { linearize, type Call, type Verdict } from './linearize.ts'
import { Scheduler } from './scheduler.ts'
import { sequential } from './sequential.ts'
import type { Op, Result, SeenKey, SeenVersion, State, Target } from './sequential.ts'

const ALIAS = 'alias/either'
const MESSAGE = utf8('in flight')

/** A defect on purpose: what it changes of the store, of the room, or of the engine. */
export interface Bug {
  readonly store?: (store: Store) => Store
  readonly room?: (room: Strongroom) => Strongroom
  /** Answers how to undo it. */
  readonly patch?: () => () => void
}

export interface Plan {
  readonly seed: number
  /** How many callers at once, and how many calls each makes, one after the other. */
  readonly callers: number
  readonly calls: number
  /** How many calls of the store fail. */
  readonly faults: number
  readonly bug?: Bug
}

export interface History {
  readonly initial: State
  readonly calls: readonly Call<Op, Result>[]
}

/** Whether some order explains it. */
export const judged = ({ initial, calls }: History): Verdict =>
  linearize(sequential(initial), calls)

/** Every call on a line, for whoever has to understand a finding. */
export const told = ({ calls }: History): string =>
  [...calls]
    .sort((a, b) => a.begun - b.begun)
    .map(({ begun, ended, op, result }) =>
      [begun, ended, JSON.stringify(op), JSON.stringify(result)].join(' '),
    )
    .join('\n')

/** The history of one seed. */
export async function record(plan: Plan): Promise<History> {
  const undo = plan.bug?.patch?.()
  try {
    return await new Stage(plan).play()
  } finally {
    undo?.()
  }
}

const MARKS = ['red', 'green', 'blue']
const FAULTS = ['before', 'after', 'unknown', 'conflict'] as const

/** What callers may repeat under one token, and what tells them that nothing was applied. */
const WRITES: ReadonlySet<Op['act']> = new Set([
  'enable',
  'disable',
  'schedule',
  'cancel',
  'rotate',
  'mark',
  'rename',
  'switch',
  'move',
])
const NOT_APPLIED: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'BUSY', 'CONFLICT'])
const ATTEMPTS_MAX = 4

/** The sequence in an etag: where the search looks first. */
const sequenceOf = (etag: string): number => Number.parseInt(etag.split('-')[0]!, 36)

/** What a call answered, and the sequence that its etag told. */
interface Told {
  readonly result: Result
  readonly sequence?: number
}

class Stage {
  readonly #plan: Plan
  readonly #chance: Chance
  readonly #scheduler: Scheduler
  #slow = false
  #room!: Strongroom
  #faulty!: FaultyStore
  #vaultId = ''
  #ids: string[] = []
  #clock = 0
  #token = 0
  #recovering: Promise<void> | undefined
  readonly #calls: Call<Op, Result>[] = []
  /** What any caller has seen: etags by key, and a ciphertext of every version that served. */
  readonly #etags: string[][] = [[], []]
  readonly #ciphertexts = new Map<string, { readonly key: number; readonly bytes: Uint8Array }>()
  readonly #versions: Set<string>[] = [new Set(), new Set()]

  constructor(plan: Plan) {
    this.#plan = plan
    this.#chance = new Chance(plan.seed)
    this.#scheduler = new Scheduler(this.#chance)
  }

  async play(): Promise<History> {
    const initial = await this.#open()
    this.#planFaults()
    this.#slow = true
    const callers = Array.from({ length: this.#plan.callers }, () => this.#caller())
    await this.#scheduler.run(Promise.all(callers))
    this.#faulty.heal()
    await this.#scheduler.run(this.#ending())
    this.#slow = false
    await this.#room.close().catch(() => undefined)
    return { initial, calls: this.#calls }
  }

  async #open(): Promise<State> {
    const { seed, bug } = this.#plan
    const wait = (): Promise<void> => (this.#slow ? this.#scheduler.wait() : Promise.resolve())
    this.#faulty = faultyStore(createMemoryStore(), { wait })
    const room = await Strongroom.open({
      store: bug?.store?.(this.#faulty) ?? this.#faulty,
      clock: new VirtualClock(),
      random: seededRandom(seed),
      seal: { key: new Uint8Array(32).fill(1) },
      cachedKeys: this.#chance.pick([1, 2, 1000]),
    })
    const { id: vaultId } = await room.createVault({ displayName: 'race' })
    this.#vaultId = vaultId
    const keys: Key[] = []
    for (const displayName of ['a', 'b'])
      keys.push(
        await room.createKey({ vaultId, displayName, spec: 'AES_256', tags: { mark: 'red' } }),
      )
    this.#ids = keys.map(({ id }) => id)
    await room.createAlias({ name: ALIAS, keyId: keys[0]!.id, vaultId })
    this.#room = bug?.room?.(room) ?? room
    return {
      alias: 0,
      keys: keys.map(({ displayName, etag, currentVersionId }) => ({
        state: 'enabled',
        previous: 'enabled',
        name: displayName,
        mark: 'red',
        etag,
        versions: [{ id: currentVersionId!, state: 'enabled' }],
      })),
    }
  }

  #planFaults(): void {
    const { faults, callers, calls } = this.#plan
    for (let i = 0; i < faults; i++) {
      const kind = this.#chance.pick(FAULTS)
      const method = this.#chance.pick(['commit', 'commit', 'sidecar.write', 'get'] as const)
      const before = this.#faulty.calls.filter((call) => call.method === method).length
      const nth = before + 1 + this.#chance.below(Math.ceil((callers * calls) / 4))
      this.#faulty.plan({ method, kind: method === 'commit' ? kind : 'before', nth })
    }
  }

  async #caller(): Promise<void> {
    for (let i = 0; i < this.#plan.calls; i++) await this.#call(this.#choose())
  }

  /** Looks at everything once more, from a store that was opened anew. */
  async #ending(): Promise<void> {
    await this.#recover()
    for (const key of this.#ids.keys()) {
      await this.#call({ act: 'read', key })
      await this.#call({ act: 'list', key })
    }
    await this.#call({ act: 'read', key: 'alias' })
  }

  #choose(): Op {
    const chance = this.#chance
    const key = chance.below(2)
    const target: Target = chance.pick([key, key, 'alias'] as const)
    const versions = [...this.#versions[key]!]
    const [version] = versions.length > 0 ? [chance.pick(versions)] : []
    const sealed = [...this.#ciphertexts].filter(([, made]) => made.key === key)
    const ifMatch = chance.next() < 0.7 ? this.#etags[key]!.at(-1) : undefined
    const name = `name-${chance.below(1000)}`
    const choices: (Op | undefined)[] = [
      { act: 'enable', key },
      { act: 'disable', key },
      { act: 'rotate', key },
      { act: 'schedule', key },
      { act: 'cancel', key },
      { act: 'cancel', key },
      { act: 'mark', key, mark: chance.pick(MARKS) },
      { act: 'rename', key, name, ...(ifMatch !== undefined && { ifMatch }) },
      { act: 'rename', key, name, ...(ifMatch !== undefined && { ifMatch }) },
      version === undefined
        ? undefined
        : { act: 'switch', key, version, state: chance.pick(['enabled', 'enabled', 'disabled']) },
      { act: 'move', key },
      { act: 'read', key: target },
      { act: 'encrypt', key: target },
      { act: 'encrypt', key: target },
      { act: 'encrypt', key: target },
      sealed.length > 0 ? { act: 'decrypt', key, version: chance.pick(sealed)[0] } : undefined,
      { act: 'list', key },
    ]
    return chance.pick(choices) ?? { act: 'encrypt', key: target }
  }

  /** One call as its caller makes it: with a token it may be repeated, without it may not. */
  async #call(op: Op): Promise<void> {
    const repeats = WRITES.has(op.act) && this.#chance.next() < 0.5
    const retryToken = repeats ? `token-${this.#token++}` : undefined
    const begun = this.#clock++
    let unheard = false
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const told = await this.#attempt(op, retryToken)
      const code = 'code' in told.result ? told.result.code : undefined
      if (code === 'OUTCOME_UNKNOWN') unheard = true
      else if (code === undefined || !NOT_APPLIED.has(code)) {
        this.#note(op, told, begun)
        return
      }
      await this.#recover()
      if (retryToken === undefined || !unheard) break
    }
    if (unheard) this.#keep(op, { result: { code: 'OUTCOME_UNKNOWN' } }, begun, Infinity)
  }

  async #attempt(op: Op, retryToken: string | undefined): Promise<Told> {
    try {
      return await this.#act(op, retryToken === undefined ? {} : { retryToken })
    } catch (error) {
      if (error instanceof StrongroomError) return { result: { code: error.code } }
      throw error
    }
  }

  #note(op: Op, told: Told, begun: number): void {
    this.#keep(op, told, begun, this.#clock++)
    const { result } = told
    if ('seen' in result) {
      this.#etags[result.seen.key]!.push(result.seen.etag)
      this.#versions[result.seen.key]!.add(result.seen.current)
    }
    if ('served' in result) this.#versions[result.served.key]!.add(result.served.version)
  }

  #keep(op: Op, { result, sequence = Infinity }: Told, begun: number, ended: number): void {
    const optional = ended === Infinity
    this.#calls.push({ op, result, begun, ended, optional, hint: sequence })
  }

  /** All who wait for a store that works again wait for one recovery. */
  #recover(): Promise<void> {
    this.#recovering ??= this.#recovery().finally(() => {
      this.#recovering = undefined
    })
    return this.#recovering
  }

  async #recovery(): Promise<void> {
    for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt++) {
      const done = await this.#room.recover().then(
        () => true,
        () => false,
      )
      if (done) return
    }
  }

  #keyId(key: Target): string {
    return key === 'alias' ? ALIAS : this.#ids[key]!
  }

  #place(keyId: string): number {
    return this.#ids.indexOf(keyId)
  }

  #key({ id, state, displayName: name, tags, etag, currentVersionId }: Key): Told {
    const [current, mark] = [currentVersionId!, tags['mark']!]
    const seen: SeenKey = { key: this.#place(id), state, name, mark, etag, current }
    return { result: { seen }, sequence: sequenceOf(etag) }
  }

  #act(op: Op, write: { retryToken?: string }): Promise<Told> {
    const ref = { keyId: this.#keyId(op.key), vaultId: this.#vaultId }
    const act = this.#acts[op.act] as (op: Op, ref: Ref, write: object) => Promise<Told>
    return act(op, ref, write)
  }

  /** How each act is asked of the room, and what its answer shows. */
  readonly #acts: Acts = {
    enable: async (_, ref, write) => this.#key(await this.#room.enableKey({ ...ref, ...write })),
    disable: async (_, ref, write) => this.#key(await this.#room.disableKey({ ...ref, ...write })),
    schedule: async (_, ref, write) =>
      this.#key(await this.#room.scheduleKeyDeletion({ ...ref, ...write })),
    cancel: async (_, ref, write) =>
      this.#key(await this.#room.cancelKeyDeletion({ ...ref, ...write })),
    rotate: async (_, ref, write) =>
      version(await this.#room.createKeyVersion({ ...ref, ...write })),
    mark: async ({ mark }, ref, write) =>
      this.#key(await this.#room.tagKey({ ...ref, tags: { mark }, ...write })),
    rename: async ({ name: displayName, ifMatch }, ref, write) => {
      const match = ifMatch === undefined ? {} : { ifMatch }
      return this.#key(await this.#room.updateKey({ ...ref, displayName, ...match, ...write }))
    },
    switch: async ({ version: versionId, state }, ref, write) => {
      const input = { ...ref, versionId, enabled: state === 'enabled' }
      return version(await this.#room.updateKeyVersion({ ...input, ...write }))
    },
    move: async (_, ref, write) => {
      const { keyId, etag } = await this.#room.updateAlias({ ...ref, name: ALIAS, ...write })
      return { result: { moved: this.#place(keyId) }, sequence: sequenceOf(etag) }
    },
    read: async (_, ref) => this.#key(await this.#room.getKey(ref)),
    list: async (_, ref) => {
      const { items } = await this.#room.listKeyVersions(ref)
      const versions = items.map(seenVersion).sort((a, b) => a.number - b.number)
      return { result: { versions } }
    },
    encrypt: async ({ key: target }, ref) => {
      // Without the vault the fast path may serve.
      const plain = this.#chance.next() < 0.5 && target !== 'alias'
      const input = plain ? { keyId: ref.keyId } : ref
      const made = await this.#room.encrypt({ ...input, plaintext: MESSAGE })
      const key = this.#place(made.keyId)
      this.#ciphertexts.set(made.versionId, { key, bytes: made.ciphertext })
      return { result: { served: { key, version: made.versionId } } }
    },
    decrypt: async ({ version: versionId }) => {
      const { bytes: ciphertext } = this.#ciphertexts.get(versionId)!
      const opened = await this.#room.decrypt({ ciphertext })
      const key = this.#place(opened.keyId)
      return { result: { served: { key, version: opened.versionId } } }
    },
  }
}

interface Ref {
  readonly keyId: string
  readonly vaultId: string
}
type Acts = {
  readonly [A in Op['act']]: (
    op: Extract<Op, { act: A }>,
    ref: Ref,
    write: { readonly retryToken?: string },
  ) => Promise<Told>
}

const version = (answer: Version): Told => ({
  result: { version: seenVersion(answer) },
  sequence: sequenceOf(answer.etag),
})

const seenVersion = ({ id, state, number, current }: Version): SeenVersion => ({
  id,
  state,
  number,
  current,
})
