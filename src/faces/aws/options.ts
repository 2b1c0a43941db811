/** What the face can be told. Everything has a default; all faces of a room share what they hold. */
import type { CloudHsmClusters } from './cloud-hsm.ts'
import type { GivenAttributes } from '../../domain/policy/attributes.ts'
import type { AwsCredential } from './principals.ts'
import type { Quotas } from './quotas.ts'
import type { Rates } from './throttle.ts'
import type { XksOptions } from './xks/link.ts'

/** What `intercept` sees of a request: enough to decide about it, nothing that is secret. */
export interface AwsCall {
  /** For example `CreateKey`. */
  readonly operation: string
  readonly region: string
  readonly account: string
  readonly requestId: string
  readonly accessKeyId: string | undefined
}

export interface AwsOptions {
  /** The account of callers of whom nothing else is known; default `111122223333`. */
  readonly account?: string
  /** The region of requests that name none; default the room's. */
  readonly region?: string
  /**
   * The vault in which everything is, whatever account and region a request names. Default: a vault
   * for each account and region, made when it is first asked for.
   */
  readonly vaultId?: string
  /**
   * Root certificates of attestation documents, in PEM or DER; default the root of AWS Nitro. Tests
   * give that of `nitroTestAuthority`.
   */
  readonly attestationRoots?: readonly (string | Uint8Array)[]
  /**
   * Quotas in place of the service's (see `QUOTAS`); `false` is none, but for the bounds of the room
   * (50 aliases for a key). Default: those of the service.
   */
  readonly quotas?: false | Partial<Quotas>
  /**
   * ThrottlingException beyond the request rates of the service, by the clock of the room: `true`,
   * or an object with other rates a second, by operation or group. Default: never.
   */
  readonly throttle?: boolean | Rates
  /** CloudHSM clusters of custom key stores, by their ids: each is another room. Default: none. */
  readonly clusters?: CloudHsmClusters
  /** How proxies of external key stores are reached. Default: as they say, by `fetch`. */
  readonly xks?: XksOptions
  /**
   * How long custom key stores show CONNECTING and DISCONNECTING, new replicas Creating, and both keys
   * of UpdatePrimaryRegion Updating, by the clock of the room; default 0.
   */
  readonly transitionMs?: number
  /**
   * Who has which access key id. Without it whoever asks is the root user of `account`, and nothing is
   * refused for a reason of identity.
   */
  readonly credentials?: Readonly<Record<string, AwsCredential>>
  /** Beside `credentials`: an access key id that nobody has is the root user of `account`. */
  readonly anyCredentials?: boolean
  /**
   * How far the time of a signature may be from now, where signatures are verified: default 300000,
   * as the service has it; Infinity looks at no time. Presigned URLs have an end of their own.
   */
  readonly signatureSkewMs?: number
  /** By which time signatures are old; default that of the system, by which clients sign. */
  readonly signatureTime?: () => Date
  /**
   * Condition keys of policies that no request shows: `kms:ViaService`, `aws:SourceArn`,
   * `aws:SourceIp`, `aws:PrincipalOrgID` and others, for each request.
   */
  readonly conditions?: (call: AwsCall) => GivenAttributes
  /** Looks at each request before it is served; what it answers is thrown, for tests of failures. */
  readonly intercept?: (call: AwsCall) => AwsFault | undefined
}

/** An exception in place of an answer. */
export interface AwsFault {
  /** For example `KeyUnavailableException` or `ThrottlingException`. */
  readonly name: string
  readonly message?: string
}

export const DEFAULT_ACCOUNT = '111122223333'
