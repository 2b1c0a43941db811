/**
 * OCI over HTTP. Some of its clients refuse an endpoint with a path, and host names cannot be counted
 * on, so each vault has a port of its own and the vault service has the first (contracts: OCI 15).
 */
import { StrongroomError } from '../base/errors.ts'
import { ociFetch, type OciEndpoints, type OciOptions } from '../faces/oci/index.ts'
import type { Strongroom } from '../index.ts'
import type { Face } from './face.ts'
import type { RunningServer } from './index.ts'
import type { Listener } from './listener.ts'

const PATH = '/20180608/'
const PAGE = 1000
/** Ports that wait for new vaults: a reply names its port at once. */
const SPARE = 4

/** A port for every vault, and some that wait for the next ones. */
class VaultPorts implements OciEndpoints {
  readonly #byVault = new Map<string, Listener>()
  readonly #byPort = new Map<string, string>()
  readonly #spare: Listener[] = []
  #open: (() => Promise<Listener>) | undefined
  #filling: Promise<void> | undefined

  /** Ports for the vaults that are there, and the first spare ones. */
  async start(room: Strongroom, open: () => Promise<Listener>): Promise<void> {
    this.#open = open
    let pageToken: string | undefined
    do {
      const page = await room.listVaults({ limit: PAGE, ...(pageToken && { pageToken }) })
      for (const { id, state } of page.items)
        if (state !== 'deleted') this.#assign(id, await open())
      pageToken = page.nextPage
    } while (pageToken !== undefined)
    await this.#fill()
  }

  readonly management = (vaultId: string): string => this.#urlOf(vaultId)
  readonly crypto = (vaultId: string): string => this.#urlOf(vaultId)
  readonly vaultOf = (host: string): string | undefined => this.#byPort.get(portOf(host))

  /** For people: where each vault is. */
  list(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#byVault].map(([id, { url }]) => [id, url]))
  }

  #urlOf(vaultId: string): string {
    const known = this.#byVault.get(vaultId)
    if (known) return known.url
    const next = this.#spare.shift()
    if (!next)
      throw new StrongroomError('BUSY', 'Server: expected a free port for a new vault, found none.')
    this.#assign(vaultId, next)
    void this.#fill().catch(() => undefined)
    return next.url
  }

  #assign(vaultId: string, listener: Listener): void {
    this.#byVault.set(vaultId, listener)
    this.#byPort.set(`${listener.port}`, vaultId)
  }

  #fill(): Promise<void> {
    this.#filling ??= this.#filled().finally(() => (this.#filling = undefined))
    return this.#filling
  }

  async #filled(): Promise<void> {
    while (this.#spare.length < SPARE) this.#spare.push(await this.#open!())
  }
}

/** Whoever may come in may do all, unless the options tell callers apart. */
const owner = (): undefined => undefined

const portOf = (host: string): string => host.slice(host.lastIndexOf(':') + 1)

/** The OCI face of a server, and the ports of its vaults once that runs. */
export interface OciService {
  readonly face: Face
  /** Opens the ports of the vaults; call it when the server listens. */
  start(server: Pick<RunningServer, 'listen'>): Promise<void>
  /** Endpoint of each vault, by our id. */
  endpoints(): Readonly<Record<string, string>>
}

/**
 * @example
 * const oci = ociService(room)
 * const server = await serve(room, { faces: [oci.face] })
 * await oci.start(server)
 */
export function ociService(room: Strongroom, options: OciOptions = {}): OciService {
  const ports = new VaultPorts()
  const face: Face = {
    name: 'oci',
    claims: (request) => new URL(request.url).pathname.includes(PATH),
    handle: ociFetch(room, { principalOf: owner, ...options, endpoints: ports }),
    authenticates: options.signatures !== undefined,
  }
  return {
    face,
    start: (server) => ports.start(room, () => server.listen([face])),
    endpoints: () => ports.list(),
  }
}
