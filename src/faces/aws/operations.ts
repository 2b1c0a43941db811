/**
 * TABLE of all operations: what the wire says of each, and the operations of the room that do it.
 * Written out in docs/faces/aws.md.
 */
import { ALIAS_ROWS } from './aliases.ts'
import type { Operation } from './call.ts'
import { DATA_KEY_ROWS } from './data-keys.ts'
import { ENCRYPTION_ROWS } from './encryption.ts'
import { GRANT_ROWS } from './grants.ts'
import { IMPORT_ROWS } from './imports.ts'
import { KEY_ROWS } from './keys.ts'
import { LIFECYCLE_ROWS } from './lifecycle.ts'
import { MAC_ROWS } from './macs.ts'
import { POLICY_ROWS } from './policies.ts'
import { REPLICA_ROWS } from './replicas.ts'
import { ROTATION_ROWS } from './rotation.ts'
import { SECRET_ROWS } from './secrets.ts'
import { SIGNING_ROWS } from './signing.ts'
import { STORE_ROWS } from './stores.ts'
import { TAG_ROWS } from './tags.ts'

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...KEY_ROWS,
  ...LIFECYCLE_ROWS,
  ...ALIAS_ROWS,
  ...TAG_ROWS,
  ...POLICY_ROWS,
  ...GRANT_ROWS,
  ...IMPORT_ROWS,
  ...ROTATION_ROWS,
  ...REPLICA_ROWS,
  ...ENCRYPTION_ROWS,
  ...DATA_KEY_ROWS,
  ...SIGNING_ROWS,
  ...MAC_ROWS,
  ...SECRET_ROWS,
  ...STORE_ROWS,
}
