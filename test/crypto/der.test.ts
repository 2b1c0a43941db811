/** DER (X.690 8 and 10): every form of a length and a number, both ways, and what is none. */
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import * as der from '../../src/crypto/der.ts'

const hex = (text: string): Uint8Array => fromHex(text)!
const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const octetsIn = (input: Uint8Array) =>
  der.decodeDer(input, (reader) => reader.read(der.TAG.octets))
const unsignedIn = (input: Uint8Array) => der.decodeDer(input, (reader) => reader.unsigned())
const text = (value: Uint8Array | undefined) => value && toHex(value)

/** Length of the contents, and how X.690 8.1.3 writes it in the fewest bytes (10.1). */
const LENGTHS: readonly (readonly [number, string])[] = [
  [0, '00'],
  [1, '01'],
  [127, '7f'],
  [128, '8180'],
  [255, '81ff'],
  [256, '820100'],
  [65_535, '82ffff'],
  [65_536, '83010000'],
  [70_000, '83011170'],
]

describe('lengths', () => {
  it.each(LENGTHS)('%i bytes have the length %s, both ways', (length, encoded) => {
    const contents = bytes(length)
    const whole = concat(hex(`04${encoded}`), contents)
    expect(toHex(der.encodeDer(der.octets(contents)))).toBe(toHex(whole))
    expect(text(octetsIn(whole))).toBe(toHex(contents))
  })

  it('a structure counts the heads of what is in it', () => {
    for (const length of [0, 125, 126, 127, 253, 254, 255, 65_533]) {
      const inner = der.encodeDer(der.octets(bytes(length)))
      const outer = der.encodeDer(der.sequence(der.octets(bytes(length)), der.NULL))
      const read = der.decodeDer(outer, (reader) => {
        const body = reader.sequence()
        const contents = body.read(der.TAG.octets)
        return [toHex(contents), toHex(body.read(der.TAG.null)), body.end()]
      })
      expect(read).toEqual([toHex(bytes(length)), '', undefined])
      expect(toHex(outer).endsWith(`${toHex(inner)}0500`)).toBe(true)
    }
  })

  it('an encoding has memory of its own that can be wiped', () => {
    const made = der.encodeDer(der.octets(bytes(3)))
    expect(made.buffer.byteLength).toBe(made.length)
  })

  it.each([
    ['one byte too long', '0482' + '0001' + '07'],
    ['one byte too long, at the next step', '0482' + '00ff' + '07'.repeat(255)],
    ['two bytes too long', '0483' + '000001' + '07'],
    ['three bytes for two', '0483' + '00ffff' + '07'.repeat(65_535)],
    ['a long form for a short length', '0481' + '7f' + '07'.repeat(127)],
    ['a long form of nothing', '0481' + '00'],
    ['four bytes', '0484' + '00000001' + '07'],
    ['four bytes that are needed', '0484' + '01000000'],
    ['the indefinite form', '0480' + '07' + '0000'],
    ['the indefinite form of nothing', '0480'],
    ['the indefinite form, before as many bytes', '0480' + '07'.repeat(128)],
    ['the reserved form', '04ff' + '07'],
    ['longer than the input', '0403' + '0707'],
    ['shorter than the input', '0401' + '0707'],
    ['a length that is cut off', '0482' + '01'],
    ['no length', '04'],
    ['nothing', ''],
    ['another tag', '0201' + '07'],
  ])('refused: %s', (_, encoded) => {
    expect(octetsIn(hex(encoded))).toBeUndefined()
  })
})

describe('integers (X.690 8.3)', () => {
  it.each([
    ['', '020100'],
    ['00', '020100'],
    ['0000', '020100'],
    ['01', '020101'],
    ['0001', '020101'],
    ['7f', '02017f'],
    ['80', '02020080'],
    ['0080', '02020080'],
    ['ff', '020200ff'],
    ['0100', '02020100'],
    ['8000', '0203008000'],
    ['00000102', '02020102'],
  ])('the magnitude %s is written as %s', (magnitude, encoded) => {
    expect(toHex(der.encodeDer(der.integer(hex(magnitude))))).toBe(encoded)
  })

  it.each([
    ['020100', '00'],
    ['020101', '01'],
    ['02017f', '7f'],
    ['02020080', '80'],
    ['020200ff', 'ff'],
    ['0203008000', '8000'],
    ['02020100', '0100'],
    ['0200', undefined],
    ['020180', undefined],
    ['0201ff', undefined],
    ['0202ff00', undefined],
    ['02020000', undefined],
    ['0202007f', undefined],
    ['0203000080', undefined],
  ])('%s is read as %s', (encoded, magnitude) => {
    expect(text(unsignedIn(hex(encoded)))).toBe(magnitude)
  })
})

