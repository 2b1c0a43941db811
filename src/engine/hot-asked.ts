/**
 * The fast path for those who are not the owner and about whom something is to be decided: that
 * first, over what is in memory, then the same step as for the owner. Whatever is unusual, unknown
 * or refused is for the pipeline, which says why.
 */
import { OWNER } from '../domain/permit.ts'
import { LIMITS } from '../domain/limits.ts'
import type { Access } from './api.ts'
import { mayAtOnce } from './access.ts'
import type { Core } from './core.ts'
import type { HotOperation } from './hot.ts'
import { ACCESS_FIELD } from './schemas.ts'

type Fields = Readonly<Record<string, unknown>>

export function hotForPrincipal(core: Core, operation: HotOperation, input: unknown): unknown {
  // A use that is journaled tells its principal: the pipeline does that.
  if (!isPlain(input) || core.uses.enabled) return undefined
  const { principal, access: given } = input
  if (!isPrincipal(principal) || principal === OWNER) return undefined
  const plain = withoutWho(input)
  const { context, ciphertext, keyId } = plain
  const target = operation === 'decrypt' ? core.hot.keyOf(ciphertext) : keyId
  if (typeof target !== 'string') return undefined
  if (context !== undefined) {
    if (!isPlain(context)) return undefined
    // Read once: what is judged is what is done.
    plain['context'] = { ...context }
  }
  const access = given === undefined ? undefined : (ACCESS_FIELD.read(given, 'access') as Access)
  const who = { principal, ...(access && { access }) }
  return mayAtOnce(core, operation, plain, who, target) ? core.hot[operation](plain) : undefined
}

/** Member by member: a rest of an object is several times slower to make and to read. */
function withoutWho(input: Fields): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const name in input) if (name !== 'principal' && name !== 'access') plain[name] = input[name]
  return plain
}

function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const isPrincipal = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= LIMITS.principalLengthMax &&
  value.isWellFormed()
