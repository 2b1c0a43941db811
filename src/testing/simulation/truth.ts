/**
 * What must be so. After a write of unknown outcome several worlds are possible: the one in which it
 * happened and the one in which it did not; the first look at the primary tells which.
 */
import type { ErrorCode } from '../../base/errors.ts'
import * as m from '../model.ts'
import { violated } from './trace.ts'
import { predictedView, type Ids, type KeySeen, type VaultSeen } from './view.ts'

/** A use of a version that has to be undone or checked for as long as the version may be used. */
export interface Made {
  readonly keyName: string
  readonly number: number
  readonly keyId: string
  readonly versionId: string
  readonly by: 'encrypt' | 'sign' | 'generateMac'
  readonly bytes: Uint8Array
}

/** A key as it was when it was backed up. */
export interface Backup {
  readonly keyName: string
  readonly blob: Uint8Array
  readonly key: KeySeen
}

/** One way in which things may be. */
export interface World {
  readonly model: m.Model
  /** A key whose restore is compared by rules and then taken as it reads. */
  readonly restored?: Backup
}

export type Act = (model: m.Model, vault: m.ModelVault) => void

type Predicted = { readonly world: World } | { readonly code: ErrorCode }

export class Truth {
  readonly id: string
  readonly made: Made[] = []
  readonly backups: Backup[] = []
  /** Versions that are gone for good, with the sequence at which that was certain. */
  readonly destroyed = new Map<string, bigint>()
  /** Where a promotion began that did not end. */
  heir: string | undefined
  #worlds: readonly World[]

  constructor(id: string, now: number) {
    this.id = id
    const model = m.newModel(now)
    m.createVault(model, { displayName: id, compartmentId: '' }).id = id
    this.#worlds = [{ model }]
  }

  /** One of the possible worlds, for choosing what to do next. */
  get vault(): m.ModelVault {
    return this.model.vaults[0]!
  }

  get model(): m.Model {
    return this.#worlds[0]!.model
  }

  get certain(): boolean {
    return this.#worlds.length === 1 && this.#worlds[0]!.restored === undefined
  }

  /** A key as it must read now. */
  seen(keyName: string): KeySeen {
    return predictedView(this.vault).keys.find(({ name }) => name === keyName)!
  }

  advance(ms: number): void {
    for (const { model } of this.#worlds) m.advance(model, ms)
  }

  /** What an act would do in each world. */
  predict(act: Act, restored?: Backup): readonly Predicted[] {
    return this.#worlds.map((world) => {
      const copy = structuredClone(world)
      try {
        act(copy.model, copy.model.vaults[0]!)
        return { world: restored ? { ...copy, restored } : copy }
      } catch (error) {
        if (error instanceof m.Refusal) return { code: error.code }
        throw error
      }
    })
  }

  /** It was done. */
  done(predicted: readonly Predicted[]): void {
    const worlds = predicted.flatMap((one) => ('world' in one ? [one.world] : []))
    const [first] = predicted
    if (worlds.length === 0)
      violated(`done, where ${first && 'code' in first ? first.code : 'a refusal'} was expected`)
    this.#worlds = worlds
  }

  /** It was refused with this code: only worlds remain in which it had to be. */
  refused(predicted: readonly Predicted[], code: ErrorCode): void {
    const worlds = this.#worlds.filter((_, i) => {
      const one = predicted[i]!
      return 'code' in one && one.code === code
    })
    const [first] = predicted
    if (worlds.length === 0)
      violated(
        `refused with ${code}, expected ${first && 'code' in first ? first.code : 'no refusal'}`,
      )
    this.#worlds = worlds
  }

  /** Nobody knows. */
  unknown(predicted: readonly Predicted[]): void {
    const after = predicted.flatMap((one) => ('world' in one ? [one.world] : []))
    this.#worlds = [...this.#worlds, ...after]
  }

  /** Compares with what the primary shows: one world must be the true one. */
  settle(seen: VaultSeen, ids: ReadonlyMap<string, Ids>): void {
    const text = JSON.stringify(seen)
    const exact = this.#worlds.find(({ model, restored }) => !restored && viewOf(model) === text)
    const world = exact ?? this.#worlds.find((one) => one.restored && agrees(one, seen))
    if (!world) {
      const expected = this.#worlds.map(({ model }) => `\n  expected ${viewOf(model)}`)
      violated(`vault ${this.id} reads\n  ${text}${expected.join('')}`)
    }
    if (world.restored) adopt(world.model.vaults[0]!, world.restored, seen)
    this.#worlds = [{ model: world.model }]
    for (const key of this.vault.keys) {
      key.id ||= ids.get(key.displayName)!.key
      for (const version of key.versions)
        version.id ||= ids.get(key.displayName)!.versions.get(version.number)!
    }
  }
}

const viewOf = (model: m.Model): string => JSON.stringify(predictedView(model.vaults[0]!))

const STRICTNESS = ['enabled', 'disabled', 'pendingImport', 'deleted']
const stricter = (a: string, b: string): string =>
  STRICTNESS.indexOf(a) >= STRICTNESS.indexOf(b) ? a : b

/**
 * Everything else is as it was; of the key that was restored nothing that lived is lost, nothing that
 * was gone is back, and of two states the stricter stands.
 */
function agrees({ model, restored }: World, seen: VaultSeen): boolean {
  const { keyName, key: saved } = restored!
  const expected = predictedView(model.vaults[0]!)
  const others = (view: VaultSeen): string =>
    JSON.stringify({ ...view, keys: view.keys.filter(({ name }) => name !== keyName) })
  if (others(expected) !== others(seen)) return false
  const before = expected.keys.find(({ name }) => name === keyName)
  const after = seen.keys.find(({ name }) => name === keyName)
  if (!before || !after) return false
  const merged = before.versions.map((version) => {
    const old = saved.versions.find(({ number }) => number === version.number)
    const usable = version.state === 'enabled' || version.state === 'disabled'
    const wasUsable = old?.state === 'enabled' || old?.state === 'disabled'
    return usable && wasUsable ? stricter(version.state, old.state) : version.state
  })
  return JSON.stringify(merged) === JSON.stringify(after.versions.map(({ state }) => state))
}

const NO_ROTATION: m.ModelRotation = {
  everyDays: undefined,
  daysAfterCreation: undefined,
  daysBeforeExpiry: undefined,
  expiryDays: undefined,
  enabled: true,
  nextAt: undefined,
}

/** What was restored is from now on as it reads; which record was newer is not told twice. */
function adopt(vault: m.ModelVault, { keyName, key: saved }: Backup, seen: VaultSeen): void {
  const key = vault.keys.find(({ displayName }) => displayName === keyName)!
  const now = seen.keys.find(({ name }) => name === keyName)!
  key.state = stricter(key.state, saved.state) as m.ModelKey['state']
  key.tags = { ...now.tags }
  key.description = now.description
  // Which of two policies was the newer one shows when it fires next.
  if (now.rotates === undefined) key.rotation = undefined
  else if (key.state === 'enabled')
    key.rotation = { ...NO_ROTATION, everyDays: now.rotates, nextAt: now.nextAt }
  for (const { number, state, current } of now.versions) {
    const version = key.versions[number - 1]!
    if (state === 'enabled' || state === 'disabled') version.state = state
    if (current) key.current = version
  }
}
