/** Who asks, about what, and how lists are asked for. */
import type { AttributeLookup, GivenAttributes } from '../../domain/policy/attributes.ts'
import type { Key } from './shown.ts'

/** Who asks, and under which name the request is known elsewhere. */
export interface Asked {
  /** The owner (`owner`, or absent) may do all; others are judged by policies and grants. */
  readonly principal?: string
  /** What a decision about the principal looks at beside the key and the request (docs/policies.md). */
  readonly access?: Access
  /** Up to 256 characters, for the journal. */
  readonly requestId?: string
}
/**
 * A write: the etag it must match, and a token (up to 64 characters) that makes repeating it safe
 * for 24 hours.
 */
export interface Write extends Asked {
  readonly ifMatch?: string
  readonly retryToken?: string
}
/** What a face knows of a request by a principal, and the core cannot. */
export interface Access {
  /** The action in the words of policies; default `kms:` and the operation, as `kms:Encrypt`. */
  readonly action?: string
  /**
   * Condition keys and their values, or a function from a key in lower case to its value; they win
   * over those that the core derives itself.
   */
  readonly attributes?: GivenAttributes | AttributeLookup
  /** Of the request, where the operation itself takes none: what grants are bound to. */
  readonly context?: Context
  /** Tokens of grants. All must be authentic: INVALID_GRANT_TOKEN. Grants count without them too. */
  readonly grantTokens?: readonly string[]
  /** The policies of the caller (IAM's form, no Principal), or `all`; default: none. */
  readonly identityPolicies?: readonly string[] | 'all'
  /** The account that owns the key, twelve digits; default: that of the caller. */
  readonly account?: string
  /** Refuse callers of other accounts whatever policies say. */
  readonly sameAccountOnly?: boolean
  /** What is asked for, as policies name it; default `key/ID`, `vault/ID` or `*`. */
  readonly resource?: string
  /** The policy of a key that has none; default: such a key is for the owner alone. */
  readonly unlessPolicy?: string
  /** Further things that the caller's own policies have to allow, such as the name of an alias. */
  readonly also?: readonly { readonly action: string; readonly resource: string }[]
  /**
   * What a face says of the key once it is found; as good as the same members given before. A pure
   * function: its answer is kept for as long as the key does not change.
   */
  readonly describe?: (key: KeyFacts) => KeyDescription
}
/** Of a key that was found: what does not change by time alone. */
export type KeyFacts = Omit<Key, 'state' | 'deletionAt' | 'etag'>
export type KeyDescription = Pick<Access, 'resource' | 'account' | 'attributes' | 'unlessPolicy'>
export interface VaultRef {
  readonly vaultId: string
}
/**
 * A key by id, or by `alias/NAME` (then with `vaultId`, which may be left out while the room has
 * one vault).
 */
export interface KeyRef {
  readonly keyId: string
  readonly vaultId?: string
}
export interface VersionRef extends KeyRef {
  readonly versionId: string
}
export interface Paged extends Asked {
  /** 1 to 1000, default 100. */
  readonly limit?: number
  readonly pageToken?: string
  readonly sortOrder?: 'ASC' | 'DESC'
}
export interface Sorted extends Paged {
  /** Default TIMECREATED. Default order: TIMECREATED DESC, DISPLAYNAME ASC. */
  readonly sortBy?: 'TIMECREATED' | 'DISPLAYNAME'
}
export interface Page<T> {
  readonly items: readonly T[]
  /** Present only when more exist. */
  readonly nextPage?: string
}
/** Authenticated, not secret; must be given again, equal, to decrypt. Order does not matter. */
export type Context = Readonly<Record<string, string>>
export interface ScheduleDeletion {
  /** 7 to 30 days ahead; default 30. */
  readonly deletionAt?: Date
}
/** Checks everything, does nothing, and refuses with DRY_RUN when it would have succeeded. */
export interface DryRun {
  readonly dryRun?: boolean
}

/** A use of a key: what it says of itself. */
export interface Noted extends Asked {
  /**
   * Up to 64 names and texts, 4096 characters in all, that go into the journal with the use when uses
   * are audited. They change nothing, and they are not authenticated: that is the context.
   */
  readonly note?: Readonly<Record<string, string>>
}
