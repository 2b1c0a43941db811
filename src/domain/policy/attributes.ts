/**
 * What conditions look at: names in lower case to one value or several. Given ones win over derived
 * ones, and derived ones are only worked out when a condition asks.
 */

export type AttributeValue = string | readonly string[]
export type GivenAttributes = Readonly<Record<string, AttributeValue>>

export interface Attributes {
  /** `name` is in lower case. */
  get(name: string): AttributeValue | undefined
}

/** By name in lower case; for what would cost more to list than to look up. */
export type AttributeLookup = (name: string) => AttributeValue | undefined

const isValue = (value: unknown): value is AttributeValue =>
  typeof value === 'string' || (Array.isArray(value) && value.every((x) => typeof x === 'string'))

function lookupOf(given: GivenAttributes | AttributeLookup): AttributeLookup {
  if (typeof given === 'function')
    return (name) => {
      const value: unknown = given(name)
      return isValue(value) ? value : undefined
    }
  const map = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]))
  return (name) => map.get(name)
}

/** The first of several sources that knows the name. */
export class LayeredAttributes implements Attributes {
  readonly #given: readonly (GivenAttributes | AttributeLookup | undefined)[]
  readonly #derive: AttributeLookup
  #lookups: readonly AttributeLookup[] | undefined

  constructor(
    given: readonly (GivenAttributes | AttributeLookup | undefined)[],
    derive: AttributeLookup = () => undefined,
  ) {
    this.#given = given
    this.#derive = derive
  }

  /** Whether anything was looked at. */
  get consulted(): boolean {
    return this.#lookups !== undefined
  }

  get(name: string): AttributeValue | undefined {
    this.#lookups ??= this.#given.filter((layer) => layer !== undefined).map(lookupOf)
    for (const lookup of this.#lookups) {
      const value = lookup(name)
      if (value !== undefined) return value
    }
    return this.#derive(name)
  }
}

/** No attributes at all. */
export const NO_ATTRIBUTES: Attributes = { get: () => undefined }
