/**
 * Hostile content to every operation: the right types with the wrong bytes, texts and numbers. A
 * refusal has a code of ours and changes nothing; what is accepted leaves the room whole.
 */
import { toHex } from '../../src/base/bytes.ts'
import type { Ledger } from '../campaigns/campaign.ts'
import type { Chance } from '../campaigns/chance.ts'
import type { Costs } from './kit.ts'
import { mutatedBytes, mutatedText, mutatedValue } from './mutate.ts'
import { changed, places } from './values.ts'
import { ENTRIES, ENTRY_NAMES, fingerprint, outcomeOf, type EntryName } from './entries.ts'
import { openWorld, type World } from './world.ts'

/** What was accepted makes a world grow; lists of it then take longer, as they may. */
const INPUTS_PER_WORLD = 5000
/** One in so many is a token that we handed out before. */
const TOKENS_EVERY = 6

export async function hostileRoom(
  rounds: number,
  chance: Chance,
  costs: Costs,
  ledger: Ledger,
): Promise<void> {
  for (let done = 0; done < rounds; done += INPUTS_PER_WORLD) {
    const stage = new Stage(await openWorld(), chance, costs, ledger)
    await stage.prepare()
    const end = Math.min(rounds - done, INPUTS_PER_WORLD)
    for (let i = 0; i < end; i++)
      await (i % TOKENS_EVERY === 0 ? stage.token() : stage.operation(done + i))
    await stage.check()
  }
}

class Stage {
  readonly #world: World
  readonly #chance: Chance
  readonly #costs: Costs
  readonly #ledger: Ledger
  readonly #valid = new Map<EntryName, unknown>()
  readonly #tokens: Token[] = []

  constructor(world: World, chance: Chance, costs: Costs, ledger: Ledger) {
    this.#world = world
    this.#chance = chance
    this.#costs = costs
    this.#ledger = ledger
  }

  async prepare(): Promise<void> {
    for (const name of ENTRY_NAMES) this.#valid.set(name, await ENTRIES[name](this.#world))
    this.#tokens.push(...(await pageTokens(this.#world)), ...(await importTokens(this.#world)))
  }

  /** One operation with one or two places of its input injured. */
  async operation(i: number): Promise<void> {
    const chance = this.#chance
    const name = ENTRY_NAMES[i % ENTRY_NAMES.length]!
    const whole = this.#valid.get(name)
    const all = places(whole)
    const leaves = all.length > 1 ? all.slice(1) : all
    // Injured ids lead nowhere: most inputs are let through to what lies behind.
    const inner = leaves.filter((at) => !/[iI]d$/.test(String(at.at(-1))))
    const chosen = inner.length > 0 && chance.next() < 0.9 ? inner : leaves
    let input = whole
    for (let left = 1 + chance.below(2); left > 0; left--) {
      const at = chance.pick(chosen)
      const value = at.reduce<unknown>((part, step) => (part as never)[step], input)
      input = changed(input, at, mutatedValue(chance, value))
    }
    await this.#tried(name, input)
  }

  /** One page token or import token, injured, or another's. */
  async token(): Promise<void> {
    const chance = this.#chance
    const { name, input, put, genuine } = chance.pick(this.#tokens)
    const others = this.#tokens.map((token) => token.genuine)
    const other = chance.pick(others.filter((each) => typeof each === typeof genuine))
    const injured =
      chance.next() < 0.1
        ? other
        : typeof genuine === 'string'
          ? mutatedText(chance, genuine)
          : mutatedBytes(chance, genuine, others.filter(isBytes))
    if (injured.length === 0 || same(injured, genuine)) return
    const outcome = await this.#tried(name, put(input, injured))
    if (outcome === 'done') this.#ledger.violation(`${name} takes a token that it did not make`)
  }

  /** Calls, and notes what is wrong with the outcome. */
  async #tried(name: EntryName, input: unknown): Promise<string> {
    const before = await fingerprint(this.#world)
    const [outcome, complaint] = await this.#costs.measured(name, () =>
      outcomeOf(this.#world, name, input),
    )
    this.#ledger.add('inputs to operations')
    this.#ledger.add(`answered ${outcome}`)
    const after = await fingerprint(this.#world)
    const shown = (): string => `${name} with ${JSON.stringify(input, readable)}`
    if (outcome.includes(' ')) this.#ledger.violation(`${shown()} ${outcome}`)
    // What is accepted may take long: it may have made an RSA key.
    if (outcome === 'done') return outcome
    if (complaint !== undefined) this.#ledger.violation(`${complaint}: ${shown()}`)
    if (before !== after) this.#ledger.violation(`${shown()}: ${outcome}, yet something changed`)
    return outcome
  }

  /** The room serves after all of it. */
  async check(): Promise<void> {
    const { room, aes, vaultId } = this.#world
    const plaintext = new Uint8Array(9).fill(4)
    const { ciphertext } = await room.encrypt({ keyId: aes.id, plaintext })
    const opened = await room.decrypt({ ciphertext })
    if (!same(opened.plaintext, plaintext)) this.#ledger.violation('another plaintext came back')
    if ((await room.getVault({ vaultId })).state !== 'active')
      this.#ledger.violation('a vault that nobody touched is not active')
    await room.tick()
    await room.close()
  }
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array
const same = (a: string | Uint8Array, b: string | Uint8Array): boolean =>
  typeof a === 'string' || typeof b === 'string' ? a === b : Buffer.compare(a, b) === 0
const readable = (_: string, value: unknown): unknown => (isBytes(value) ? toHex(value) : value)

interface Token {
  readonly name: EntryName
  readonly input: object
  readonly genuine: string | Uint8Array
  readonly put: (input: object, token: unknown) => object
}
const putPage = (input: object, pageToken: unknown): object => ({ ...input, pageToken })
const putImport = (input: object, importToken: unknown): object => ({ ...input, importToken })

async function pageTokens({ room, vaultId }: World): Promise<Token[]> {
  for (const displayName of ['p', 'q']) await room.createVault({ displayName })
  const byTime = { vaultId, limit: 1 }
  const byName = { ...byTime, sortBy: 'DISPLAYNAME' } as const
  const lists = [
    { name: 'listKeys', input: byTime, page: await room.listKeys(byTime) },
    { name: 'listKeys', input: byName, page: await room.listKeys(byName) },
    { name: 'listVaults', input: { limit: 1 }, page: await room.listVaults({ limit: 1 }) },
  ] as const
  return lists.map(({ page, ...list }) => ({ ...list, genuine: page.nextPage!, put: putPage }))
}

async function importTokens({ room, vaultId }: World): Promise<Token[]> {
  const tokens: Token[] = []
  for (const displayName of ['one', 'two']) {
    const made = { vaultId, displayName, spec: 'AES_256', origin: 'imported' } as const
    const { id: keyId } = await room.createKey(made)
    const asked = { keyId, wrapping: 'RSA_OAEP_SHA_256', wrappingSpec: 'RSA_2048' } as const
    const { importToken: genuine } = await room.getImportParameters(asked)
    const input = { keyId, wrapped: new Uint8Array(256).fill(1) }
    tokens.push({ name: 'importKeyMaterial', input, genuine, put: putImport })
  }
  return tokens
}
