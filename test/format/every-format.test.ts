/** What holds for every layout that can be read back (docs/formats). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StrongroomError } from '../../src/base/errors.ts'
import { VALUES } from './arbitraries.ts'
import { CODECS } from './codecs.ts'
import type { TestCodec } from './codecs.ts'

/** Decoded value, or the refusal; any other failure is a defect and comes through. */
function attempt({ decode, refusal }: TestCodec, bytes: Uint8Array): unknown {
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code !== refusal) throw error
    return undefined
  }
}

/** Undefined, or a value of which these bytes are the only form. */
function expectStrict(codec: TestCodec, bytes: Uint8Array): void {
  const value = attempt(codec, bytes)
  if (value !== undefined) expect(codec.encode(value)).toEqual(bytes)
}

function expectDeeplyFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  expect(Object.isFrozen(value)).toBe(true)
  Object.values(value).forEach(expectDeeplyFrozen)
}

test('every layout has values to try', () => {
  expect(Object.keys(VALUES).sort()).toEqual(Object.keys(CODECS).sort())
})

describe.each(Object.entries(CODECS))('%s', (name, codec) => {
  const values = VALUES[name]!

  test('decode(encode(value)) is value', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(codec.decode(codec.encode(value))).toEqual(value)
      }),
    )
  })

  test('every truncation and every lengthening is refused', () => {
    fc.assert(
      fc.property(
        values,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 3 }),
        (value, at, more) => {
          const bytes = codec.encode(value)
          const shorter = attempt(codec, bytes.subarray(0, at % bytes.length))
          // Material is raw to its end: its length is told by the sealed record around it.
          if (!['record material', 'record keyStoreSecret'].includes(name)) {
            expect(shorter).toBeUndefined()
            expect(attempt(codec, Uint8Array.of(...bytes, ...more))).toBeUndefined()
          } else expectStrict(codec, Uint8Array.of(...bytes, ...more))
        },
      ),
    )
  })

  test('a changed byte is refused or is the one form of another value', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, change) => {
        const bytes = codec.encode(value)
        bytes[at % bytes.length]! ^= change
        expectStrict(codec, bytes)
      }),
      { numRuns: 400 },
    )
  })

  test('random bytes after the true opening are refused or are the one form of a value', () => {
    fc.assert(
      fc.property(values, fc.nat(24), fc.uint8Array({ maxLength: 80 }), (value, kept, junk) => {
        expectStrict(codec, Uint8Array.of(...codec.encode(value).subarray(0, kept), ...junk))
      }),
      { numRuns: 400 },
    )
  })

  test('nothing at all is refused', () => {
    expect(attempt(codec, new Uint8Array(0))).toBeUndefined()
  })

  test('views into larger buffers and Buffers read the same; the answer shares no memory', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = codec.encode(value)
        const larger = Buffer.alloc(bytes.length + 9, 0xaa)
        larger.set(bytes, 5)
        const decoded = codec.decode(larger.subarray(5, 5 + bytes.length))
        larger.fill(0)
        expect(codec.encode(decoded)).toEqual(bytes)
        expect(Object.getPrototypeOf(codec.encode(decoded))).toBe(Uint8Array.prototype)
      }),
      { numRuns: 30 },
    )
  })
})

describe.each(
  Object.keys(CODECS).filter((name) =>
    /^(record|value|.*head$|anchor|order|checkpoint|seal|erase)/.test(name),
  ),
)('%s', (name) => {
  test('is deeply frozen', () => {
    fc.assert(
      fc.property(VALUES[name]!, (value) => {
        expectDeeplyFrozen(CODECS[name]!.decode(CODECS[name]!.encode(value)))
      }),
      { numRuns: 30 },
    )
  })
})
