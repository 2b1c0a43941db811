/** Checkpoints as text (C2SP tlog-checkpoint) in signed notes (C2SP signed-note). */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  checkpointText,
  parseCheckpoint,
  parseNote,
  signedNote,
  verifierKey,
} from '../../src/audit/checkpoint.ts'
import { loadVectors } from '../crypto/support.ts'
import { codePoint } from '../format/arbitraries.ts'
import { sha256 } from './naive.ts'

interface Vector {
  readonly source: string
  readonly verifierKey: string
  readonly note: string
}
interface Vectors {
  readonly signed: readonly (Vector & { readonly text: string; readonly seed: string })[]
  readonly opened: readonly (Vector & { readonly text: string })[]
  readonly refused: readonly Vector[]
  readonly checkpoints: readonly { text: string; origin: string; size: number; root: string }[]
}
const VECTORS = loadVectors('notes') as Vectors

/** RFC 8410: what stands before the 32 bytes of an Ed25519 key in DER. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Name and public key of a verifier key. */
function keyOf(text: string): { readonly name: string; readonly publicKey: Uint8Array } {
  const [, name, , blob] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text)!
  return { name: name!, publicKey: Buffer.from(blob!, 'base64').subarray(1) }
}

/** The text, when the note has a good signature of this key. */
function opened({ note, verifierKey: key }: Pick<Vector, 'note' | 'verifierKey'>) {
  const { name, publicKey } = keyOf(key)
  const parsed = parseNote(sha256, note, name, publicKey)
  if (!parsed) return undefined
  const spki = createPublicKey({
    key: Buffer.concat([SPKI, publicKey]),
    format: 'der',
    type: 'spki',
  })
  return verify(null, Buffer.from(parsed.text), spki, parsed.signature) ? parsed.text : undefined
}

describe('published notes', () => {
  test.each(VECTORS.signed)('$source is written so', ({ verifierKey: key, seed, text, note }) => {
    const { name, publicKey } = keyOf(key)
    expect(verifierKey(sha256, name, publicKey)).toBe(key)
    const pkcs8 = Buffer.concat([PKCS8, fromHex(seed)!])
    const signature = sign(
      null,
      Buffer.from(text),
      createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
    )
    expect(signedNote(sha256, text, name, publicKey, signature)).toBe(note)
  })

  test.each([...VECTORS.signed, ...VECTORS.opened])('$source opens', (vector) => {
    expect(opened(vector)).toBe(vector.text)
  })

  test.each(VECTORS.refused)('$source is refused', (vector) => {
    expect(opened(vector)).toBeUndefined()
  })
})

