/** BER (X.690 section 8) with definite and indefinite lengths, as far as CMS needs it. */

export interface BerNode {
  readonly tag: number
  /** Of primitive elements. */
  readonly contents: Uint8Array
  /** Of constructed elements. */
  readonly children: readonly BerNode[]
}

const CONSTRUCTED = 0x20
const DEPTH_MAX = 16

/** The one element that the bytes hold; throws a RangeError when they hold anything else. */
export function readBer(bytes: Uint8Array): BerNode {
  const { node, end } = element(bytes, 0, 0)
  if (end !== bytes.length) throw malformed()
  return node
}

const malformed = () => new RangeError('expected one element in BER')

function element(bytes: Uint8Array, start: number, depth: number): { node: BerNode; end: number } {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined || depth > DEPTH_MAX) throw malformed()
  const { at, end } = extent(bytes, start + 2, first)
  if ((tag & CONSTRUCTED) === 0) {
    if (end === undefined) throw malformed()
    return { node: { tag, contents: bytes.subarray(at, end), children: [] }, end }
  }
  const children: BerNode[] = []
  let next = at
  while (end === undefined ? !endsAt(bytes, next) : next < end) {
    const child = element(bytes, next, depth + 1)
    children.push(child.node)
    next = child.end
  }
  if (end !== undefined && next !== end) throw malformed()
  const node = { tag, contents: new Uint8Array(0), children }
  return { node, end: end ?? next + 2 }
}

/** Where contents begin, and where they end unless end-of-contents tells. */
function extent(bytes: Uint8Array, at: number, first: number): { at: number; end?: number } {
  if (first === 0x80) return { at }
  const count = first < 0x80 ? 0 : first & 0x7f
  let length = count === 0 ? first : 0
  for (const byte of bytes.subarray(at, at + count)) length = length * 256 + byte
  const end = at + count + length
  if (end > bytes.length) throw malformed()
  return { at: at + count, end }
}

const endsAt = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0 && bytes[at + 1] === 0

/** The contents of an octet string, whole or in pieces (X.690 8.7). */
export function octetsOf({ contents, children }: BerNode): Uint8Array {
  const pieces = children.length > 0 ? children.map(octetsOf) : [contents]
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]))
}
