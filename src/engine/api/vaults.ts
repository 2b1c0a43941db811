/** Vaults and their replicas. */
import type { DefinedTags, Json, ReplicaStatus, Tags, VaultType } from '../../domain/records.ts'
import type { Asked, Page, ScheduleDeletion, Sorted, VaultRef, Write } from './asked.ts'
import type { Vault, VaultUsage } from './shown.ts'

export interface CreateVaultInput extends Write {
  readonly displayName: string
  readonly type?: VaultType
  readonly compartmentId?: string
  readonly tags?: Tags
  readonly definedTags?: DefinedTags
  readonly external?: Json
}
export interface ListVaultsInput extends Sorted {
  readonly compartmentId?: string
}
export interface UpdateVaultInput extends VaultRef, Write {
  readonly displayName?: string
  readonly tags?: Tags
  readonly definedTags?: DefinedTags
}
export interface ChangeVaultCompartmentInput extends VaultRef, Write {
  readonly compartmentId: string
}
/** A copy of a vault in another region of the realm. */
export interface VaultReplica {
  readonly region: string
  /** CREATED once it has caught up for the first time; DELETING until it has let go. */
  readonly status: ReplicaStatus
  readonly since: Date
  /** The commit of the vault up to which it told that it has everything. */
  readonly sequence?: bigint
}
export interface VaultReplicaInput extends VaultRef, Write {
  readonly region: string
}
export interface DeleteVaultReplicaInput extends VaultReplicaInput {
  /** Does not wait until the replica has let go: for one that will never be heard of again. */
  readonly force?: boolean
}
export interface PromoteVaultReplicaInput extends VaultRef, Asked {
  /** Leads from what is here, without the primary: what has not arrived is lost. */
  readonly force?: boolean
}
export interface GetReplicationStatusInput extends VaultRef, Asked {
  /** Of a vault, key or version that was changed while the vault had replicas. */
  readonly replicationId: string
}
export interface ReplicationStatus {
  readonly replicationId: string
  readonly replicas: readonly {
    readonly region: string
    readonly status: 'REPLICATING' | 'REPLICATED'
  }[]
}

export interface VaultOperations {
  createVault: [CreateVaultInput, Vault]
  getVault: [VaultRef & Asked, Vault]
  listVaults: [ListVaultsInput, Page<Vault>]
  updateVault: [UpdateVaultInput, Vault]
  changeVaultCompartment: [ChangeVaultCompartmentInput, Vault]
  scheduleVaultDeletion: [VaultRef & Write & ScheduleDeletion, Vault]
  cancelVaultDeletion: [VaultRef & Write, Vault]
  getVaultUsage: [VaultRef & Asked, VaultUsage]
  createVaultReplica: [VaultReplicaInput, VaultReplica]
  deleteVaultReplica: [DeleteVaultReplicaInput, VaultReplica]
  listVaultReplicas: [VaultRef & Asked, { readonly items: readonly VaultReplica[] }]
  /** Asked at the replica: it becomes the primary, and the former primary its replica. */
  promoteVaultReplica: [PromoteVaultReplicaInput, Vault]
  getReplicationStatus: [GetReplicationStatusInput, ReplicationStatus]
}
