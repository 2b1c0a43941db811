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

const inLowerCase = (given: GivenAttributes): ReadonlyMap<string, AttributeValue> =>
  new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]))

/** The first of several sources that knows the name. */
export class LayeredAttributes implements Attributes {
  readonly #given: readonly (GivenAttributes | undefined)[]
  readonly #derive: (name: string) => AttributeValue | undefined
  #maps: readonly ReadonlyMap<string, AttributeValue>[] | undefined

  constructor(
    given: readonly (GivenAttributes | undefined)[],
    derive: (name: string) => AttributeValue | undefined = () => undefined,
  ) {
    this.#given = given
    this.#derive = derive
  }

  get(name: string): AttributeValue | undefined {
    this.#maps ??= this.#given.filter((layer) => layer !== undefined).map(inLowerCase)
    for (const map of this.#maps) {
      const value = map.get(name)
      if (value !== undefined) return value
    }
    return this.#derive(name)
  }
}

/** No attributes at all. */
export const NO_ATTRIBUTES: Attributes = { get: () => undefined }
