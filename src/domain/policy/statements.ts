/** Whether a statement applies to a request, and if not, what it stumbles over first. */
import type { Attributes } from './attributes.ts'
import type { Policy, Statement } from './document.ts'
import type { Pattern } from './patterns.ts'
import type { Meant, Principal } from './principals.ts'

/** What is asked of policies. */
export interface Asking {
  readonly principal: Principal
  readonly action: string
  readonly resource: string
  readonly attributes: Attributes
}

function anyOf(
  patterns: readonly Pattern[],
  except: boolean,
  text: string,
  on: Attributes,
): boolean {
  for (const pattern of patterns) if (pattern(text, on)) return !except
  return except
}

function meant({ principals, exceptPrincipals }: Statement, { principal }: Asking): Meant {
  if (!principals) return 'directly'
  const found = principals.means(principal)
  if (!exceptPrincipals) return found
  return found === undefined ? 'directly' : undefined
}

const acts = ({ actions, exceptActions }: Statement, { action, attributes }: Asking): boolean =>
  anyOf(actions, exceptActions, action, attributes)

const reaches = (
  { resources, exceptResources }: Statement,
  { resource, attributes }: Asking,
): boolean => anyOf(resources, exceptResources, resource, attributes)

function holds({ conditions }: Statement, { attributes }: Asking): boolean {
  for (const condition of conditions) if (!condition.holds(attributes)) return false
  return true
}

/** How far a statement applies: to the caller, or to the account for which the caller acts. */
export function applies(statement: Statement, asking: Asking): Meant {
  const how = meant(statement, asking)
  if (how === undefined || !acts(statement, asking) || !reaches(statement, asking)) return undefined
  return holds(statement, asking) ? how : undefined
}

/** The first statement of this effect that applies; a denial of an account denies all of it. */
export function firstOf(
  policy: Policy,
  effect: Statement['effect'],
  asking: Asking,
  wanted?: Meant,
): Statement | undefined {
  for (const statement of policy.statements) {
    if (statement.effect !== effect) continue
    const how = applies(statement, asking)
    if (how !== undefined && (wanted === undefined || how === wanted)) return statement
  }
  return undefined
}

export const nameOfStatement = ({ number, sid }: Statement): string =>
  sid === undefined || sid === '' ? `statement ${number}` : `statement ${number} (${sid})`

/** One line about a statement: what it says to this request, or why nothing. */
export function traceOf(statement: Statement, asking: Asking): string {
  const name = `${nameOfStatement(statement)} ${statement.effect}`
  const how = meant(statement, asking)
  if (how === undefined) return `${name}: does not mean this principal`
  if (!acts(statement, asking)) return `${name}: not this action`
  if (!reaches(statement, asking)) return `${name}: not this resource`
  const failing = statement.conditions.find(({ holds: ok }) => !ok(asking.attributes))
  if (failing) return `${name}: condition ${failing.operator} on ${failing.key} does not hold`
  return how === 'asAccount' ? `${name}: applies to the account` : `${name}: applies`
}