describe('other notes', () => {
  const { verifierKey: key, note, text } = VECTORS.signed[0]!
  const { name, publicKey } = keyOf(key)

  test('every cut is refused', () => {
    for (let length = 0; length < note.length; length++)
      expect(opened({ verifierKey: key, note: note.slice(0, length) })).toBeUndefined()
  })

  test('every change of a character is refused', () => {
    for (let at = 0; at < note.length; at++)
      for (const other of ['x', 'y', '\n', ' ', '+', '\0', '\r', '\u2028', '\ud800', '']) {
        const changed = note.slice(0, at) + other + note.slice(at + 1)
        if (changed !== note && opened({ verifierKey: key, note: changed }) !== undefined)
          expect.fail(`${JSON.stringify(other)} at ${at}`)
      }
  })

  test('whatever is put in is refused, but for well-formed signatures of others', () => {
    const noise = fc.string({ unit: fc.oneof(codePoint, fc.constantFrom('\n', '—', ' ')) })
    fc.assert(
      fc.property(fc.nat(note.length), noise, (at, put) => {
        const changed = note.slice(0, at) + put + note.slice(at)
        if (put !== '') expect(opened({ verifierKey: key, note: changed })).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })

  test('signatures of others may stand before and after', () => {
    const own = note.slice(text.length + 1)
    const other = '— witness.example/a AAAAAAECAwQ=\n'
    const named = '— PeterNeumann AAAAAAECAwQ=\n'
    for (const lines of [other + own, own + other, named + own, other + own + named])
      expect(opened({ verifierKey: key, note: `${text}\n${lines}` })).toBe(text)
    for (const lines of [other, named, '', `${other}${own.slice(0, -1)}`])
      expect(opened({ verifierKey: key, note: `${text}\n${lines}` })).toBeUndefined()
  })

  test.each<[string, string]>([
    ['a key id and nothing else', '— other.example AAAAAA==\n'],
    ['a plus in a name', '— other+1 AAAAAAECAwQ=\n'],
    ['a no-break space in a name', '— other\u00a0one AAAAAAECAwQ=\n'],
    ['a hyphen instead of the dash', '- other.example AAAAAAECAwQ=\n'],
    ['base64 of the other alphabet', '— other.example AAAAA_-CAwQ=\n'],
    ['base64 without its padding', '— other.example AAAAAAECAwQ\n'],
    ['base64 with bits that mean nothing', '— other.example AAAAAAECAwR=\n'],
    ['two spaces', '— other.example  AAAAAAECAwQ=\n'],
    ['a signature of the log, cut', '— PeterNeumann x08goyZJ\n'],
  ])('%s makes it no note', (_, line) => {
    const lines = `${line}${note.slice(text.length + 1)}`
    expect(parseNote(sha256, `${text}\n${lines}`, name, publicKey)).toBeUndefined()
  })

  test.each(['\0', '\u0001', '\t', '\r', '\u001f', '\ud800'])(
    'a text with %j is none, however well it is signed',
    (bad) => {
      const { seed } = VECTORS.signed[0]!
      const key = Buffer.concat([PKCS8, fromHex(seed)!])
      const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
      const signed = (text: string): string =>
        signedNote(sha256, text, name, publicKey, sign(null, Buffer.from(text), privateKey))
      const opens = (text: string): boolean =>
        parseNote(sha256, signed(text), name, publicKey)?.text === text
      expect([opens('a line\n'), opens(`a ${bad} line\n`)]).toEqual([true, false])
    },
  )

  test('the text may have empty lines: the last of all splits', () => {
    const long = `a\n\nb\n\n\nc\n`
    const made = signedNote(sha256, long, name, publicKey, new Uint8Array(64))
    expect(parseNote(sha256, made, name, publicKey)?.text).toBe(long)
  })
})

describe('checkpoints', () => {
  const body = fc.record(
    {
      origin: fc.string({ minLength: 1, unit: codePoint }).filter((text) => !text.includes('\n')),
      size: fc.bigInt(0n, 2n ** 64n - 1n),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    },
    { noNullPrototype: true },
  )

  test.each(VECTORS.checkpoints)('$source', ({ text, origin, size, root }) => {
    const parsed = parseCheckpoint(text)!
    expect({ ...parsed, root: toHex(parsed.root) }).toEqual({ origin, size: BigInt(size), root })
    expect(checkpointText(parsed)).toBe(text)
  })

  test('text and body lead to each other', () => {
    fc.assert(
      fc.property(body, (checkpoint) => {
        expect(parseCheckpoint(checkpointText(checkpoint))).toEqual(checkpoint)
      }),
    )
  })

  test('a cut, a line put in and a changed character are refused or the one form of another', () => {
    fc.assert(
      fc.property(body, fc.nat(), fc.nat(), codePoint, (checkpoint, from, to, put) => {
        const text = checkpointText(checkpoint)
        const [a, b] = [from % (text.length + 1), to % (text.length + 1)].sort((x, y) => x - y)
        const changed = text.slice(0, a) + put + text.slice(b)
        const parsed = parseCheckpoint(changed)
        if (parsed) expect(checkpointText(parsed)).toBe(changed)
      }),
      { numRuns: 1000 },
    )
    const text = checkpointText({ origin: 'o', size: 5n, root: new Uint8Array(32) })
    for (let length = 0; length < text.length; length++)
      expect(parseCheckpoint(text.slice(0, length))).toBeUndefined()
  })

  const ROOT = `${'A'.repeat(43)}=`
  test.each([
    '',
    `\n5\n${ROOT}\n`,
    `o\n05\n${ROOT}\n`,
    `o\n-5\n${ROOT}\n`,
    `o\n5 \n${ROOT}\n`,
    `o\n\n${ROOT}\n`,
    `o\n${'9'.repeat(21)}\n${ROOT}\n`,
    `o\n5\n${ROOT.slice(1)}\n`,
    `o\n5\n${'A'.repeat(44)}\n`,
    `o\n5\n${ROOT}\nextension\n`,
    `o\n5\n${ROOT}\n\n`,
    `o\n5\n${ROOT}`,
    `\ud800\n5\n${ROOT}\n`,
  ])('%j is none', (text) => {
    expect(parseCheckpoint(text)).toBeUndefined()
  })
})
