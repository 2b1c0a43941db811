/**
 * TABLE of all operations: what the wire says of each, and the operation of the room that does it.
 * Written out in docs/faces/oci.md.
 */
import { BACKUP_ROWS } from './backups.ts'
import type { Operation } from './call.ts'
import { KEY_ROWS } from './keys.ts'
import { REPLICA_ROWS } from './replicas.ts'
import { CRYPTO_ROWS } from './use.ts'
import { VAULT_ROWS } from './vaults.ts'
import { VERSION_ROWS } from './versions.ts'

/** In all paths. */
export const API_VERSION = '20180608'

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...VAULT_ROWS,
  ...REPLICA_ROWS,
  ...BACKUP_ROWS,
  ...KEY_ROWS,
  ...VERSION_ROWS,
  ...CRYPTO_ROWS,
}

export interface Route {
  readonly name: string
  readonly operation: Operation
  /** What stands in the path at `{...}`, decoded. */
  readonly parameters: Readonly<Record<string, string>>
}

interface Pattern {
  readonly name: string
  readonly operation: Operation
  readonly parts: readonly string[]
}

/** Fewer parameters first: `/vaults/actions/…` is never a vault called `actions`. */
const PATTERNS: readonly Pattern[] = Object.entries(OPERATIONS)
  .map(([name, operation]) => ({ name, operation, parts: operation.path.split('/').slice(1) }))
  .sort((a, b) => placeholders(a) - placeholders(b))

function placeholders({ parts }: Pattern): number {
  return parts.filter((part) => part.startsWith('{')).length
}

function match(parts: readonly string[], segments: readonly string[]) {
  if (parts.length !== segments.length) return undefined
  const found: Record<string, string> = {}
  for (const [i, part] of parts.entries()) {
    const segment = segments[i]!
    if (part.startsWith('{')) found[part.slice(1, -1)] = segment
    else if (part !== segment) return undefined
  }
  return found
}

/** The operation behind a path, or whether another method would find one. */
export function routeOf(
  method: string,
  segments: readonly string[],
): Route | 'other method' | undefined {
  let other = false
  for (const { name, operation, parts } of PATTERNS) {
    const parameters = match(parts, segments)
    if (!parameters) continue
    if (operation.method === method) return { name, operation, parameters }
    other = true
  }
  return other ? 'other method' : undefined
}
