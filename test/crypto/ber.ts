/**
 * A DER structure in every way in which it is wrong at one place: other encodings of the same
 * values (X.690 8 allows them, 10 does not), and elements that are longer, shorter, gone or there
 * twice. The lengths around it are right.
 */

interface Element {
  readonly tag: number
  readonly content: Uint8Array
  readonly children: readonly Element[] | undefined
}

const CONSTRUCTED = 0x20
const INTEGER = 0x02

function elements(bytes: Uint8Array): readonly Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!
    const first = bytes[at + 1]!
    const more = first < 0x80 ? 0 : first & 0x7f
    let length = more === 0 ? first : 0
    for (let i = 0; i < more; i++) length = length * 256 + bytes[at + 2 + i]!
    const start = at + 2 + more
    const content = bytes.slice(start, start + length)
    found.push({ tag, content, children: tag & CONSTRUCTED ? elements(content) : undefined })
    at = start + length
  }
  return found
}

const join = (...parts: readonly (Uint8Array | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])))

function lengthOf({ length }: Uint8Array): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  if (length < 0x100) return Uint8Array.of(0x81, length)
  return Uint8Array.of(0x82, length >>> 8, length & 0xff)
}
const encode = (tag: number, content: Uint8Array): Uint8Array =>
  join(tag, lengthOf(content), content)
const encoded = ({ tag, content }: Element): Uint8Array => encode(tag, content)

/** The same length with one byte more than it needs. */
function longLength(content: Uint8Array): Uint8Array {
  const [first, ...rest] = lengthOf(content)
  return first! < 0x80 ? Uint8Array.of(0x81, first!) : Uint8Array.of(first! + 1, 0, ...rest)
}

/** One element, wrong. */
const INJURIES: Readonly<Record<string, (element: Element) => Uint8Array | undefined>> = {
  'with its length in long form': ({ tag, content }) => join(tag, longLength(content), content),
  'of indefinite length': ({ tag, content }) => join(tag, 0x80, content, 0, 0),
  'with a byte more inside': ({ tag, content }) => encode(tag, join(content, 0)),
  'with a byte less inside': ({ tag, content }) =>
    content.length > 0 ? encode(tag, content.slice(0, -1)) : undefined,
  'with nothing inside': ({ tag, content }) =>
    content.length > 0 ? encode(tag, new Uint8Array(0)) : undefined,
  'with another tag': ({ tag, content }) => encode(tag ^ 0x10, content),
  'as the other of primitive and constructed': ({ tag, content }) =>
    encode(tag ^ CONSTRUCTED, content),
  'with a tag of two bytes': ({ tag, content }) => join(0x1f | tag, encode(tag, content).slice(1)),
  'left out': () => new Uint8Array(0),
  'there twice': (element) => join(encoded(element), encoded(element)),
  'with a zero before it': ({ tag, content }) =>
    tag === INTEGER ? encode(tag, join(0, content)) : undefined,
  negative: ({ tag, content }) =>
    tag === INTEGER ? encode(tag, join(content[0]! | 0x80, content.slice(1))) : undefined,
}

export interface Injured {
  /** Path of the element, as numbers from 0, and what is wrong with it. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Each element of a structure in each wrong way, one at a time; the outermost is '0'. */
export function injured(der: Uint8Array): readonly Injured[] {
  const [root] = elements(der)
  return [
    ...within(root!, '0').map(({ name, bytes }) => ({ name, bytes })),
    { name: 'a byte after the end', bytes: join(der, 0) },
    { name: 'a byte before the beginning', bytes: join(0, der) },
    { name: 'nothing', bytes: new Uint8Array(0) },
  ]
}

function within(element: Element, at: string): readonly Injured[] {
  const own = Object.entries(INJURIES).flatMap(([what, injure]) => {
    const bytes = injure(element)
    return bytes ? [{ name: `${at} ${what}`, bytes }] : []
  })
  const { children = [], tag } = element
  const inner = children.flatMap((child, i) =>
    within(child, `${at}.${i}`).map(({ name, bytes }) => {
      const parts = children.map((other, j) => (j === i ? bytes : encoded(other)))
      return { name, bytes: encode(tag, join(...parts)) }
    }),
  )
  return [...own, ...inner]
}
