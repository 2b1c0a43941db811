/** What a parser of bytes is to the campaign. */
import { StrongroomError, type ErrorCode } from '../../src/base/errors.ts'

export interface Parser {
  readonly name: string
  /** Valid input: the first for this parser, others perhaps for its neighbours. */
  readonly corpus: readonly Uint8Array[]
  /**
   * Throws what the parser throws, except its own refusals; throws too when it takes what it should
   * not have taken.
   */
  readonly parse: (bytes: Uint8Array) => unknown
}

export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

export function wrong(what: string): never {
  throw new Error(what)
}

/** What is thrown with one of these codes counts as undefined. */
export function refusing<T>(parse: () => T, ...codes: readonly ErrorCode[]): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof StrongroomError && codes.includes(error.code)) return undefined
    throw error
  }
}
