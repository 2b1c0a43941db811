/** Every operation has a body; the compiler asks for each. */
import type { Bodies } from './body.ts'
import { ALIAS_BODIES } from './operations/aliases.ts'
import { BACKUP_BODIES } from './operations/backups.ts'
import { ENCRYPTION_BODIES } from './operations/encryption.ts'
import { GRANT_BODIES } from './operations/grants.ts'
import { IMPORT_BODIES } from './operations/imports.ts'
import { KEY_BODIES } from './operations/keys.ts'
import { KEY_STORE_BODIES } from './operations/key-stores.ts'
import { MULTI_REGION_BODIES } from './operations/multi-region.ts'
import { MATERIAL_BODIES } from './operations/materials.ts'
import { POLICY_BODIES } from './operations/policies.ts'
import { REPLICA_BODIES } from './operations/replicas.ts'
import { ROTATION_BODIES } from './operations/rotations.ts'
import { SIGNING_BODIES } from './operations/signing.ts'
import { VAULT_BODIES } from './operations/vaults.ts'
import { VERSION_BODIES } from './operations/versions.ts'

export const BODIES: Bodies = {
  ...VAULT_BODIES,
  ...REPLICA_BODIES,
  ...KEY_BODIES,
  ...ALIAS_BODIES,
  ...KEY_STORE_BODIES,
  ...POLICY_BODIES,
  ...GRANT_BODIES,
  ...BACKUP_BODIES,
  ...VERSION_BODIES,
  ...ROTATION_BODIES,
  ...IMPORT_BODIES,
  ...MATERIAL_BODIES,
  ...MULTI_REGION_BODIES,
  ...ENCRYPTION_BODIES,
  ...SIGNING_BODIES,
}
