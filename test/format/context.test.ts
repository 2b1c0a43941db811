/** Canonical contexts (docs/formats/context.md). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { ContextCache, canonicalContext } from '../../src/format/context.ts'
import type { Context } from '../../src/format/context.ts'
import { mapOf, text } from './arbitraries.ts'

const contexts: fc.Arbitrary<Context> = mapOf(text)
/** Tiny alphabets, so that boundaries between names and values are what differs. */
const tiny: fc.Arbitrary<Context> = fc.dictionary(
  fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 3 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 3 }),
  { maxKeys: 3, noNullPrototype: true },
)

/** Reads the layout back by its page alone: what can be read back is injective. */
function readBack(bytes: Uint8Array): [name: string, value: string][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 4
  const part = (): string => {
    const length = view.getUint32(at)
    at += 4 + length
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(at - length, at))
  }
  const pairs = Array.from({ length: view.getUint32(0) }, (): [string, string] => [part(), part()])
  expect(at).toBe(bytes.length)
  return pairs
}

const sorted = (context: Context): [string, string][] =>
  Object.entries(context).sort(([a], [b]) => compareBytes(utf8(a), utf8(b)))

const shuffled = (context: Context, order: readonly number[]): Context => {
  const out: Record<string, string> = {}
  const ranks = new Map(Object.keys(context).map((name, i) => [name, order[i] ?? 0]))
  for (const name of Object.keys(context).sort((a, b) => ranks.get(a)! - ranks.get(b)!))
    Object.defineProperty(out, name, {
      value: context[name],
      enumerable: true,
      configurable: true,
      writable: true,
    })
  return out
}

function code(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof StrongroomError) return error.code
    throw error
  }
  throw new Error('expected a refusal')
}

/** The rules hold with and without a cache, and for what a cache has kept. */
const cache = new ContextCache(8)
const ways: [string, (context: Context | undefined) => Uint8Array][] = [
  ['computed', canonicalContext],
  ['through a cache', (context) => cache.get(context)],
  ['from a cache', (context) => (cache.get(context), cache.get(context))],
]

describe.each(ways)('%s', (_, canonical) => {
  test('names and values sorted by the UTF-8 bytes of the names', () => {
    fc.assert(
      fc.property(contexts, (context) => {
        expect(readBack(canonical(context))).toEqual(sorted(context))
      }),
      { numRuns: 300 },
    )
  })

  test('the order of the pairs does not matter', () => {
    fc.assert(
      fc.property(contexts, fc.array(fc.nat(), { maxLength: 5 }), (context, order) => {
        expect(canonical(shuffled(context, order))).toEqual(canonical(context))
      }),
    )
  })

  test('different contexts have different bytes', () => {
    fc.assert(
      fc.property(tiny, tiny, (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        expect(toHex(canonical(a)) === toHex(canonical(b))).toBe(same)
      }),
      { numRuns: 1000 },
    )
    expect(canonical({ ab: 'c' })).not.toEqual(canonical({ a: 'bc' }))
    expect(canonical({ a: '' })).not.toEqual(canonical({ '': 'a' }))
    expect(canonical({ a: 'b', c: 'd' })).not.toEqual(canonical({ a: 'bcd' }))
  })

  test('UTF-8 order is not UTF-16 order', () => {
    const names = readBack(canonical({ '\u{1f511}': '1', '\uffff': '2' })).map(([name]) => name)
    expect(names).toEqual(['\uffff', '\u{1f511}'])
    expect(names).not.toEqual([...names].sort())
  })

  test('forms of one letter stay apart: nothing is normalised', () => {
    expect(canonical({ '\u00e9': '1' })).not.toEqual(canonical({ 'e\u0301': '1' }))
    expect(canonical({ a: 'x' })).not.toEqual(canonical({ a: 'X' }))
    expect(canonical({ a: 'x' })).not.toEqual(canonical({ a: 'x ' }))
  })

  test('absent equals empty', () => {
    expect(toHex(canonical(undefined))).toBe('00000000')
    expect(canonical({})).toEqual(canonical(undefined))
  })

  test('names of built-ins are names', () => {
    const hostile = JSON.parse('{"__proto__":"a","constructor":"b"}') as Context
    expect(readBack(canonical(hostile))).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })

  test('objects without a prototype count, inherited and hidden members do not', () => {
    const bare = Object.assign(Object.create(null) as Context, { a: 'b' })
    const inherited = Object.create({ x: 'y' }) as Record<string, string>
    inherited['a'] = 'b'
    Object.defineProperty(inherited, 'hidden', { value: 'z', enumerable: false })
    expect(canonical(bare)).toEqual(canonical({ a: 'b' }))
    expect(canonical(inherited)).toEqual(canonical({ a: 'b' }))
  })

  const pairs = (n: number) =>
    Object.fromEntries(Array.from({ length: n }, (_value, i) => [`n${i}`, '']))
  const name = 'ü'.repeat(100)
  test('bounds count pairs and UTF-8 bytes, exactly', () => {
    expect(canonical(pairs(LIMITS.contextPairsMax)).length).toBeGreaterThan(64)
    expect(code(() => canonical(pairs(LIMITS.contextPairsMax + 1)))).toBe('INVALID_ARGUMENT')
    const most = LIMITS.contextBytesMax - 200
    expect(canonical({ [name]: 'x'.repeat(most) }).length).toBe(12 + LIMITS.contextBytesMax)
    expect(code(() => canonical({ [name]: 'x'.repeat(most + 1) }))).toBe('INVALID_ARGUMENT')
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['a list', ['a', 'b']],
    ['an empty list', []],
    ['a text', 'ab'],
    ['a number', 5],
    ['a number as value', { a: 1 }],
    ['null as value', { a: null }],
    ['undefined as value', { a: undefined }],
    ['a list as value', { a: ['b'] }],
    ['a String object as value', { a: Object('b') as unknown }],
    ['a lone surrogate in a value', { a: 'x\ud800' }],
    ['a lone surrogate in a name', { '\udc00x': 'a' }],
  ])('%s is refused', (_name, context) => {
    expect(code(() => canonical(context as Context))).toBe('INVALID_ARGUMENT')
  })
})

