/** Lanes of random operations on a room, each told before it is asked and after it is answered. */
import type { Strongroom } from '../../src/index.ts'
import { nameOf } from './campaign.ts'
import { Chance } from './chance.ts'
import { after, ask, newKey, type Answered, type KeyTruth, type Step } from './steps.ts'
import type { CampaignSpec } from './uses.ts'
import type { Told } from './truth.ts'

export interface WriterOptions {
  readonly lanes: number
  readonly seed: number
  /** Operations of each lane; absent: for ever. */
  readonly steps?: number
  /** Names of what is made begin with this; no two writers on one store share it. */
  readonly name: string
}

const VAULTS_MAX = 3
const KEYS_PER_LANE_MAX = 12
const VERSIONS_MAX = 6

/** Ends when every lane has done its steps or failed; a failure is told and ends its lane. */
export async function write(
  room: Strongroom,
  options: WriterOptions,
  tell: (told: Told) => void,
): Promise<void> {
  const { vaults, keys } = await found(room)
  const lanes = Array.from({ length: options.lanes }, (_, number) => {
    const mine = keys.filter((__, at) => at % options.lanes === number)
    return new Lane(room, options, number, vaults, mine, tell).run()
  })
  await Promise.all(lanes)
}

/** What is in the room already. */
async function found(room: Strongroom): Promise<{ vaults: string[]; keys: KeyTruth[] }> {
  const vaults = (await room.listVaults({ limit: 1000 })).items.map(({ id }) => id)
  const keys: KeyTruth[] = []
  for (const vaultId of vaults)
    for (const { id, spec, state, displayName } of (await room.listKeys({ vaultId, limit: 1000 }))
      .items) {
      if (state === 'deleted') continue
      const { items } = await room.listKeyVersions({ keyId: id, limit: 1000 })
      const made = {
        kind: 'create',
        vaultId,
        spec: spec as CampaignSpec,
        name: displayName,
      } as const
      keys.push({ ...newKey(made, id), state, versions: items.length })
    }
  return { vaults, keys }
}

class Lane {
  readonly #room: Strongroom
  readonly #options: WriterOptions
  readonly #number: number
  readonly #vaults: string[]
  /** Those that live: no other lane touches them. */
  readonly #keys: Map<string, KeyTruth>
  readonly #tell: (told: Told) => void
  readonly #chance: Chance
  #names = 0

  constructor(
    room: Strongroom,
    options: WriterOptions,
    number: number,
    vaults: string[],
    keys: readonly KeyTruth[],
    tell: (told: Told) => void,
  ) {
    this.#room = room
    this.#options = options
    this.#number = number
    this.#vaults = vaults
    this.#keys = new Map(keys.map((key) => [key.id, key]))
    this.#tell = tell
    this.#chance = new Chance(options.seed * 64 + number)
  }

  async run(): Promise<void> {
    const { steps = Infinity } = this.#options
    const lane = this.#number
    for (let done = 0; done < steps; done++) {
      const step = this.#choose()
      this.#tell({ lane, intent: step })
      try {
        const answer = await ask(this.#room, step)
        this.#note(step, answer)
        this.#tell({ lane, done: answer })
      } catch (error) {
        this.#tell({ lane, failed: nameOf(error), why: whyOf(error) })
        return
      }
    }
  }

  #choose(): Step {
    const dice = this.#chance.next()
    if (this.#vaults.length === 0 || (dice < 0.02 && this.#vaults.length < VAULTS_MAX))
      return { kind: 'vault', name: this.#name() }
    if (this.#keys.size === 0 || (dice < 0.3 && this.#keys.size < KEYS_PER_LANE_MAX)) {
      const specs = ['AES_256', 'AES_256', 'EC_P256', 'HMAC_256'] as const
      const vaultId = this.#chance.pick(this.#vaults)
      return { kind: 'create', vaultId, name: this.#name(), spec: this.#chance.pick(specs) }
    }
    return this.#change(this.#chance.pick([...this.#keys.values()]), dice)
  }

  #change({ id: keyId, vaultId, spec, state, versions }: KeyTruth, dice: number): Step {
    if (state === 'pendingDeletion') return { kind: 'state', keyId, by: 'cancelKeyDeletion' }
    if (dice >= 0.7 && dice < 0.78) return { kind: 'destroy', keyId }
    if (state === 'disabled') return { kind: 'state', keyId, by: 'enableKey' }
    if (dice < 0.45) return { kind: 'rename', keyId, name: this.#name() }
    if (dice < 0.49) return { kind: 'state', keyId, by: 'disableKey' }
    if (dice < 0.53) return { kind: 'state', keyId, by: 'scheduleKeyDeletion' }
    if (dice < 0.64 && versions < VERSIONS_MAX) return { kind: 'rotate', keyId }
    if (dice < 0.7) return { kind: 'alias', keyId, vaultId, name: `alias/${this.#name()}` }
    return { kind: 'use', keyId, spec, message: `message ${this.#name()}` }
  }

  #name(): string {
    return `${this.#options.name}-${this.#number}-${++this.#names}`
  }

  #note(step: Step, answer: Answered): void {
    if (step.kind === 'vault') this.#vaults.push(answer.id!)
    else if (step.kind === 'create') this.#keys.set(answer.id!, newKey(step, answer.id!))
    else {
      const key = after(this.#keys.get(step.keyId)!, step, answer)
      if (key.state === 'deleted') this.#keys.delete(key.id)
      else this.#keys.set(key.id, key)
    }
  }
}

/** The chain of reasons, for whoever reads a violation. */
function whyOf(error: unknown): string {
  const reasons: string[] = []
  for (let link = error; link instanceof Error; link = link.cause) reasons.push(link.message)
  return reasons.join(' <- ')
}
