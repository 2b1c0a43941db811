/**
 * Texts of a policy with `*`, `?` and, since version 2012-10-17, `${variable}`. A match takes time in
 * proportion to both lengths, never more, so that no pattern can stall the engine.
 */
import type { Attributes } from './attributes.ts'

const MANY = -1
const ONE = -2

interface Variable {
  readonly name: string
  readonly fallback: string | undefined
}
type Part = readonly number[] | Variable

/** A pattern that may look at attributes of the request. */
export type Pattern = (text: string, attributes: Attributes) => boolean

export interface PatternOptions {
  readonly wildcards: boolean
  /** `${...}` stands for attributes. */
  readonly variables: boolean
  readonly ignoreCase?: boolean
}

const codesOf = (text: string, wildcards: boolean): number[] =>
  Array.from({ length: text.length }, (_, i) => {
    const unit = text.charCodeAt(i)
    if (!wildcards) return unit
    return unit === 0x2a ? MANY : unit === 0x3f ? ONE : unit
  })

/** `${name}`, `${name, 'default'}`, and `${*}`, `${?}`, `${$}` for the characters themselves. */
const VARIABLE = /\$\{([^}]*)\}/g
const WITH_DEFAULT = /^([^,]*),\s*'([^']*)'$/

function partsOf(text: string, { wildcards, variables }: PatternOptions): readonly Part[] {
  if (!variables || !text.includes('${')) return [codesOf(text, wildcards)]
  const parts: Part[] = []
  let at = 0
  for (const found of text.matchAll(VARIABLE)) {
    parts.push(codesOf(text.slice(at, found.index), wildcards))
    parts.push(variableOf(found[1]!.trim()))
    at = found.index + found[0].length
  }
  parts.push(codesOf(text.slice(at), wildcards))
  return parts
}

function variableOf(inside: string): Part {
  if (inside === '*' || inside === '?' || inside === '$') return codesOf(inside, false)
  const [, name = inside, fallback] = WITH_DEFAULT.exec(inside) ?? []
  return { name: name.trim().toLowerCase(), fallback }
}

const isVariable = (part: Part): part is Variable => 'name' in part

export function patternOf(given: string, options: PatternOptions): Pattern {
  const fold = (text: string): string => (options.ignoreCase ? text.toLowerCase() : text)
  const parts = partsOf(fold(given), options)
  if (parts.some(isVariable)) {
    return (text, attributes) => {
      const codes = expand(parts, attributes, fold)
      return codes !== undefined && matches(codes, fold(text))
    }
  }
  const codes = (parts as readonly (readonly number[])[]).flat()
  if (codes.length === 1 && codes[0] === MANY) return () => true
  if (!codes.some((code) => code < 0)) {
    const wanted = String.fromCharCode(...codes)
    return (text) => fold(text) === wanted
  }
  return (text) => matches(codes, fold(text))
}

/** Undefined while a variable has no value: then nothing matches. */
function expand(
  parts: readonly Part[],
  attributes: Attributes,
  fold: (text: string) => string,
): readonly number[] | undefined {
  const codes: number[] = []
  for (const part of parts) {
    if (!isVariable(part)) codes.push(...part)
    else {
      const value = attributes.get(part.name) ?? part.fallback
      if (typeof value !== 'string') return undefined
      codes.push(...codesOf(fold(value), false))
    }
  }
  return codes
}

/** Goes back to the last `*` alone: what an earlier one could take, the last one can. */
function matches(codes: readonly number[], text: string): boolean {
  let at = 0
  let code = 0
  let star = -1
  let starAt = 0
  while (at < text.length) {
    const wanted = codes[code]
    if (wanted === MANY) {
      star = code++
      starAt = at
    } else if (wanted === ONE || wanted === text.charCodeAt(at)) {
      code++
      at++
    } else if (star >= 0) {
      code = star + 1
      at = ++starAt
    } else return false
  }
  while (codes[code] === MANY) code++
  return code === codes.length
}
