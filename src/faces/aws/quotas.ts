/** How much there may be of what (contracts: AWS 10.6). */
import { KmsFault } from './errors.ts'
import type { AwsOptions } from './options.ts'

/** The quotas of the service, for an account in a region. */
export const QUOTAS = {
  /** Customer managed keys. */
  keys: 100_000,
  /** At most 50. */
  aliasesPerKey: 50,
  tagsPerKey: 50,
  grantsPerKey: 50_000,
  policyBytes: 32_768,
  customKeyStores: 10,
  onDemandRotations: 25,
} as const
export type Quotas = Readonly<Record<keyof typeof QUOTAS, number>>

export function quotaOf({ quotas }: AwsOptions, name: keyof Quotas): number {
  if (quotas === false) return Infinity
  return quotas?.[name] ?? QUOTAS[name]
}

export const limitExceeded = (message: string): KmsFault =>
  new KmsFault('LimitExceededException', message)

/**
 * How many there are of something: counted once, then kept up, and counted again when it seems to be
 * too many, since some may have gone.
 */
export class Tally {
  /** Those of the last count, and how many had been made before it. */
  #counted: { readonly count: number; readonly made: number } | undefined
  #made = 0
  #pending = 0
  #turn: Promise<unknown> = Promise.resolve()

  /** Makes one more, unless there are `max` already: then `refuse` says so. */
  async add<T>(
    max: number,
    count: () => Promise<number>,
    refuse: () => KmsFault,
    make: () => Promise<T>,
  ): Promise<T> {
    if (max === Infinity) return make()
    await this.#reserve(max, count, refuse)
    try {
      const made = await make()
      this.#made++
      return made
    } finally {
      this.#pending--
    }
  }

  /** One after another: of two that come at once for the last place, one gets it. */
  #reserve(max: number, count: () => Promise<number>, refuse: () => KmsFault): Promise<void> {
    const turn = this.#turn.then(async () => {
      if (this.#total() >= max) {
        const made = this.#made
        this.#counted = { count: await count(), made }
      }
      if (this.#total() >= max) throw refuse()
      this.#pending++
    })
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  #total(): number {
    const { count, made } = this.#counted ?? { count: Infinity, made: 0 }
    return count + (this.#made - made) + this.#pending
  }
}
