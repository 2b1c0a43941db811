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

type Rows = Readonly<Record<string, Operation>>

/** What the operations are about. */
export const SUBJECTS = {
  keys: { ...KEY_ROWS, ...LIFECYCLE_ROWS } as Rows,
  aliases: ALIAS_ROWS as Rows,
  tags: TAG_ROWS as Rows,
  policies: POLICY_ROWS as Rows,
  grants: GRANT_ROWS as Rows,
  imports: IMPORT_ROWS as Rows,
  rotation: ROTATION_ROWS as Rows,
  replicas: REPLICA_ROWS as Rows,
  encryption: { ...ENCRYPTION_ROWS, ...DATA_KEY_ROWS } as Rows,
  signing: SIGNING_ROWS as Rows,
  macs: MAC_ROWS as Rows,
  secrets: SECRET_ROWS as Rows,
  stores: STORE_ROWS as Rows,
}

export const OPERATIONS: Rows = Object.assign({}, ...Object.values(SUBJECTS)) as Rows
