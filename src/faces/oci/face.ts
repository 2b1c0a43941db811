/** What all requests to one room have in common: names, places, states on their way, rates. */
import type { Strongroom } from '../../engine/room.ts'
import { extensionOf, Ocids } from './ocid.ts'
import type { OciOptions } from './options.ts'
import { judgeOf, type Judge } from './permissions.ts'
import { Throttle } from './throttle.ts'
import { Transitions } from './transitions.ts'

/** Shared by all faces of a room: three clients of one test see the same service. */
interface Shared {
  readonly transitions: Transitions
  readonly throttle: Throttle
  /** Vaults by the extension in their host names. */
  readonly vaults: Map<string, string>
}

const shared = new WeakMap<Strongroom, Shared>()

function sharedOf(room: Strongroom): Shared {
  const known = shared.get(room)
  if (known) return known
  const made: Shared = {
    transitions: new Transitions(),
    throttle: new Throttle(),
    vaults: new Map(),
  }
  shared.set(room, made)
  return made
}

/** `<extension>-management.kms.<region>.<second level domain>`; the last part for mutual TLS. */
const VAULT_HOST = /^([a-z2-7]{13})-(?:management|crypto)(?:-mtls)?\./
const PAGE = 1000

export type Service = 'management' | 'crypto' | 'crypto-mtls'

export class Face {
  readonly room: Strongroom
  readonly options: OciOptions
  readonly ids: Ocids
  /** Absent: nobody is asked for permission here. */
  readonly judge: Judge | undefined
  readonly transitions: Transitions
  readonly throttle: Throttle
  readonly #vaults: Map<string, string>

  constructor(room: Strongroom, options: OciOptions) {
    this.room = room
    this.options = options
    this.ids = new Ocids(options.realm ?? 'oc1', room.region)
    this.judge = options.permissions && judgeOf(options.permissions)
    const { transitions, throttle, vaults } = sharedOf(room)
    this.transitions = transitions
    this.throttle = throttle
    this.#vaults = vaults
  }

  get now(): number {
    return this.room.now().getTime()
  }

  /** Before OCIDs of what lies in a vault are written: where it was made, which stays. */
  async learn(vaultId: string): Promise<void> {
    this.ids.learn(await this.room.getVault({ vaultId }))
  }

  /** Before a reply names these vaults. */
  async open(...vaultIds: readonly string[]): Promise<void> {
    await this.options.endpoints?.open?.(vaultIds)
  }

  /** The base URL of a vault, here or in the region of its replica. */
  endpoint(
    service: Exclude<Service, 'crypto-mtls'>,
    vaultId: string,
    region = this.room.region,
  ): string {
    const { endpoints, replicaEndpoint } = this.options
    const told =
      region === this.room.region
        ? endpoints?.[service](vaultId)
        : replicaEndpoint?.(vaultId, region)
    return told ?? `https://${this.host(service, vaultId, region)}`
  }

  host(service: Service, vaultId: string, region = this.room.region): string {
    const domain = this.options.secondLevelDomain ?? 'oraclecloud.com'
    return `${extensionOf(vaultId)}-${service}.kms.${region}.${domain}`
  }

  /** The vault behind a host, or undefined: the host is all that names it (contracts: OCI 1). */
  async vaultOf(host: string): Promise<string | undefined> {
    const told = this.options.endpoints?.vaultOf(host)
    if (told !== undefined) return told
    const [, extension] = VAULT_HOST.exec(host) ?? []
    if (extension === undefined) return undefined
    return this.#vaults.get(extension) ?? (await this.#find(extension))
  }

  async #find(extension: string): Promise<string | undefined> {
    let pageToken: string | undefined
    do {
      const page = await this.room.listVaults({ limit: PAGE, ...(pageToken && { pageToken }) })
      for (const { id } of page.items) this.#vaults.set(extensionOf(id), id)
      pageToken = page.nextPage
    } while (pageToken !== undefined)
    return this.#vaults.get(extension)
  }
}
