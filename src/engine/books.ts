/**
 * Who may use the keys at hand: policies compiled, grants of those who asked, names of the key. A book
 * is thrown away when anything of its key changes, so a decision is as new as the last answered change.
 */
import { utf8 } from '../base/bytes.ts'
import { LIMITS } from '../domain/limits.ts'
import { RESOURCE_ALIASES } from '../domain/policy/derived.ts'
import { parsePolicy, type Policy, type PolicyKind } from '../domain/policy/document.ts'
import { grantOf, type Grant } from '../domain/policy/grants.ts'
import { parsePrincipal, type Principal } from '../domain/policy/principals.ts'
import type { KeyView } from '../domain/settle.ts'
import { path, range } from '../format/paths.ts'
import type { Access, KeyDescription, KeyFacts } from './api.ts'
import type { Cell } from './cell.ts'
import type { Core } from './core.ts'
import { Lru } from './lru.ts'
import { eachRow } from './scan.ts'
import { keyAnswer } from './views.ts'

type Describe = NonNullable<Access['describe']>

export interface Book {
  readonly facts: KeyFacts
  readonly policy: Policy | undefined
  /** By grantee, of those who asked so far. */
  readonly grants: Map<string, readonly Grant[]>
  /** The names of the key, once a policy asked for them. */
  aliases: readonly string[] | undefined
  readonly descriptions: WeakMap<Describe, KeyDescription>
  /**
   * What the key policy allows whatever a request says: no condition was looked at. By what describes
   * the key, since that says whose it is.
   */
  readonly unconditional: WeakMap<Describe, Set<string>>
}

/** What a decision needs of a book. */
export interface Needs {
  readonly principal: Principal
  /** Of the caller. */
  readonly policies: readonly Policy[]
  /** The policy that counts for a key without one. */
  readonly standIn: (book: Book) => Policy | undefined
}

export class Books {
  readonly #core: Core
  readonly #books: Lru<string, Book>
  readonly #documents: Readonly<Record<PolicyKind, Lru<string, Policy>>> = {
    key: new Lru(LIMITS.compiledPoliciesMax),
    identity: new Lru(LIMITS.compiledPoliciesMax),
  }
  readonly #principals = new Lru<string, Principal>(LIMITS.compiledPoliciesMax)

  constructor(core: Core, max: number) {
    this.#core = core
    this.#books = new Lru(max)
  }

  drop(keyId: string): void {
    this.#books.delete(keyId)
  }

  clear(): void {
    this.#books.clear()
  }

  /** A document, compiled. @throws INVALID_POLICY, LIMIT_EXCEEDED */
  document(text: string, kind: PolicyKind): Policy {
    const known = this.#documents[kind].peek(text)
    if (known) return known
    const policy = parsePolicy(text, kind)
    this.#documents[kind].set(text, policy)
    return policy
  }

  principal(text: string): Principal {
    const known = this.#principals.peek(text)
    if (known) return known
    const principal = parsePrincipal(text)
    this.#principals.set(text, principal)
    return principal
  }

  /** What was found to be allowed whatever a request says, to whom the key is described so. */
  unconditional(keyId: string, describe: Describe): ReadonlySet<string> | undefined {
    return this.#books.peek(keyId)?.unconditional.get(describe)
  }

  /** The book of a key when all that is needed stands in it already. */
  ready(keyId: string, needs: Needs): Book | undefined {
    const book = this.#books.peek(keyId)
    if (!book || (!book.aliases && asksForAliases(book, needs))) return undefined
    return needs.principal.grantees.every((key) => book.grants.has(key)) ? book : undefined
  }

  /**
   * The book of a key with all that is needed. Of what is committed: inside a transaction nothing else
   * may be on its way.
   */
  async open(cell: Cell, key: KeyView, needs: Needs): Promise<Book> {
    const { id } = key.record
    const { generation } = cell
    const known = this.#books.get(id)
    const book = known?.facts.vaultId === cell.id ? known : await this.#begin(cell, key)
    const { grantees } = needs.principal
    if (book.grants.size > LIMITS.granteesPerBookMax) book.grants.clear()
    for (const grantee of grantees)
      if (!book.grants.has(grantee))
        book.grants.set(grantee, await this.#grantsOf(cell, key, grantee))
    if (!book.aliases && asksForAliases(book, needs))
      book.aliases = await this.#aliasesOf(cell, key)
    const still = cell.generation === generation && cell.life === this.#core.life
    // Copies of a multi-Region key share their id, and each has its own policy and grants.
    if (still && key.record.primacy === undefined) this.#books.set(id, book)
    return book
  }

  async #begin(cell: Cell, key: KeyView): Promise<Book> {
    const at = path.policy(cell.id, key.record.ordinal)
    const entry = await this.#core.reader(cell).get('policy', at)
    return this.bookOf(key, entry && this.document(entry.record.text, 'key'))
  }

  /** A book of what a key is, for a decision about a policy that it does not have yet. */
  bookOf(key: KeyView, policy?: Policy): Book {
    return {
      facts: keyAnswer(key),
      policy,
      grants: new Map(),
      aliases: undefined,
      descriptions: new WeakMap(),
      unconditional: new WeakMap(),
    }
  }

  async #grantsOf(cell: Cell, { record }: KeyView, grantee: string): Promise<readonly Grant[]> {
    const core = this.#core
    const grants: Grant[] = []
    const bounds = range.grantsTo(cell.id, record.ordinal, grantStart(core, record.id, grantee))
    for await (const { key, value } of eachRow(core, bounds)) {
      const entry = core.records.open('grant', cell.id, key, value)
      if (entry.seq > cell.head.seq) await core.caughtUp(cell, entry.seq)
      grants.push(grantOf(entry.record))
    }
    return grants
  }

  async #aliasesOf(cell: Cell, { record }: KeyView): Promise<readonly string[]> {
    const names: string[] = []
    for await (const { key, value } of eachRow(this.#core, range.aliases(cell.id))) {
      const alias = this.#core.records.open('alias', cell.id, key, value).record
      if (alias.keyId === record.id) names.push(alias.name)
    }
    return names
  }
}

const asksForAliases = (book: Book, { policies, standIn }: Needs): boolean =>
  (book.policy ?? standIn(book))?.keys.has(RESOURCE_ALIASES) === true ||
  policies.some(({ keys }) => keys.has(RESOURCE_ALIASES))

/** The first half of the ids of all grants to one grantee on a key: 16 bytes that tell nobody whom. */
export const grantStart = (core: Core, keyId: string, grantee: string): Uint8Array =>
  core.keys.lookup.compute(utf8('grantee'), utf8(keyId), utf8(grantee)).subarray(0, 16)
