/**
 * The public surface: what every operation takes and answers. One options object in, plain frozen
 * data out. Times are `Date`, ids strings, bytes `Uint8Array`. Every mutable resource carries
 * `etag`; every write takes `ifMatch` and `retryToken`; every operation takes `principal`.
 */
import type { ErrorCode, Explanation } from '../base/errors.ts'
import type { Asked, Context } from './api/asked.ts'
import type { UseKey, UseOperations } from './api/use.ts'
import type { BackupOperations } from './api/backups.ts'
import type { KeyStoreOperations } from './api/key-stores.ts'
import type { KeyOperations } from './api/keys.ts'
import type { MaterialOperations } from './api/materials.ts'
import type { PolicyOperations } from './api/policies.ts'
import type { RotationOperations } from './api/rotation.ts'
import type { VaultOperations } from './api/vaults.ts'

export * from './api/asked.ts'
export * from './api/shown.ts'
export * from './api/vaults.ts'
export * from './api/keys.ts'
export * from './api/rotation.ts'
export * from './api/key-stores.ts'
export * from './api/policies.ts'
export * from './api/backups.ts'
export * from './api/materials.ts'
export * from './api/use.ts'

export interface ExplainInput extends UseKey {
  /** Any operation that targets a key, for example `encrypt`. */
  readonly operation: OperationName
}
export interface Explained {
  readonly allowed: boolean
  /** The code of the refusal, and the rule that refuses; absent when allowed. */
  readonly code?: ErrorCode
  readonly explain?: Explanation
}

export interface ExplainAccessInput extends Asked {
  readonly principal: string
  /** Default: the action of `access`. */
  readonly operation?: OperationName
  /** Absent: an operation that asks for no key. */
  readonly keyId?: string
  readonly vaultId?: string
  /** Of the request. */
  readonly context?: Context
}
export interface AccessExplained {
  readonly allowed: boolean
  readonly action: string
  readonly resource: string
  /** Which rule decided, for example `keyPolicy.deny` or `grant.allow`. */
  readonly rule: string
  /** The statement or grant that decided, in words. */
  readonly by: string
  /** What every statement and grant said, one line each. */
  readonly trace: readonly string[]
}

/** Every operation: what it takes, what it answers. */
export interface Operations
  extends
    VaultOperations,
    KeyOperations,
    RotationOperations,
    KeyStoreOperations,
    PolicyOperations,
    BackupOperations,
    MaterialOperations,
    UseOperations {}

export type OperationName = keyof Operations
export type Input<O extends OperationName> = Operations[O][0]
export type Answer<O extends OperationName> = Operations[O][1]
