/** Random bytes out of a pool, and places in a gate: what is asked of the source and when. */
import { describe, expect, it } from 'vitest'
import {
  GENERATIONS_IN_FLIGHT_MAX,
  isDeterministic,
  OPERATIONS_IN_FLIGHT_MAX,
} from '../../src/crypto/context.ts'
import { OPERATIONS_WAITING_MAX } from '../../src/crypto/context.ts'
import type { ProviderContext } from '../../src/crypto/context.ts'
import { createGate } from '../../src/crypto/gate.ts'
import { NONCE_POOL_BYTES, pooledRandom, randomSources } from '../../src/crypto/pool.ts'
import { SECRET_POOL_BYTES } from '../../src/crypto/pool.ts'
import { CREATE, PROVIDER_NAMES } from './support.ts'

/** A source whose bytes count up, and what was asked of it. */
function counting() {
  const asked: Uint8Array[] = []
  let next = 0
  const source = (target: Uint8Array) => {
    asked.push(target)
    for (let at = 0; at < target.length; at++) target[at] = ++next & 0xff
  }
  return { asked, source, sizes: () => asked.map(({ length }) => length) }
}
const from = (start: number, length: number) =>
  Uint8Array.from({ length }, (_, i) => (start + i) & 0xff)

describe('a pool of 256 bytes', () => {
  const pool = () => {
    const counted = counting()
    const random = pooledRandom(counted.source, 256)
    const take = (length: number) => {
      const target = new Uint8Array(length + 2).fill(0xee)
      random.fill(target.subarray(1, 1 + length))
      expect([target[0], target[length + 1]]).toEqual([0xee, 0xee])
      return target.slice(1, 1 + length)
    }
    return { ...counted, random, take }
  }

  it('asks for nothing before the first request, then for all at once', () => {
    const { take, sizes, random } = pool()
    expect(sizes()).toEqual([])
    // A quarter is the most that is copied; 64 bytes is also the most of the byte loop.
    expect(take(64)).toEqual(from(1, 64))
    expect(take(0)).toEqual(from(0, 0))
    for (let i = 1; i < 4; i++) expect(take(64)).toEqual(from(1 + 64 * i, 64))
    expect(sizes()).toEqual([256])
    expect(take(1)).toEqual(from(257, 1))
    expect(sizes()).toEqual([256, 256])
    expect(random.epoch).toBe(0)
  })

  it('what is not enough for a request is thrown away', () => {
    const { take, sizes } = pool()
    for (const length of [60, 60, 60, 60]) take(length)
    expect(take(16)).toEqual(from(241, 16))
    expect(sizes()).toEqual([256])
    const other = pool()
    for (const length of [60, 60, 60, 60]) other.take(length)
    expect(other.take(17)).toEqual(from(257, 17))
    expect(other.sizes()).toEqual([256, 256])
  })

  it('larger requests go to the source, and leave the pool as it was', () => {
    const { take, sizes } = pool()
    take(10)
    expect(take(65)).toEqual(from(257, 65))
    expect(take(10)).toEqual(from(11, 10))
    expect(sizes()).toEqual([256, 65])
  })

  it('wipes what it gave, and all at a reseed', () => {
    const { asked, take, random, sizes } = pool()
    take(10)
    take(20)
    const [kept] = asked
    expect(kept!.subarray(0, 30)).toEqual(new Uint8Array(30))
    expect(kept!.subarray(30)).toEqual(from(31, 226))
    random.reseed()
    expect(kept).toEqual(new Uint8Array(256))
    expect(random.epoch).toBe(1)
    expect(take(5)).toEqual(from(257, 5))
    expect(sizes()).toEqual([256, 256])
    random.reseed()
    expect(random.epoch).toBe(2)
  })

  it('may be reseeded before its first use', () => {
    const { take, random } = pool()
    random.reseed()
    expect(take(3)).toEqual(from(1, 3))
  })
})

it('copies the same bytes by either way: by a loop up to 64 bytes, at once above', () => {
  for (const length of [1, 63, 64, 65, 100]) {
    const { source } = counting()
    const target = new Uint8Array(length)
    pooledRandom(source, 1024).fill(target)
    expect(target).toEqual(from(1, length))
  }
})

