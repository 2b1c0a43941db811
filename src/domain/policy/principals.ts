/**
 * Who asks, and whom a policy or grant means (contracts: AWS 11, 12). Principals are texts: ARNs of
 * IAM and STS, names of services, or whatever else a caller is known by.
 */

/** A caller, taken apart once. */
export interface Principal {
  readonly text: string
  /** The twelve digits of an ARN. */
  readonly account: string | undefined
  /** The root user of its account. */
  readonly root: boolean
  /** The role whose session this is: an STS ARN does not tell the path of the role. */
  readonly role: string | undefined
  /** The names under which grants to the caller are found. */
  readonly grantees: readonly string[]
}

const ROOT = /^arn:([a-z-]+):iam::(\d{12}):root$/
const NAMED = /^arn:([a-z-]+):iam::(\d{12}):(user|role)\/(?:[\x21-\x7e]+\/)?([\w+=,.@-]{1,64})$/
const SESSION = /^arn:([a-z-]+):sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/([\w+=,.@-]{1,64})$/
const FEDERATED = /^arn:([a-z-]+):sts::(\d{12}):federated-user\/([\w+=,.@-]{1,64})$/
const ACCOUNT = /^\d{12}$/
const SERVICE = /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/
const OF_ACCOUNT = /^arn:[a-z-]+:(?:iam|sts)::(\d{12}):/

const roleKey = (partition: string, account: string, name: string): string =>
  `${partition}:${account}:${name}`

export function parsePrincipal(text: string): Principal {
  const session = SESSION.exec(text)
  const account = OF_ACCOUNT.exec(text)?.[1]
  const role = session ? roleKey(session[1]!, session[2]!, session[3]!) : undefined
  return { text, account, root: ROOT.test(text), role, grantees: granteesOf(text, account, role) }
}

/** The account that a principal element or a caller belongs to. */
export const accountOf = (text: string): string | undefined =>
  ACCOUNT.test(text) ? text : OF_ACCOUNT.exec(text)?.[1]

export const isAccount = (text: string): boolean => ACCOUNT.test(text) || ROOT.test(text)
export const isService = (text: string): boolean => SERVICE.test(text)

/** What may stand as an AWS principal in a policy or as a grantee: no groups, no wildcards. */
export const isPrincipalArn = (text: string): boolean =>
  ROOT.test(text) || NAMED.test(text) || SESSION.test(text) || FEDERATED.test(text)

/** How a caller is meant by a list of principals. */
export type Meant = 'directly' | 'asAccount' | undefined

/** Principals of a statement, ready to be compared without any allocation. */
export class Principals {
  readonly #texts = new Set<string>()
  readonly #accounts = new Set<string>()
  readonly #roles = new Set<string>()
  #anyone = false

  static of(text: string): Principals {
    const principals = new Principals()
    principals.add(text)
    return principals
  }

  add(text: string): void {
    const role = NAMED.exec(text)
    if (text === '*') this.#anyone = true
    else if (isAccount(text)) this.#accounts.add(accountOf(text)!)
    else this.#texts.add(text)
    if (role?.[3] === 'role') this.#roles.add(roleKey(role[1]!, role[2]!, role[4]!))
  }

  /**
   * An account means its root user directly, and everyone else in it only as far as their own
   * policies say.
   */
  means({ text, account, root, role }: Principal): Meant {
    if (this.#anyone || this.#texts.has(text)) return 'directly'
    if (role !== undefined && this.#roles.has(role)) return 'directly'
    if (account === undefined || !this.#accounts.has(account)) return undefined
    return root ? 'directly' : 'asAccount'
  }
}

/** One name for all spellings of a grantee that mean the same callers. */
export function granteeKey(text: string): string {
  if (isAccount(text)) return `account ${accountOf(text)!}`
  const role = NAMED.exec(text)
  return role?.[3] === 'role' ? `role ${roleKey(role[1]!, role[2]!, role[4]!)}` : text
}

function granteesOf(
  text: string,
  account: string | undefined,
  role: string | undefined,
): readonly string[] {
  const keys = [granteeKey(text)]
  if (role !== undefined) keys.push(`role ${role}`)
  if (account !== undefined && keys[0] !== `account ${account}`) keys.push(`account ${account}`)
  return keys
}
