/**
 * TABLE of all operations: what the wire says of each, and the operations of the room that do it.
 * Written out in docs/faces/aws.md.
 */
import type { Operation } from './call.ts'
import { KEY_ROWS } from './keys.ts'
import { ENCRYPTION_ROWS } from './use.ts'

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...KEY_ROWS,
  ...ENCRYPTION_ROWS,
}
