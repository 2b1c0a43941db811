/**
 * TABLE of all operations: what the wire says of each, and the operations of the room that do it.
 * Written out in docs/faces/azure.md.
 */
import { BACKUP_ROWS } from './backups.ts'
import type { Operation } from './call.ts'
import { DELETION_ROWS } from './deletion.ts'
import { KEY_ROWS } from './keys.ts'
import { RELEASE_ROWS } from './release.ts'
import { ROTATION_ROWS } from './rotation.ts'
import { USE_ROWS } from './use.ts'

/** By subject, as the page shows them. */
export const SUBJECTS = {
  keys: KEY_ROWS,
  deletion: DELETION_ROWS,
  backups: BACKUP_ROWS,
  use: USE_ROWS,
  rotation: ROTATION_ROWS,
  release: RELEASE_ROWS,
} as const

export const OPERATIONS: Readonly<Record<string, Operation>> = Object.assign(
  {},
  ...Object.values(SUBJECTS),
) as Record<string, Operation>

export interface Route {
  readonly name: string
  readonly operation: Operation
  /** What stands in the path at `{...}`. */
  readonly parameters: Readonly<Record<string, string>>
}

interface Pattern {
  readonly name: string
  readonly operation: Operation
  readonly parts: readonly string[]
}

const isOptional = (part: string): boolean => part.endsWith('?}')

/** A version may be left out: then its segment is not there, or empty. */
const PATTERNS: readonly Pattern[] = Object.entries(OPERATIONS)
  .flatMap(([name, operation]) => {
    const parts = operation.path.split('/').slice(1)
    const without = parts.filter((part) => !isOptional(part))
    const ways = without.length === parts.length ? [parts] : [parts, without]
    return ways.map((each) => ({ name, operation, parts: each }))
  })
  // Words first: `/keys/a/versions` is never a version called `versions`.
  .sort((a, b) => placeholders(a) - placeholders(b))

function placeholders({ parts }: Pattern): number {
  return parts.filter((part) => part.startsWith('{')).length
}

/** Words match in whichever case: clients differ (contracts: Azure 0). */
function match(parts: readonly string[], segments: readonly string[]) {
  if (parts.length !== segments.length) return undefined
  const found: Record<string, string> = {}
  for (const [i, part] of parts.entries()) {
    const segment = segments[i]!
    if (part.startsWith('{')) found[part.replace(/[{}?]/g, '')] = segment
    else if (part.toLowerCase() !== segment.toLowerCase()) return undefined
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
