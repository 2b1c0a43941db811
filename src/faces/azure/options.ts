/** What the face can be told. Everything has a default; all faces of a room share its vaults. */
import type { AccessPolicy } from './access.ts'
import type { Authority } from './attestation.ts'

/** What `intercept` sees of a request: enough to decide about it, nothing that is secret. */
export interface AzureCall {
  /** The operation, for example `createKey`. */
  readonly operation: string
  readonly method: string
  readonly path: string
  /** The vault that the host names. */
  readonly vault: string
  readonly requestId: string
  readonly principal: string | undefined
}

/** An answer in place of the real one: a fault to test against. */
export interface AzureFaultAnswer {
  readonly status: number
  readonly code: string
  readonly message?: string
  /** Of `innererror`. */
  readonly innerCode?: string
  /** Seconds. */
  readonly retryAfter?: number
}

export interface AzureOptions {
  /** One vault of the room for all hosts. Default: one for each name, made when it is first named. */
  readonly vaultId?: string
  /** The names of vaults that exist; default: all that are named. */
  readonly vaults?: readonly string[]
  /** Whether a host is a managed HSM. Default: those below `managedhsm.` are. */
  readonly managedHsm?: boolean
  /** Days that deleted keys are kept, 7 to 90, of vaults that are made from now on. Default 90. */
  readonly retentionDays?: number
  /** Nothing is purged before its time. Once a vault has it, it stays. Default false. */
  readonly purgeProtection?: boolean
  /** How long a deletion is under way before the deleted key shows. Default 0. */
  readonly deletionMs?: number
  /** The tenant that challenges name. */
  readonly tenantId?: string
  /** Who has which token; others are turned away. */
  readonly tokens?: Readonly<Record<string, string>>
  /**
   * Who a token is to the room; undefined is the owner. Default: the principal of `azureCredential`,
   * the owner for other tokens; with `accessPolicies` the `oid` of an unverified JWT, or `anonymous`.
   */
  readonly principalOf?: (token: string) => string | undefined
  /** Everybody but the owner may do what these allow. Default: the room's own policies decide. */
  readonly accessPolicies?: readonly AccessPolicy[]
  /** Whose attestation tokens release keys, by issuer. */
  readonly authorities?: readonly Authority[]
  /** Looks at each request before it is served. */
  readonly intercept?: (call: AzureCall) => AzureFaultAnswer | undefined
}

export const RETENTION_DAYS = { min: 7, max: 90, default: 90 } as const
