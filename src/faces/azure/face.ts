/** What all requests to one room have in common: vaults by their names. */
import type { Vault } from '../../engine/api.ts'
import type { Strongroom } from '../../engine/room.ts'
import type { DefinedTags } from '../../domain/records.ts'
import { Remembered } from '../../base/remembered.ts'
import { AzureFault, FAULTS } from './errors.ts'
import { RETENTION_DAYS, type AzureOptions } from './options.ts'
import type { Used } from './using.ts'

/** The namespace of tags by which vaults are known, and what a key has that only this face knows. */
export const NAMESPACE = 'azure'

/** A vault as requests see it. */
export interface VaultHere {
  readonly id: string
  readonly name: string
  readonly managedHsm: boolean
  readonly retentionDays: number
  readonly purgeProtection: boolean
}

type Kept = Omit<VaultHere, 'id' | 'managedHsm'>

/** Shared by all faces of a room: a client and a server see the same vaults. */
const shared = new WeakMap<Strongroom, Map<string, Promise<VaultHere>>>()

function vaultsOf(room: Strongroom): Map<string, Promise<VaultHere>> {
  const known = shared.get(room) ?? new Map<string, Promise<VaultHere>>()
  shared.set(room, known)
  return known
}

const PAGE = 1000
/** The vault of a listener that is reached by an address, or by a name without a dot. */
const LOCAL = 'local'
const ADDRESS = /^(?:\[.*\]|[\d.]+)$/

/** The vault that a host names: its first label (contracts: Azure 1). */
export function vaultNameOf(hostname: string): string {
  const at = hostname.indexOf('.')
  return at < 1 || ADDRESS.test(hostname) ? LOCAL : hostname.slice(0, at).toLowerCase()
}

/** What lies above the vault in the name of a host, if anything does. */
export function domainOf(hostname: string): string | undefined {
  const at = hostname.indexOf('.')
  return at < 1 || ADDRESS.test(hostname) ? undefined : hostname.slice(at + 1)
}

export class Face {
  readonly room: Strongroom
  readonly options: AzureOptions
  /** Versions in use, by the path that named them. */
  readonly uses: Remembered<Used> = new Remembered()
  readonly #vaults: Map<string, Promise<VaultHere>>

  constructor(room: Strongroom, options: AzureOptions) {
    const { min, max } = RETENTION_DAYS
    const { retentionDays: days = max } = options
    if (!Number.isInteger(days) || days < min || days > max)
      throw new RangeError(`retentionDays: expected ${min} to ${max}, got ${days}.`)
    this.room = room
    this.options = options
    this.#vaults = vaultsOf(room)
  }

  get now(): number {
    return this.room.now().getTime()
  }

  isHsm(hostname: string): boolean {
    return this.options.managedHsm ?? /(?:^|\.)managedhsm\./.test(hostname)
  }

  /** The vault behind a host; it is made when it is not there yet. @throws VaultNotFound */
  async vaultAt(hostname: string): Promise<VaultHere> {
    const name = vaultNameOf(hostname)
    const managedHsm = this.isHsm(hostname)
    const { vaults, vaultId } = this.options
    if (vaults && !vaults.some((each) => each.toLowerCase() === name))
      throw new AzureFault(FAULTS.noVault, `The vault ${name} does not exist.`)
    if (vaultId !== undefined) return { ...this.#kept(name), id: vaultId, managedHsm }
    const known = `${managedHsm ? 'hsm' : 'vault'} ${name}`
    const opening = this.#vaults.get(known) ?? this.#open(known, name, managedHsm)
    const vault = await opening
    if (vault.purgeProtection || !this.options.purgeProtection) return vault
    const protectedNow = this.#protect(vault)
    this.#vaults.set(known, protectedNow)
    return protectedNow
  }

  #kept(name: string): Kept {
    const { retentionDays = RETENTION_DAYS.default, purgeProtection = false } = this.options
    return { name, retentionDays, purgeProtection }
  }

  #open(known: string, name: string, managedHsm: boolean): Promise<VaultHere> {
    const opening = this.#find(name, managedHsm)
    this.#vaults.set(known, opening)
    opening.catch(() => this.#vaults.delete(known))
    return opening
  }

  async #find(name: string, managedHsm: boolean): Promise<VaultHere> {
    let pageToken: string | undefined
    do {
      const page = await this.room.listVaults({ limit: PAGE, ...(pageToken && { pageToken }) })
      for (const vault of page.items) {
        const here = vaultHere(vault)
        if (here?.name === name && here.managedHsm === managedHsm) return here
      }
      pageToken = page.nextPage
    } while (pageToken !== undefined)
    const kept = { ...this.#kept(name), managedHsm }
    const made = await this.room.createVault({
      displayName: name,
      definedTags: { [NAMESPACE]: { ...kept } },
    })
    return { ...kept, id: made.id }
  }

  /** There is no way back. */
  async #protect({ id, ...rest }: VaultHere): Promise<VaultHere> {
    const { definedTags } = await this.room.getVault({ vaultId: id })
    const kept = { ...rest, purgeProtection: true }
    await this.room.updateVault({
      vaultId: id,
      definedTags: { ...definedTags, [NAMESPACE]: { ...kept } },
    })
    return { ...kept, id }
  }
}

/** A vault of this face that is in use. */
function vaultHere({ id, state, definedTags }: Vault): VaultHere | undefined {
  const { name, managedHsm, retentionDays, purgeProtection } = own(definedTags)
  if (state !== 'active' || typeof name !== 'string') return undefined
  return {
    id,
    name,
    managedHsm: managedHsm === true,
    retentionDays: Number(retentionDays),
    purgeProtection: purgeProtection === true,
  }
}

const own = (tags: DefinedTags): DefinedTags[string] => tags[NAMESPACE] ?? {}
