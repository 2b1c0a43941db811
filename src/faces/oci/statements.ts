/**
 * Policy statements of OCI, the part that concerns keys:
 *
 *   Allow any-user | group <name> | group id <ocid> [, ...]
 *   to <verb> <resource-type> | {<permission>, ...}
 *   in tenancy | compartment <name> | compartment id <ocid>
 *   [where <variable> =|!= '<text>' | any {...} | all {...}]
 *
 * What is not understood is refused when the face is made: a statement is never half obeyed.
 */
import { invalidArgument } from '../../base/errors.ts'

export const VERBS = ['inspect', 'read', 'use', 'manage'] as const
export type Verb = (typeof VERBS)[number]

/** TABLE of what each verb adds to the one before it, by kind of resource. */
export const GRANTED = {
  vaults: {
    inspect: ['VAULT_INSPECT'],
    read: ['VAULT_READ'],
    use: ['VAULT_CREATE_KEY', 'VAULT_IMPORT_KEY', 'VAULT_CREATE_SECRET'],
    manage: [
      'VAULT_CREATE',
      'VAULT_UPDATE',
      'VAULT_DELETE',
      'VAULT_MOVE',
      'VAULT_BACKUP',
      'VAULT_RESTORE',
      'VAULT_REPLICATE',
    ],
  },
  keys: {
    inspect: ['KEY_INSPECT'],
    read: ['KEY_READ'],
    use: ['KEY_ENCRYPT', 'KEY_DECRYPT', 'KEY_EXPORT', 'KEY_SIGN', 'KEY_VERIFY'],
    manage: [
      'KEY_CREATE',
      'KEY_UPDATE',
      'KEY_ROTATE',
      'KEY_DELETE',
      'KEY_MOVE',
      'KEY_IMPORT',
      'KEY_BACKUP',
      'KEY_RESTORE',
    ],
  },
  /** For services that use a key on somebody's behalf: no operation here asks for these. */
  'key-delegate': { inspect: [], read: [], use: ['KEY_ASSOCIATE', 'KEY_DISASSOCIATE'], manage: [] },
} as const satisfies Record<string, Record<Verb, readonly string[]>>
type Kind = keyof typeof GRANTED
const KINDS = Object.keys(GRANTED) as readonly Kind[]

const FAMILIES: ReadonlyMap<string, readonly Kind[]> = new Map([
  ...KINDS.map((kind) => [kind, [kind]] as const),
  ['key-family', KINDS],
  ['all-resources', KINDS],
])
const PERMISSIONS: ReadonlySet<string> = new Set(
  KINDS.flatMap((kind) => VERBS.flatMap((verb) => GRANTED[kind][verb] as readonly string[])),
)

/** What conditions may look at. */
export const VARIABLES = [
  'request.user.id',
  'request.operation',
  'request.permission',
  'request.includeplaintextkey',
  'target.compartment.id',
  'target.vault.id',
  'target.key.id',
] as const
export type Variable = (typeof VARIABLES)[number]
export type Facts = Readonly<Partial<Record<Variable, string>>>

export type Condition = (facts: Facts) => boolean

export interface Statement {
  /** Names or OCIDs of groups; undefined for any user. */
  readonly groups: readonly string[] | undefined
  readonly permissions: ReadonlySet<string>
  /** By name or OCID; undefined for the tenancy. */
  readonly compartment: { readonly by: 'name' | 'id'; readonly text: string } | undefined
  readonly condition: Condition
}

const TOKEN = /'[^']*'|!=|[={},]|[^\s={},!']+/g

/** Reads a statement word by word. */
class Words {
  readonly #words: readonly string[]
  readonly #path: string
  #at = 0

  constructor(text: string, path: string) {
    this.#words = text.match(TOKEN) ?? []
    this.#path = path
  }

  refuse(expected: string): never {
    return invalidArgument(this.#path, expected, this.#words[this.#at] ?? 'its end')
  }

  /** The next word, when it is this one. */
  skip(word: string): boolean {
    const found = this.#words[this.#at]?.toLowerCase() === word
    if (found) this.#at++
    return found
  }

  expect(word: string): void {
    if (!this.skip(word)) this.refuse(word)
  }

  next(expected: string): string {
    const word = this.#words[this.#at]
    if (word === undefined || /^[={},]/.test(word)) this.refuse(expected)
    this.#at++
    return word
  }

  /** One of these, in any case. */
  oneOf<T extends string>(names: readonly T[]): T {
    const lower = this.#words[this.#at]?.toLowerCase()
    const found = names.find((name) => name.toLowerCase() === lower)
    if (found === undefined) this.refuse(`one of ${names.join(', ')}`)
    this.#at++
    return found
  }

  /** One or more, with commas between. */
  list<T>(read: () => T): T[] {
    const items = [read()]
    while (this.skip(',')) items.push(read())
    return items
  }

  inBraces<T>(read: () => T): T[] {
    this.expect('{')
    const items = this.list(read)
    this.expect('}')
    return items
  }

  end(): void {
    if (this.#at < this.#words.length) this.refuse('the end of the statement')
  }
}

function groupsOf(words: Words): readonly string[] | undefined {
  if (words.skip('any-user')) return undefined
  words.expect('group')
  return words.list(() => {
    words.skip('group')
    words.skip('id')
    return words.next('the name or OCID of a group')
  })
}

function permissionsOf(words: Words): ReadonlySet<string> {
  const verb = VERBS.findIndex((name) => words.skip(name))
  if (verb < 0) return new Set(words.inBraces(() => words.oneOf([...PERMISSIONS])))
  const kinds = FAMILIES.get(words.oneOf([...FAMILIES.keys()]))!
  const verbs = VERBS.slice(0, verb + 1)
  return new Set(kinds.flatMap((kind) => verbs.flatMap((name) => GRANTED[kind][name])))
}

function compartmentOf(words: Words): Statement['compartment'] {
  if (words.skip('tenancy')) return undefined
  words.expect('compartment')
  const by = words.skip('id') ? 'id' : 'name'
  return { by, text: words.next('a compartment') }
}

/** Comparison does not tell upper from lower case; what a request does not have equals nothing. */
function conditionOf(words: Words): Condition {
  for (const [word, all] of [
    ['all', true],
    ['any', false],
  ] as const) {
    if (!words.skip(word)) continue
    const parts = words.inBraces(() => conditionOf(words))
    return (facts) => (all ? parts.every((one) => one(facts)) : parts.some((one) => one(facts)))
  }
  const variable = words.oneOf(VARIABLES)
  const equal = words.skip('=')
  if (!equal) words.expect('!=')
  const text = words.next('a text in single quotes')
  if (!text.startsWith("'")) words.refuse('a text in single quotes')
  const wanted = text.slice(1, -1).toLowerCase()
  return (facts) => {
    const found = facts[variable]?.toLowerCase()
    return found !== undefined && (found === wanted) === equal
  }
}

/** @throws INVALID_ARGUMENT at the first word that is not understood */
export function parseStatement(text: string, path: string): Statement {
  const words = new Words(text, path)
  words.expect('allow')
  const groups = groupsOf(words)
  words.expect('to')
  const permissions = permissionsOf(words)
  words.expect('in')
  const compartment = compartmentOf(words)
  const condition = words.skip('where') ? conditionOf(words) : () => true
  words.end()
  return { groups, permissions, compartment, condition }
}
