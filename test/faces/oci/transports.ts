/**
 * The two ways of the official clients to a room: in place of the network, and over it, by the
 * transport and the signer of the SDK, to a server that verifies every signature.
 */
import { generateKeyPairSync } from 'node:crypto'
import {
  DefaultRequestSigner,
  FetchHttpClient,
  SimpleAuthenticationDetailsProvider,
} from 'oci-common'
import type { models } from 'oci-keymanagement'
import { ociHttpClient, type OciHttpClient, type OciOptions } from '../../../src/faces/oci/index.ts'
import { parseOcid } from '../../../src/faces/oci/ocid.ts'
import type { Strongroom } from '../../../src/index.ts'
import { ociService, serve } from '../../../src/server/index.ts'
import { atEnd } from '../../helpers/at-end.ts'

/** What clients need to know of a room. */
export interface Reached {
  readonly httpClient: OciHttpClient
  /** The endpoint of the vault service. */
  readonly service: string
  /** Where a vault is, whoever made it. */
  readonly endpoints: (vault: models.Vault) => { management: string; crypto: string }
}

export interface Transport {
  readonly name: string
  /** The signer of the SDK reads strings and streams of Node alone, and these when their length is told. */
  readonly signs: boolean
  readonly reach: (room: Strongroom, options: OciOptions) => Promise<Reached>
  /** The endpoints of a vault in replies, by its extension. */
  readonly endpoints: (extension: string, region: string) => { management: RegExp; crypto: RegExp }
}

const inProcess: Transport = {
  name: 'in-process',
  signs: false,
  reach: async (room, options) => ({
    httpClient: ociHttpClient(room, options),
    service: `https://kms.${room.region}.oraclecloud.com`,
    endpoints: ({ managementEndpoint: management, cryptoEndpoint: crypto }) => ({
      management,
      crypto,
    }),
  }),
  endpoints: (extension, region) => {
    const url = (service: string) =>
      new RegExp(`^https://${extension}-${service}\\.kms\\.${region}\\.oraclecloud\\.com$`)
    return { management: url('management'), crypto: url('crypto') }
  },
}

const pair = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
/** Who signs. */
export const CALLER = {
  tenancy: `ocid1.tenancy.oc1..${'t'.repeat(60)}`,
  user: `ocid1.user.oc1..${'u'.repeat(60)}`,
  fingerprint: '20:3b:97:13:55:1c:5b:0d:d3:37:d8:50:4e:c5:3a:34',
  ...pair,
} as const
export const KEY_ID = `${CALLER.tenancy}/${CALLER.user}/${CALLER.fingerprint}`
export const detailsProvider = () =>
  new SimpleAuthenticationDetailsProvider(
    CALLER.tenancy,
    CALLER.user,
    CALLER.fingerprint,
    CALLER.privateKey,
    null,
  )

const signer = new DefaultRequestSigner(detailsProvider())
const PORT = /^http:\/\/127\.0\.0\.1:\d+$/

const overHttp: Transport = {
  name: 'over HTTP',
  signs: true,
  reach: async (room, options) => {
    const keys = { [KEY_ID]: CALLER.publicKey }
    // The clock of the room travels, that of the signer does not.
    const signatures = { keys, now: () => new Date() }
    const oci = ociService(room, { signatures, ...options })
    const server = await serve(room, { faces: [oci.face], port: 0 })
    atEnd(() => server.close({ drainMs: 0 }))
    await oci.start(server)
    const network = new FetchHttpClient(signer)
    const httpClient: OciHttpClient = { send: (request) => network.send(request as never) }
    const endpoints: Reached['endpoints'] = ({ id }) => {
      const url = oci.endpoints()[parseOcid('vault', id)!.vaultId] ?? server.url
      return { management: url, crypto: url }
    }
    return { httpClient, service: server.url, endpoints }
  },
  endpoints: () => ({ management: PORT, crypto: PORT }),
}

export const TRANSPORTS: readonly Transport[] = [inProcess, overHttp]
