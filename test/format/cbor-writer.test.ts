/** The writer under the encodings: heads at their bounds, and a buffer that keeps no secret. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { CborReader } from '../../src/format/cbor-read.ts'
import { CborWriter, MAJOR, encodeWith, sortedKeys } from '../../src/format/cbor-write.ts'

const written = (write: (writer: CborWriter) => void): string => {
  const writer = new CborWriter()
  write(writer)
  return toHex(writer.take())
}

describe('heads (RFC 8949 section 3)', () => {
  test.each([
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65_535, '19ffff'],
    [65_536, '1a00010000'],
    [2 ** 32 - 1, '1affffffff'],
    [2 ** 32, '1b0000000100000000'],
    [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
  ])('%i', (argument, hex) => {
    expect(written((writer) => writer.head(MAJOR.uint, argument))).toBe(hex)
    const tagged = written((writer) => writer.head(MAJOR.tag, argument))
    expect(tagged.slice(2)).toBe(hex.slice(2))
    expect(Number.parseInt(tagged.slice(0, 2), 16)).toBe(
      Number.parseInt(hex.slice(0, 2), 16) + 0xc0,
    )
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
    expect(new CborReader(bytes, 0, 'Thing').uint()).toBe(argument)
  })

  test('integers of both signs', () => {
    expect(written((writer) => [0, -1, -24, -25].forEach((n) => writer.integer(n)))).toBe(
      '0020373818',
    )
  })
})

/** Fills the first 1024 bytes but for so many, so that what follows starts close to the end. */
const filled = (left: number): CborWriter => {
  const writer = new CborWriter()
  writer.raw(new Uint8Array(1024 - left).fill(0xaa))
  return writer
}

describe('the end of the buffer', () => {
  const id = '00112233-4455-6677-8899-aabbccddeeff'
  test.each<[string, (writer: CborWriter) => unknown]>([
    ['a byte', (writer) => writer.byte(7)],
    ['a short head', (writer) => writer.head(MAJOR.uint, 7)],
    ['a long head', (writer) => writer.head(MAJOR.uint, 2 ** 40)],
    ['a half', (writer) => writer.number(1.5)],
    ['a double', (writer) => writer.number(1.1)],
    ['an id', (writer) => writer.uuid(id)],
    ['ASCII', (writer) => writer.text('abcdef')],
    ['other text', (writer) => writer.text('abcdéf')],
    ['bytes', (writer) => writer.bytes(Uint8Array.of(1, 2, 3, 4))],
  ])('%s is written across it as anywhere else', (_, write) => {
    const alone = written(write)
    for (let left = 0; left <= 20; left++) {
      const writer = filled(left)
      write(writer)
      expect(toHex(writer.take())).toBe('aa'.repeat(1024 - left) + alone)
    }
  })
})

describe('secrets', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  /** Every array that something was copied into meanwhile, but for what `call` answered. */
  function touched(call: () => Uint8Array): Uint8Array[] {
    const set = vi.spyOn(Uint8Array.prototype, 'set')
    const out = call()
    const targets = new Set(set.mock.contexts as unknown as Uint8Array[])
    set.mockRestore()
    targets.delete(out)
    return [...targets]
  }
  const secret = new Uint8Array(300).fill(0x5e)
  const traces = (arrays: readonly Uint8Array[]) =>
    arrays.filter((bytes) => bytes.some((byte) => byte !== 0)).length

  test('the buffer is wiped when its contents are taken', () => {
    const arrays = touched(() => encodeWith((writer) => writer.raw(secret)))
    expect([arrays.length, traces(arrays)]).toEqual([1, 0])
  })

  test('the smaller buffers that it grew out of are wiped too', async () => {
    // What was written before made the shared buffer large: a new module begins with a small one.
    vi.resetModules()
    const fresh = await import('../../src/format/cbor-write.ts')
    const arrays = touched(() =>
      fresh.encodeWith((writer) => {
        for (let i = 0; i < 20; i++) writer.raw(secret)
      }),
    )
    expect(arrays.length).toBeGreaterThan(2)
    expect(traces(arrays)).toBe(0)
  })

  test('a failed encoding is wiped', () => {
    let failed = false
    const arrays = touched(() => {
      try {
        return encodeWith((writer) => {
          writer.raw(secret)
          throw new Error('stop')
        })
      } catch {
        failed = true
        return new Uint8Array(0)
      }
    })
    expect([failed, arrays.length, traces(arrays)]).toEqual([true, 1, 0])
  })

  test('a buffer grows when it is full, to twice its size or to what is asked for', () => {
    const sizes = (...lengths: number[]) =>
      touched(() => {
        const writer = new CborWriter()
        for (const length of lengths) writer.raw(new Uint8Array(length))
        return writer.take()
      }).map((bytes) => bytes.length)
    expect(sizes(1024)).toEqual([1024])
    expect(sizes(1024, 1)).toEqual([1024, 2048])
    expect(sizes(1, 3000)).toEqual([1024, 3001])
  })

  test('a buffer is used again unless it grew very large', () => {
    const buffers = (bytes: number) =>
      touched(() => encodeWith((writer) => writer.raw(new Uint8Array(bytes).fill(1))))
    const [first] = buffers(60_000).slice(-1)
    expect(buffers(10)).toEqual([first])
    expect(buffers(10)[0]).toBe(first)
    const kept = new CborWriter()
    for (let i = 0; i < 2 ** 16; i++) kept.byte(1)
    kept.take()
    expect(touched(() => (kept.raw(secret), kept.take())).map(({ length }) => length)).toEqual([
      2 ** 16,
    ])
    const [large] = buffers(200_000).slice(-1)
    const [next] = buffers(10)
    expect([next === large, next!.length]).toEqual([false, 1024])
  })
})

test('keys by the length, then the order, of their UTF-8', () => {
  expect(
    sortedKeys({ b: 1, a: 1, aa: 1, é: 1, '': 1, '\u{10000}': 1, '\uffff': 1, zz: 1 }),
  ).toEqual(['', 'a', 'b', 'aa', 'zz', 'é', '\uffff', '\u{10000}'])
  expect(sortedKeys({ b: 1 })).toEqual(['b'])
  expect(sortedKeys({})).toEqual([])
})