describe('the sources of a provider', () => {
  it('are two pools over the platform, or over what is given', () => {
    const [platform, given] = [counting(), counting()]
    const over = (own: typeof given | undefined) =>
      randomSources(platform.source, own && { fill: own.source })
    for (const [sources, counted, other] of [
      [over(undefined), platform, given],
      [over(given), given, platform],
    ] as const) {
      other.asked.length = 0
      counted.asked.length = 0
      sources.secret.fill(new Uint8Array(10))
      sources.nonces!.fill(new Uint8Array(10))
      expect(counted.sizes()).toEqual([SECRET_POOL_BYTES, NONCE_POOL_BYTES])
      expect(other.asked).toEqual([])
      sources.reseed()
      sources.secret.fill(new Uint8Array(10))
      sources.nonces!.fill(new Uint8Array(10))
      expect(counted.asked).toHaveLength(4)
      expect(isDeterministic({ sources } as ProviderContext)).toBe(false)
    }
  })

  it('are the given one itself where it is reproducible: no byte is drawn ahead', () => {
    const given = { deterministic: true, fill: counting().source } as const
    const sources = randomSources(counting().source, given)
    expect(sources.secret).toBe(given)
    expect(sources.nonces).toBeUndefined()
    expect(sources.reseed()).toBeUndefined()
    expect(isDeterministic({ sources } as ProviderContext)).toBe(true)
  })
})

describe('a gate of two places and two who wait', () => {
  type Finish = (error?: Error | null, value?: string) => void
  const open = () => {
    const [gate, started] = [createGate(2, 2), new Map<string, Finish>()]
    const run = (name: string) =>
      gate.run<string>((done) => void started.set(name, (error, value) => done(error, value)))
    return { gate, started, run, names: () => [...started.keys()] }
  }

  it('starts two at once, the others in their order, and refuses one more', async () => {
    const { started, run, names } = open()
    const [a, b, c, d] = [run('a'), run('b'), run('c'), run('d')]
    expect(names()).toEqual(['a', 'b'])
    await expect(run('e')).rejects.toMatchObject({ code: 'BUSY' })
    started.get('b')!(null, 'second')
    expect(names()).toEqual(['a', 'b', 'c'])
    expect(await b).toBe('second')
    const f = run('f')
    await expect(run('g')).rejects.toMatchObject({ code: 'BUSY' })
    for (const name of ['a', 'c', 'd', 'f']) started.get(name)!(undefined, name)
    expect(await Promise.all([a, c, d, f])).toEqual(['a', 'c', 'd', 'f'])
    expect(names()).toEqual(['a', 'b', 'c', 'd', 'f'])
  })

  it('a place is free again after a success, a failure and an exception', async () => {
    const { gate, started, run, names } = open()
    const failing = [run('a'), run('b')]
    for (const name of ['a', 'b']) started.get(name)!(new Error(name))
    for (const [i, name] of ['a', 'b'].entries()) await expect(failing[i]).rejects.toThrow(name)
    const throwing = () =>
      gate.run(() => {
        throw new Error('at once')
      })
    for (let i = 0; i < 5; i++) await expect(throwing()).rejects.toThrow('at once')
    const after = [run('c'), run('d'), run('e')]
    expect(names()).toEqual(['a', 'b', 'c', 'd'])
    for (const name of ['c', 'd', 'e']) started.get(name)!(null, name)
    expect(await Promise.all(after)).toEqual(['c', 'd', 'e'])
  })

  it('generation never takes all threads of libuv (4 by default)', () => {
    expect([OPERATIONS_IN_FLIGHT_MAX, GENERATIONS_IN_FLIGHT_MAX]).toEqual([4, 2])
    expect(OPERATIONS_WAITING_MAX).toBe(10_000)
  })
})

it.each(PROVIDER_NAMES)('%s: says its name, and drops at a reseed what it drew ahead', (name) => {
  let value = 1
  const provider = CREATE[name]({ random: { fill: (target) => void target.fill(value) } })
  const drawn = (): number => {
    const bytes = new Uint8Array(4)
    provider.random.fill(bytes)
    return bytes[0]!
  }
  expect(drawn()).toBe(1)
  value = 2
  expect(drawn()).toBe(1)
  provider.reseed()
  expect(drawn()).toBe(2)
  expect(provider.name).toBe(name)
})
