/**
 * Strongroom: a software HSM and key-management engine that lives inside your process.
 *
 * @example
 * import { Strongroom, VirtualClock } from 'strongroom'
 * const room = await Strongroom.open({ path: './keys', seal: { passphrase: 'correct horse battery
 * staple' } })
 */
export {
  Strongroom,
  type CheckpointInput,
  type Head,
  type OperationMethods,
} from './engine/room.ts'
export type { ExportRealmInput } from './engine/backup/realm-export.ts'
export type { ImportRealmInput } from './engine/backup/realm-import.ts'
export { directoryObjectStore } from './backup/directory-objects.ts'
export type { ObjectRef, ObjectStore } from './backup/objects.ts'
export type { Checkpoint } from './engine/checkpoint.ts'
export type { JournalChange, JournalEntry, JournalInput, JournalledUse } from './engine/journal.ts'
export type { Finding, VerifyProgress, VerifyReport } from './engine/verify.ts'
export type { VerifyRoomInput } from './engine/verify-room.ts'
export {
  fetchLink,
  replicationHandler,
  roomLink,
  serveReplication,
  streamLink,
  type ByteChannel,
  type FetchLinkOptions,
  type ReplicationLink,
} from './replication/link.ts'
export type {
  KeyStoreLink,
  LinkedKeyStore,
  LinkedUse,
  OpenKeyStore,
} from './engine/key-store-link.ts'
export type { Followed } from './engine/replication/follow.ts'
export type { ReplicateInput } from './engine/replication/rounds.ts'
export { ERROR_CODES, StrongroomError, type ErrorCode, type Explanation } from './base/errors.ts'
export { VirtualClock, type Duration } from './base/clock.ts'
export type { Clock, Random } from './base/ports.ts'
export type { OpenOptions, RealmSource } from './engine/options.ts'
export type { Seal, Unsealed } from './engine/seal.ts'
export type { Ticked } from './engine/tick.ts'
export type { Metrics, OperationCount, OperationEvent } from './engine/meter.ts'
export * from './engine/api.ts'
export {
  ALGORITHMS,
  SPECS,
  type Algorithm,
  type EncryptionAlgorithm,
  type Hash,
  type MacAlgorithm,
  type PairSpec,
  type Purpose,
  type SigningAlgorithm,
  type Spec,
  type WrapAlgorithm,
  type Wrapping,
} from './domain/algorithms.ts'
export { LIMITS } from './domain/limits.ts'
export type {
  AttributeLookup,
  AttributeValue,
  GivenAttributes,
} from './domain/policy/attributes.ts'
export { GRANT_OPERATION_NAMES, type GrantOperation } from './domain/policy/grants.ts'
export type { KeyState, KeyStoreState, VaultState, VersionState } from './domain/lifecycle.ts'
export type {
  DefinedTags,
  GrantConstraints,
  Json,
  KeyStorePlace,
  KeyStoreType,
  Origin,
  ProtectionMode,
  ReplicaStatus,
  Tags,
  VaultType,
} from './domain/records.ts'
export {
  StoreError,
  type Commit,
  type Range,
  type Row,
  type Sidecar,
  type Store,
  type StoreLimits,
} from './store/store.ts'
export type { CryptoProvider } from './crypto/provider.ts'
