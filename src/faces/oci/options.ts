/** What the face can be told. Everything has a default; all faces of a room share what they hold. */
import type { Caller, Signatures } from './auth.ts'
import type { OciPermissions } from './permissions.ts'

/** Where vaults are found, when host names are not what tells them apart. */
export interface OciEndpoints {
  /** Told of the vaults that a reply is about to name: what their URLs lead to is open afterwards. */
  readonly open?: (vaultIds: readonly string[]) => Promise<void>
  /** Base URLs, as replies show them. */
  readonly management: (vaultId: string) => string
  readonly crypto: (vaultId: string) => string
  /** The vault behind a host (with its port); undefined where the name of the host tells it. */
  readonly vaultOf: (host: string) => string | undefined
}

/** What `intercept` sees of a request: enough to decide about it, nothing that is secret. */
export interface OciCall {
  /** The operation of the SDK, for example `createKey`. */
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly requestId: string
  readonly principal: string | undefined
}

/** An answer in place of the real one: a policy, or a fault to test against. */
export interface OciFaultAnswer {
  readonly status: number
  readonly code: string
  readonly message?: string
  /** Seconds. */
  readonly retryAfter?: number
}

export interface OciOptions {
  /** Third part of every OCID; default `oc1`. */
  readonly realm?: string
  /** Default `oraclecloud.com`. */
  readonly secondLevelDomain?: string
  readonly endpoints?: OciEndpoints
  /** The base URL of a replica in another region; default: the host name that it has at the service. */
  readonly replicaEndpoint?: (vaultId: string, region: string) => string | undefined
  /**
   * How long CREATING, UPDATING, SCHEDULING_DELETION and the other states in between last, by the
   * clock of the room. Default 0: replies show the state that comes after them.
   */
  readonly transitionMs?: number
  /** 429 beyond so many requests a second in each of four groups; `true` is 10. Default: never. */
  readonly throttle?: boolean | { readonly perSecond: number }
  /** Lets `updateKey` change a disabled key. Default: refused, as the documents say. */
  readonly updateWhileDisabled?: boolean
  /** Lets ECDSA keys be imported. Default: refused, as the service does. */
  readonly importEcdsa?: boolean
  /** Refuses data keys that are shorter than their master key. */
  readonly strictDataKeys?: boolean
  /** The compartments that exist; default: all that are named. */
  readonly compartments?: readonly string[]
  /** The regions to which vaults may be replicated; default: all that are named. */
  readonly regions?: readonly string[]
  /**
   * Who a caller is to the room; undefined is the owner. Default: the user OCID of a signed request,
   * the owner for an unsigned one.
   */
  readonly principalOf?: (caller: Caller | undefined) => string | undefined
  /**
   * Policy statements, groups and the tree of compartments: everybody but the owner may do what they
   * allow, and nothing else. Default: the room's own policies decide.
   */
  readonly permissions?: OciPermissions
  /** Public keys of callers: with them, signatures are verified. */
  readonly signatures?: Signatures
  /** Looks at each request before it is served. */
  readonly intercept?: (call: OciCall) => OciFaultAnswer | undefined
}