describe('bit strings (X.690 8.6)', () => {
  const bitsIn = (encoded: string, tag?: number) =>
    text(der.decodeDer(hex(encoded), (reader) => reader.bits(tag)))

  it('are whole bytes after a count of zero', () => {
    expect(toHex(der.encodeDer(der.bits(hex('0102'), hex('03'))))).toBe('030400010203')
    expect(bitsIn('030400010203')).toBe('010203')
    expect(bitsIn('030100')).toBe('')
    expect(bitsIn('81020001', der.TAG.context1Primitive)).toBe('01')
  })

  it.each(['0300', '03020101', '03020780', '04020001'])('%s is none', (encoded) => {
    expect(bitsIn(encoded)).toBeUndefined()
  })
})

it('an object identifier holds its contents', () => {
  expect(toHex(der.encodeDer(der.oid(hex('2b6570'))))).toBe('06032b6570')
})

describe('the reader', () => {
  it('shows the next tag without taking it, and the end', () => {
    const tags = der.decodeDer(hex('050004010c'), (reader) => [
      reader.peek(),
      reader.peek(),
      reader.read(der.TAG.null).length,
      reader.peek(),
      toHex(reader.read(der.TAG.octets)),
      reader.peek(),
    ])
    expect(tags).toEqual([0x05, 0x05, 0, 0x04, '0c', undefined])
  })

  it.each(['3003040507', '3003048301', '300104', '3000'])(
    'looks no further than the structure that it is in: %s',
    (encoded) => {
      const first = (reader: der.DerReader) => reader.sequence().read(der.TAG.octets)
      expect(der.decodeDer(hex(encoded), first)).toBeUndefined()
    },
  )

  it('answers views: nothing secret is copied', () => {
    const input = hex('3003040109')
    const view = der.decodeDer(input, (reader) => reader.sequence().read(der.TAG.octets))!
    expect(view.buffer).toBe(input.buffer)
    expect(view.byteOffset).toBe(4)
  })

  it('lets mistakes of the caller through, and hides none of them as bad input', () => {
    const mistake = new TypeError('not of this parser')
    const run = () =>
      der.decodeDer(hex('0500'), () => {
        throw mistake
      })
    expect(run).toThrow(mistake)
  })
})

describe('numbers', () => {
  it.each([
    ['', 0],
    ['00', 0],
    ['01', 1],
    ['02', 2],
    ['7f', 7],
    ['80', 8],
    ['ff', 8],
    ['0100', 9],
    ['8000', 16],
  ])('%s has %i bits', (magnitude, bits) => {
    expect(der.bitLength(hex(magnitude))).toBe(bits)
  })

  it.each([
    ['', 0n],
    ['00', 0n],
    ['ff', 255n],
    ['0100', 256n],
    ['0123456789abcdef01', 0x0123456789abcdef01n],
  ])('%s is the number %s, and back', (encoded, value) => {
    expect(der.toBigInt(hex(encoded))).toBe(value)
    expect(toHex(der.fromBigInt(value, encoded.length / 2))).toBe(encoded)
  })
})

describe('ECDSA-Sig-Value (RFC 3279 2.2.3)', () => {
  const ORDER = 0x0101n
  const toDer = (raw: string) => text(der.signatureToDer(hex(raw), ORDER))
  const fromDer = (encoded: string, half = 2) =>
    text(der.signatureFromDer(hex(encoded), ORDER, half))

  it.each([
    ['00010002', '3006020101020102'],
    ['00800100', '300802020080' + '02020100'],
    ['01000001', '300702020100' + '020101'],
  ])('%s is %s, both ways', (raw, encoded) => {
    expect(toDer(raw)).toBe(encoded)
    expect(fromDer(encoded)).toBe(raw)
  })

  it('each half stands at its end, in as many bytes as asked for', () => {
    expect(fromDer('3006020101020102', 3)).toBe('000001000002')
  })

  it.each(['00000001', '00010000', '01010001', '00010101', '0001000100', '', '01'])(
    'raw %s has a half outside of 1 to n - 1, or none',
    (raw) => {
      expect(toDer(raw)).toBeUndefined()
    },
  )

  it.each([
    ['r of zero', '3006020100020101'],
    ['s of zero', '3006020101020100'],
    ['r of n', '300702020101020101'],
    ['s of n', '300702010102020101'],
    ['a third number', '3009020101020101020101'],
    ['one number', '3003020101'],
    ['a byte after it', '300602010102010100'],
    ['a negative number', '3006020181020101'],
  ])('refused: %s', (_, encoded) => {
    expect(fromDer(encoded)).toBeUndefined()
  })
})
