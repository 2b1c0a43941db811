/** Rotation, by policy and on demand. */
import type { MaterialUse } from '../../domain/material.ts'
import type { Asked, KeyRef, Page, Paged, Write } from './asked.ts'
import type { Key, Version } from './shown.ts'

export interface RotationInput {
  /** Exactly one of the three triggers, in days (1 to 3650). */
  readonly everyDays?: number
  readonly daysAfterCreation?: number
  readonly daysBeforeExpiry?: number
  /** New versions expire so many days after their creation. */
  readonly expiryDays?: number
  /** Only with `everyDays`: when the first interval begins; default now. */
  readonly startAt?: Date
  readonly enabled?: boolean
}
export interface RotationStatus extends RotationInput {
  readonly startAt: Date
  readonly enabled: boolean
  readonly updatedAt: Date
  readonly nextRotationAt?: Date
  readonly lastRotatedAt?: Date
}
export interface PutRotationPolicyInput extends KeyRef, Write {
  readonly rotation: RotationInput | null
  /** Refuse a key that cannot be used now (AWS); by default only one on its way out is refused. */
  readonly whileUsable?: boolean
}
export interface RotateKeyInput extends KeyRef, Write {
  /** Refuses when there were so many rotations on demand; default 25. */
  readonly rotationsMax?: number
}
export interface ListRotationsInput extends KeyRef, Paged {
  /** The first material too, and one that waits for its rotation; default: rotations alone. */
  readonly includeMaterials?: boolean
}
/** A rotation, and the material that it made the current one. */
export interface Rotation {
  readonly versionId: string
  readonly number: number
  /** Absent for the first material and for one that waits. */
  readonly rotatedAt?: Date
  readonly automatic: boolean
  /** Absent for a key that lives elsewhere. */
  readonly materialId?: string
  readonly use: MaterialUse
  /** Of imported material. */
  readonly imported?: {
    /** It is here; otherwise it expired, was deleted, or has not come to this copy of the key. */
    readonly present: boolean
    readonly expiresAt?: Date
    readonly description?: string
  }
}

export interface RotationOperations {
  getRotationPolicy: [
    KeyRef & Asked,
    { readonly keyId: string; readonly rotation?: RotationStatus },
  ]
  putRotationPolicy: [PutRotationPolicyInput, Key]
  /** A new version now, or the imported material that waits for it; no schedule moves. */
  rotateKey: [RotateKeyInput, Version]
  listRotations: [ListRotationsInput, Page<Rotation>]
}
