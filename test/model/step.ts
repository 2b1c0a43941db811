/** A command: what the model predicts, what the room does, and that both agree. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Write } from '../../src/engine/api.ts'
import type * as m from '../../src/testing/model.ts'
import { outcome, predicted, type Real } from './real.ts'

/** What one command does, once its targets are chosen. */
export interface Plan<T, A> {
  /** Changes the model, or throws the refusal. */
  readonly model: () => T
  readonly call: (write: Write) => Promise<A>
  /** Takes over what only the room knows (ids) and compares what both say. */
  agree?(result: T, answer: A): void | Promise<void>
  /** Reads the resource back and compares it, after success and refusal alike. */
  readonly compare?: () => Promise<void>
  /** The etag of the target; absent when the operation takes none or the target is unknown. */
  readonly etag?: () => Promise<string>
  /** The same operation with another input, for a retry token that is used twice. */
  readonly other?: (write: Write) => Promise<unknown>
}

/** How a write is guarded: by nothing, an etag, or a retry token that is used again. */
export const GUARDS = ['none', 'none', 'none', 'etag', 'stale', 'repeat', 'reuse'] as const
export type Guard = (typeof GUARDS)[number]
export const guard = fc.constantFrom(...GUARDS)

let tokens = 0

type Planner<A> = (args: A, model: m.Model, real: Real) => Plan<unknown, unknown>

/** One kind of command. Always runnable: the model predicts success or the exact refusal. */
class Step<A extends { readonly guard?: Guard }> implements fc.AsyncCommand<m.Model, Real> {
  readonly #name: string
  readonly #args: A
  readonly #plan: Planner<A>
  constructor(name: string, args: A, plan: Planner<A>) {
    this.#name = name
    this.#args = args
    this.#plan = plan
  }

  check(): boolean {
    return true
  }

  async run(model: m.Model, real: Real): Promise<void> {
    const plan = this.#plan(this.#args, model, real)
    await runPlan(plan, this.#args.guard ?? 'none')
  }

  toString(): string {
    return `${this.#name}(${fc.stringify(this.#args)})`
  }
}

export type Command = fc.Arbitrary<fc.AsyncCommand<m.Model, Real>>

/** Commands of one kind, with all their arguments. */
export function step<A extends object, T, R>(
  name: string,
  args: { [K in keyof A]: fc.Arbitrary<A[K]> },
  plan: (args: A, model: m.Model, real: Real) => Plan<T, R>,
): Command {
  return fc.record(args).map((given) => new Step(name, given as A, plan))
}

async function runPlan(plan: Plan<unknown, unknown>, how: Guard): Promise<void> {
  if (how === 'stale' && plan.etag) return refusesStale(plan)
  const token = how === 'repeat' || how === 'reuse' ? { retryToken: `token-${++tokens}` } : {}
  const match = how === 'etag' && plan.etag ? { ifMatch: await plan.etag() } : {}
  const write = { ...token, ...match }
  const expected = predicted(plan.model)
  const actual = await outcome(() => plan.call(write))
  if ('code' in expected) {
    expect('code' in actual ? actual.code : `done, and not ${expected.code}`).toBe(expected.code)
  } else {
    if ('code' in actual) throw actual.error
    await plan.agree?.(expected.result, actual.answer)
    if (how === 'repeat') expect(await plan.call(write)).toEqual(actual.answer)
    if (how === 'reuse' && plan.other) {
      const again = await outcome(() => plan.other!(write))
      expect('code' in again ? again.code : 'done twice').toBe('RETRY_TOKEN_REUSED')
    }
  }
  await plan.compare?.()
}

/** An etag of long ago is refused before the state is looked at, and nothing changes. */
async function refusesStale(plan: Plan<unknown, unknown>): Promise<void> {
  const actual = await outcome(() => plan.call({ ifMatch: 'an-etag-of-long-ago' }))
  expect('code' in actual ? actual.code : 'done').toBe('ETAG_MISMATCH')
  await plan.compare?.()
}

/**
 * One of the list, mostly a living one and mostly one of the newest two, so that things happen to the same few;
 * undefined stands for an id that nobody has.
 */
export function pick<T>(
  items: readonly T[],
  choice: number,
  lives: (item: T) => boolean,
): T | undefined {
  if (choice % 29 === 28) return undefined
  const living = items.filter(lives)
  const from = choice % 5 === 4 || living.length === 0 ? items : living
  const newest = choice % 3 !== 0 && from.length > 0
  return newest
    ? from.at(-1 - ((choice >> 2) % Math.min(2, from.length)))
    : from[choice % from.length]
}
export const choice = fc.nat({ max: 9999 })
