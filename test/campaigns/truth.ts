/**
 * What a room must still know: everything that was answered, and of what was under way either all
 * or nothing. Fed with the lines that a writer tells, compared with a room that was opened again.
 */
import type { Strongroom } from '../../src/index.ts'
import { fromHex, utf8 } from '../../src/base/bytes.ts'
import { nameOf } from './campaign.ts'
import { after, newKey, type Answered, type KeyTruth, type Step } from './steps.ts'
import { USES } from './uses.ts'

/** A line of a writer. */
export type Told =
  | { readonly lane: number; readonly intent: Step }
  | { readonly lane: number; readonly done: Answered }
  | { readonly lane: number; readonly failed: string; readonly why: string }

/** Failures after which nothing may have changed. */
const UNCHANGED = new Set(['UNAVAILABLE', 'BUSY', 'CONFLICT', 'CLOSED'])

type Say = (what: string) => void

export class Truth {
  readonly #vaults = new Map<string, string>()
  readonly #keys = new Map<string, KeyTruth>()
  /** By lane: what is under way, or ended without anybody knowing how. */
  readonly #open = new Map<number, Step>()
  /** Of unknown outcome, from lanes that went on. */
  #unknown: Step[] = []
  answered = 0

  get keys(): number {
    return this.#keys.size
  }

  hear(told: Told): void {
    if ('intent' in told) {
      this.#open.set(told.lane, told.intent)
      return
    }
    const step = this.#open.get(told.lane)
    if (!step) throw new Error('an answer without a question')
    this.#open.delete(told.lane)
    if ('done' in told) this.#done(step, told.done)
    else if (!UNCHANGED.has(told.failed)) this.#unknown.push(step)
  }

  /** Compares; answers what is wrong. Afterwards what was unknown is known. */
  async check(room: Strongroom): Promise<string[]> {
    const pending = [...this.#open.values(), ...this.#unknown]
    this.#open.clear()
    this.#unknown = []
    const problems: string[] = []
    const say = (what: string): void => void problems.push(what)
    try {
      await this.#checkVaults(room, pending, say)
      for (const vaultId of this.#vaults.keys()) await this.#checkVault(room, vaultId, pending, say)
    } catch (error) {
      say(`reading fails: ${nameOf(error)}`)
    }
    return problems
  }

  #done(step: Step, answer: Answered): void {
    this.answered++
    if (step.kind === 'vault') this.#vaults.set(answer.id!, step.name)
    else if (step.kind === 'create') this.#keys.set(answer.id!, newKey(step, answer.id!))
    else this.#keys.set(step.keyId, after(this.#keys.get(step.keyId)!, step, answer))
  }

  async #checkVaults(room: Strongroom, pending: readonly Step[], say: Say): Promise<void> {
    const { items } = await room.listVaults({ limit: 1000 })
    for (const { id, displayName } of items) {
      const expected = this.#vaults.get(id)
      const maybe = pending.some((step) => step.kind === 'vault' && step.name === displayName)
      if (expected === undefined && maybe) this.#vaults.set(id, displayName)
      else if (expected !== displayName) say(`a vault is ${displayName}, not ${expected}`)
    }
    const found = new Set(items.map(({ id }) => id))
    for (const [id, name] of this.#vaults) if (!found.has(id)) say(`the vault ${name} is lost`)
  }

  async #checkVault(
    room: Strongroom,
    vaultId: string,
    pending: readonly Step[],
    say: Say,
  ): Promise<void> {
    const found = new Set<string>()
    let pageToken: string | undefined
    do {
      const page = await room.listKeys({ vaultId, limit: 1000, ...(pageToken && { pageToken }) })
      for (const { id, displayName } of page.items) {
        found.add(id)
        const made = pending.find((step) => step.kind === 'create' && step.name === displayName)
        if (!this.#keys.has(id) && made?.kind === 'create') this.#keys.set(id, newKey(made, id))
        await this.#checkKey(room, id, pending, say)
      }
      pageToken = page.nextPage
    } while (pageToken !== undefined)
    for (const key of this.#keys.values())
      if (key.vaultId === vaultId && !found.has(key.id)) say(`the key ${key.name} is lost`)
  }

  async #checkKey(
    room: Strongroom,
    keyId: string,
    pending: readonly Step[],
    say: Say,
  ): Promise<void> {
    const key = this.#keys.get(keyId)
    if (!key) return say(`a key appeared that nobody made: ${keyId}`)
    const mine = pending.filter((step) => 'keyId' in step && step.keyId === keyId)
    const possible = [key, ...mine.map((step) => after(key, step))]
    const seen = await look(room, key)
    const now = possible.find((one) => facts(one) === facts(seen))
    if (!now) return say(`${key.name} is ${facts(seen)}, not ${possible.map(facts).join(' or ')}`)
    this.#keys.set(keyId, now)
    await tryKey(room, now, say)
  }
}

const facts = ({ name, state, versions, aliases }: KeyTruth): string =>
  JSON.stringify([name, state, versions, [...aliases].sort()])

async function look(room: Strongroom, key: KeyTruth): Promise<KeyTruth> {
  const { id: keyId, vaultId } = key
  const { displayName: name, state, currentVersionId } = await room.getKey({ keyId })
  const { items } = await room.listKeyVersions({ keyId, limit: 1000 })
  const aliases = await room.listAliases({ vaultId, keyId, limit: 1000 })
  const numbered = items.every(({ number }, at) => number === items.length - at)
  const whole = numbered && items[0]?.id === currentVersionId
  return {
    ...key,
    name: whole ? name : `${name}, with a gap before its current version`,
    state,
    versions: items.length,
    aliases: aliases.items.map((alias) => alias.name),
  }
}

/** A living key does its work, old and new; any other one refuses. */
async function tryKey(room: Strongroom, key: KeyTruth, say: Say): Promise<void> {
  const { id, spec, name, state, proofs } = key
  const { make, holds } = USES[spec]
  try {
    const message = utf8('once more')
    const fresh = await make(room, id, message)
    if (state !== 'enabled') say(`${name} is ${state} and works`)
    if (!(await holds(room, id, message, fresh))) say(`${name} does not know its own work`)
    for (const { message: old, proof } of proofs)
      if (!(await holds(room, id, utf8(old), fromHex(proof)!)))
        say(`${name} has other material than before`)
  } catch (error) {
    const code = nameOf(error)
    if (state === 'enabled' || code !== 'INVALID_STATE') say(`${name} (${state}): ${code}`)
  }
}