describe('the cache', () => {
  test('answers the same bytes again without computing them', () => {
    const kept = new ContextCache()
    const first = kept.get({ table: 'orders', tenant: 'acme' })
    expect(kept.get({ table: 'orders', tenant: 'acme' })).toBe(first)
    expect(kept.get({ tenant: 'acme', table: 'orders' })).toEqual(first)
    expect(kept.size).toBe(2)
  })

  test('holds a prefix and what continues it', () => {
    const kept = new ContextCache()
    const both = kept.get({ a: '1', b: '2' })
    const one = kept.get({ a: '1' })
    expect(kept.get({})).toEqual(canonicalContext({}))
    expect(kept.get({ a: '1' })).toBe(one)
    expect(kept.get({ a: '1', b: '2' })).toBe(both)
    expect(kept.size).toBe(3)
  })

  test('never holds more than its bound and stays right beyond it', () => {
    const kept = new ContextCache(10)
    for (let i = 0; i < 35; i++) {
      const context = { id: String(i) }
      expect(kept.get(context)).toEqual(canonicalContext(context))
      expect(kept.size).toBeLessThanOrEqual(10)
    }
  })

  test('does not hold large contexts', () => {
    const kept = new ContextCache()
    const context = { a: 'x'.repeat(2000) }
    expect(kept.get(context)).toEqual(canonicalContext(context))
    expect(kept.size).toBe(0)
  })

  test('a value that changes between reads cannot plant bytes for another context', () => {
    const kept = new ContextCache()
    let reads = 0
    const shifty = {
      get a() {
        return reads++ === 0 ? 'one' : 'two'
      },
    }
    expect(kept.get(shifty)).toEqual(canonicalContext({ a: 'one' }))
    expect(kept.get({ a: 'one' })).toEqual(canonicalContext({ a: 'one' }))
    expect(kept.get({ a: 'two' })).toEqual(canonicalContext({ a: 'two' }))
  })

  test('numbers and their texts stay apart', () => {
    const kept = new ContextCache()
    kept.get({ a: '1' })
    expect(code(() => kept.get({ a: 1 } as unknown as Context))).toBe('INVALID_ARGUMENT')
  })
})
