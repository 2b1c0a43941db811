/**
 * OCI over HTTP. Some of its clients refuse an endpoint with a path, and host names cannot be counted
 * on, so each vault has a port of its own and the vault service has the first (contracts: OCI 15).
 */
import { StrongroomError } from '../base/errors.ts'
import { ociFetch, type Caller, type OciEndpoints, type OciOptions } from '../faces/oci/index.ts'
import type { Strongroom } from '../index.ts'
import type { Face } from './face.ts'
import type { RunningServer } from './index.ts'
import type { Listener } from './listener.ts'

const PATH = '/20180608/'
const PAGE = 1000

type Listen = (vaultId: string) => Promise<Listener>

/** A port for every vault, opened when a reply first names it. */
class VaultPorts {
  readonly #opening = new Map<string, Promise<void>>()
  readonly #urls = new Map<string, string>()
  #listen: Listen = () =>
    Promise.reject(
      new StrongroomError('UNAVAILABLE', 'Server: expected start() before the first request.'),
    )

  /** Ports for the vaults that are there. */
  async start(room: Strongroom, listen: Listen): Promise<void> {
    this.#listen = listen
    let pageToken: string | undefined
    do {
      const page = await room.listVaults({ limit: PAGE, ...(pageToken && { pageToken }) })
      const ids = page.items.filter(({ state }) => state !== 'deleted').map(({ id }) => id)
      await this.open(ids)
      pageToken = page.nextPage
    } while (pageToken !== undefined)
  }

  async open(vaultIds: readonly string[]): Promise<void> {
    await Promise.all(vaultIds.map((id) => this.#opening.get(id) ?? this.#begin(id)))
  }

  #begin(vaultId: string): Promise<void> {
    const opening = this.#listen(vaultId).then(({ url }) => void this.#urls.set(vaultId, url))
    this.#opening.set(vaultId, opening)
    // One that could not be opened is tried again by the next request.
    opening.catch(() => this.#opening.delete(vaultId))
    return opening
  }

  urlOf(vaultId: string): string {
    return this.#urls.get(vaultId)!
  }

  /** For people: where each vault is. */
  list(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#urls)
  }
}

/** Whoever may come in may do all, unless the options tell callers apart. */
const owner = (): undefined => undefined

/** Where statements are about users, who does not say who he is is not the owner. */
const nobodyElse = (caller: Caller | undefined): string =>
  caller?.user ?? caller?.keyId ?? 'anonymous'

const tooLarge = (): Response => {
  const message = 'body: expected fewer bytes, got more than the server takes.'
  return Response.json({ code: 'PayloadTooLarge', message }, { status: 413 })
}

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
  const principalOf = options.permissions ? nobodyElse : owner
  /** What is asked at the port of a vault, or at that of the vault service. */
  const faceAt = (vaultId?: string): Face => {
    const endpoints: OciEndpoints = {
      open: (ids) => ports.open(ids),
      management: (id) => ports.urlOf(id),
      crypto: (id) => ports.urlOf(id),
      vaultOf: () => vaultId,
    }
    return {
      name: 'oci',
      claims: ({ url }) => vaultId !== undefined || new URL(url).pathname.includes(PATH),
      handle: ociFetch(room, { principalOf, ...options, endpoints }),
      tooLarge,
      authenticates: options.signatures !== undefined,
    }
  }
  return {
    face: faceAt(),
    start: (server) => ports.start(room, (vaultId) => server.listen([faceAt(vaultId)])),
    endpoints: () => ports.list(),
  }
}
