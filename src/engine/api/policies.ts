/** Key policies and grants, and what they decide. */
import type { GrantOperation } from '../../domain/policy/grants.ts'
import type { GrantConstraints } from '../../domain/records.ts'
import type { Asked, DryRun, KeyRef, Page, Paged, Write } from './asked.ts'

/** Who may use a key, as a document of IAM's policy language (docs/policies.md). */
export interface KeyPolicy {
  readonly keyId: string
  /** The text as it was given. Absent: the key is for the owner, and for grants. */
  readonly policy?: string
  readonly updatedAt?: Date
  /** Of the policy, not of the key; absent while there is none. */
  readonly etag?: string
}
export interface PutKeyPolicyInput extends KeyRef, Write {
  /** JSON, at most 32 KiB of UTF-8; `null` removes it. */
  readonly policy: string | null
  /** Do not ask whether the caller could change the policy again: POLICY_LOCKOUT. */
  readonly bypassLockoutCheck?: boolean
}
export interface CreateGrantInput extends KeyRef, Write, DryRun {
  /** An ARN, an account or the name of a service. */
  readonly granteePrincipal: string
  readonly retiringPrincipal?: string
  readonly operations: readonly GrantOperation[]
  /** At most one of the contexts; they need a key that binds one. */
  readonly constraints?: GrantConstraints
  /** The same name with the same terms answers the grant that is there. */
  readonly name?: string
}
export interface Grant {
  /** 64 digits of lower-case hex. */
  readonly id: string
  readonly keyId: string
  readonly vaultId: string
  readonly granteePrincipal: string
  readonly retiringPrincipal?: string
  readonly operations: readonly GrantOperation[]
  readonly constraints?: GrantConstraints
  readonly name?: string
  readonly createdAt: Date
  /** Who created it; absent: the owner. */
  readonly issuedBy?: string
  /** The account of that principal, twelve digits. */
  readonly issuingAccount?: string
}
export interface CreatedGrant {
  readonly grant: Grant
  /** Another one for every call; all of them stand for the grant. */
  readonly grantToken: string
}
/** By grant id, default order of these ids. */
export interface ListGrantsInput extends KeyRef, Omit<Paged, 'sortOrder'> {
  readonly grantId?: string
  readonly granteePrincipal?: string
}
export interface ListRetirableGrantsInput extends Omit<Paged, 'sortOrder'> {
  readonly retiringPrincipal: string
  /** Default: all vaults of the room. */
  readonly vaultIds?: readonly string[]
}
/** A grant of a key, or by a token alone. */
export interface RetireGrantInput extends Write, DryRun {
  readonly grantToken?: string
  readonly keyId?: string
  readonly vaultId?: string
  readonly grantId?: string
}
export interface RevokeGrantInput extends KeyRef, Write, DryRun {
  readonly grantId: string
}

export interface PolicyOperations {
  getKeyPolicy: [KeyRef & Asked, KeyPolicy]
  putKeyPolicy: [PutKeyPolicyInput, KeyPolicy]
  createGrant: [CreateGrantInput, CreatedGrant]
  listGrants: [ListGrantsInput, Page<Grant>]
  /** Grants that a principal may retire because it is named as the one who does. */
  listRetirableGrants: [ListRetirableGrantsInput, Page<Grant>]
  /** By who uses it: the grantee, the retiring principal, the account that made it. */
  retireGrant: [RetireGrantInput, Grant]
  /** By who rules over the key. */
  revokeGrant: [RevokeGrantInput, Grant]
}
