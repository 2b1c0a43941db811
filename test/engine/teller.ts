/**
 * Tells a story of operations to a room over a store that fails: after each failure it repairs and says the same again,
 * with the same retry tokens, as a careful caller would. Knows only what was answered.
 */
import { expect } from 'vitest'
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore, type Fault, type FaultyStore } from '../../src/testing/faulty-store.ts'
import { sharedProvider } from '../helpers/provider.ts'
import { complaints } from './audit.ts'
import { codeOf, lasting, rowsOf, SEAL, type Room } from './support.ts'

/** What was answered so far. */
export interface Told {
  readonly clock: VirtualClock
  readonly ids: Map<string, string>
  readonly bytes: Map<string, Uint8Array>
  readonly ciphertexts: Map<string, Uint8Array>
  readonly done: Set<string>
  /** The seals that may be the present one: two while a change is under way. */
  seals: readonly { readonly key: Uint8Array }[]
}
export type Step = (room: Room, told: Told) => Promise<unknown>

/** After a failure: recover the room, or leave it as a crash would and open another. */
export interface Way {
  /** The store takes no more commits after one of unknown outcome, as LevelDB's. */
  readonly poison: boolean
  readonly after: 'recover' | 'reopen'
}
export const WAYS: readonly Way[] = [
  { poison: false, after: 'recover' },
  { poison: false, after: 'reopen' },
  { poison: true, after: 'recover' },
  { poison: true, after: 'reopen' },
]

const ATTEMPTS_MAX = 4

/** Any failure has a code, and a code that a store can cause. */
function coded(error: unknown): void {
  if (!(error instanceof StrongroomError)) throw error
  const { code } = error
  if (!['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'CONFLICT'].includes(code)) throw error
}

export class Teller {
  readonly inner = lasting(createMemoryStore())
  readonly store: FaultyStore
  readonly told: Told = {
    clock: new VirtualClock(),
    ids: new Map(),
    bytes: new Map(),
    ciphertexts: new Map(),
    done: new Set(),
    seals: [SEAL],
  }
  failures = 0
  readonly #way: Way
  #room: Room | undefined

  constructor(way: Way, faults: readonly Fault[] = []) {
    this.#way = way
    this.store = faultyStore(this.inner, { faults, poison: way.poison })
  }

  /** Each step until it is answered; what fails too often is thrown on. */
  async tell(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#again(async () => step(await this.#open(), this.told))
  }

  /** What a new room shows in the end, after everything that is owed was done. */
  async end(): Promise<Ending> {
    await this.#again((room) => room.tick())
    const seals = this.told.seals.slice(-1)
    expect(await complaints(this.inner, seals[0])).toEqual([])
    this.#room = undefined
    return this.#again((room) => ending(room, this))
  }

  async #again<T>(act: (room: Room) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++)
      try {
        return await act(await this.#open())
      } catch (error) {
        coded(error)
        this.failures++
        if (attempt === ATTEMPTS_MAX) throw error
        await this.#repair()
      }
  }

  async #open(): Promise<Room> {
    const { clock, seals } = this.told
    const options = { store: this.store, clock, crypto: await sharedProvider() }
    for (const [i, seal] of seals.entries())
      try {
        return (this.#room ??= await Strongroom.open({ ...options, seal }))
      } catch (error) {
        const wrong = error instanceof StrongroomError && error.code === 'WRONG_SEAL'
        if (!wrong || i + 1 === seals.length) throw error
      }
    throw new Error('no seal')
  }

  async #repair(): Promise<void> {
    if (this.#way.after === 'recover')
      try {
        return await this.#room?.recover()
      } catch (error) {
        coded(error)
      }
    await this.store.recover?.().catch(() => undefined)
    this.#room = undefined
  }
}

export interface Ending {
  readonly keys: readonly unknown[]
  readonly opens: readonly unknown[]
  readonly aliases: readonly string[]
  readonly vaults: readonly unknown[]
  /** One per living vault: no sweep was left half done. */
  readonly vaultKeys: number
}

async function ending(room: Room, { told, inner }: Teller): Promise<Ending> {
  const vaultId = told.ids.get('vault')!
  const { items } = await room.listKeys({ vaultId, sortBy: 'DISPLAYNAME' })
  const keys: unknown[] = []
  for (const { id: keyId, displayName, state, description } of items) {
    const versions = (await room.listKeyVersions({ keyId, sortOrder: 'ASC' })).items
    const states = versions.map((version) => `${version.number} ${version.state}`)
    keys.push([`${displayName} ${state}`, description, ...states])
  }
  const opens: string[] = []
  for (const [name, ciphertext] of told.ciphertexts)
    opens.push(`${name} ${await codeOf(room.decrypt({ ciphertext }))}`)
  const aliases = (await room.listAliases({ vaultId })).items.map(({ name }) => name)
  const vaults = (await room.listVaults({ sortBy: 'DISPLAYNAME' })).items
  const rows = await rowsOf(inner)
  return {
    keys,
    opens,
    aliases,
    vaults: vaults.map(({ displayName, state }) => `${displayName} ${state}`),
    vaultKeys: rows.filter((row) => row.key[0] === 'U'.charCodeAt(0)).length,
  }
}
