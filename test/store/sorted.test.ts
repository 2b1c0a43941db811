/** The sorted keys of the memory store against a sorted array. */
import { describe, expect, it } from 'vitest'
import { SortedKeys } from '../../src/store/sorted.ts'

const of = (...names: string[]): SortedKeys => {
  const keys = new SortedKeys()
  for (const name of names) keys.add(name)
  return keys
}
const all = (keys: SortedKeys): string[] => keys.range('', '~', 1e6, false)

describe('few keys', () => {
  it('are in order and there once, whatever the order of coming', () => {
    expect(all(of('c', 'a', 'b', 'a', 'c'))).toEqual(['a', 'b', 'c'])
    expect(all(of())).toEqual([])
  })

  it('are had from the lower bound on and without the upper one, up to a limit', () => {
    const keys = of('a', 'c', 'e')
    const both = (gte: string, lt: string, limit: number): string => {
      const up = keys.range(gte, lt, limit, false)
      return `${up.join('')} ${keys.range(gte, lt, limit, true).join('')}`
    }
    expect(both('a', 'e', 9)).toBe('ac ca')
    expect(both('b', 'f', 9)).toBe('ce ec')
    expect(both('c', 'c', 9)).toBe(' ')
    expect(both('d', 'b', 9)).toBe(' ')
    expect(both('', '~', 2)).toBe('ac ec')
    expect(both('', '~', 0)).toBe(' ')
  })

  it('go one by one; what is not there does not go', () => {
    const keys = of('a', 'c', 'e')
    for (const name of ['b', '', 'z', 'c', 'c']) keys.delete(name)
    expect(all(keys)).toEqual(['a', 'e'])
    for (const name of ['e', 'a', 'a']) keys.delete(name)
    expect(all(keys)).toEqual([])
    keys.delete('a')
    keys.add('a')
    expect(keys.range('', '~', 9, true)).toEqual(['a'])
  })
})

describe('keys of several chunks', () => {
  const names = Array.from({ length: 1600 }, (_, i) => String(i).padStart(4, '0'))
  const orders: [string, string[]][] = [
    ['rising', names],
    ['falling', names.toReversed()],
    ['shuffled', names.map((_, i) => names[(i * 701) % names.length]!)],
  ]
  it.each(orders)(
    'that came %s are found in every range, also at the ends of chunks',
    (_, order) => {
      const keys = of(...order)
      expect(all(keys)).toEqual(names)
      for (let i = 0; i < names.length; i += 3) {
        const [from, to] = [names[i]!, names[i + 300] ?? '~']
        const within = names.slice(i, i + 300)
        expect(keys.range(from, to, 290, false)).toEqual(within.slice(0, 290))
        expect(keys.range(from, to, 290, true)).toEqual(within.toReversed().slice(0, 290))
      }
    },
  )

  it('may all go but some', () => {
    const keys = of(...names)
    const left = names.filter((_, i) => i % 400 === 7)
    for (const name of names) if (!left.includes(name)) keys.delete(name)
    expect(all(keys)).toEqual(left)
    expect(keys.range('', '~', 9, true)).toEqual(left.toReversed())
    expect(keys.range('0008', '0408', 9, true)).toEqual(['0407'])
  })
})

describe('many keys', () => {
  const name = (i: number): string => String((i * 7919) % 100_003).padStart(6, '0')

  it('stay sorted while chunks split and vanish', () => {
    const keys = new SortedKeys()
    const model = new Set<string>()
    for (let i = 0; i < 20_000; i++) {
      keys.add(name(i))
      keys.add(name(i))
      model.add(name(i))
    }
    const check = (): void => {
      const sorted = [...model].sort()
      expect(keys.range('', '~', 1e6, false)).toEqual(sorted)
      expect(keys.range('', '~', 1e6, true)).toEqual(sorted.toReversed())
      for (let i = 0; i < 200; i++) {
        const [from, to] = [name(i * 31), name(i * 17)]
        const within = sorted.filter((one) => one >= from && one < to)
        expect(keys.range(from, to, 10, false)).toEqual(within.slice(0, 10))
        expect(keys.range(from, to, 10, true)).toEqual(within.toReversed().slice(0, 10))
      }
    }
    check()
    for (let i = 0; i < 19_000; i++) {
      keys.delete(name(i))
      keys.delete(name(i))
      model.delete(name(i))
    }
    check()
    for (const one of model) keys.delete(one)
    expect(keys.range('', '~', 10, false)).toEqual([])
    expect(keys.range('', '~', 10, true)).toEqual([])
    keys.add('again')
    expect(keys.range('', '~', 10, true)).toEqual(['again'])
  })
})
