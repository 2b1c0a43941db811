/** Values that nobody should hand in, and where to put them. */

const throwing = (): unknown => {
  throw new RangeError('a getter that throws')
}
/** Refuses every question that can be asked of an object. */
const hostileProxy = (target: object): object =>
  new Proxy(target, {
    get: throwing,
    has: throwing as () => never,
    ownKeys: throwing as () => never,
    getPrototypeOf: throwing as () => never,
    getOwnPropertyDescriptor: throwing as () => never,
  })
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
function cyclic(): object {
  const one: Record<string, unknown> = { a: 1 }
  one['self'] = one
  return one
}
function cyclicArray(): unknown[] {
  const one: unknown[] = []
  one.push(one)
  return one
}
const getter = (): object => Object.defineProperty({}, 'a', { get: throwing, enumerable: true })
const own = (name: string): object =>
  Object.defineProperty({}, name, { value: { a: 'b' }, enumerable: true })
function detached(): Uint8Array {
  const bytes = new Uint8Array(16)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}
function nested(depth: number): unknown {
  let value: unknown = 'deep'
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { value }
  return value
}
class Foreign {
  displayName = 'x'
  get keyId(): string {
    throw new TypeError('a class that throws')
  }
}
const wide = (): object =>
  Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`name-${i}`, 'value']))

/** Made anew for each use: some can be used up. */
export const HOSTILE: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  zero: () => 0,
  'minus zero': () => -0,
  negative: () => -1,
  fraction: () => 1.5,
  huge: () => 1e308,
  unsafe: () => 2 ** 53,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  BigInt: () => 12n,
  Symbol: () => Symbol('hostile'),
  'well-known symbol': () => Symbol.iterator,
  'empty string': () => '',
  'one letter': () => 'x',
  'many letters': () => 'x'.repeat(200_000),
  'lone high surrogate': () => '\ud800',
  'lone low surrogate': () => 'name\udfff',
  'zero byte': () => 'a\0b',
  'not an id': () => '00000000-0000-4000-8000-00000000000g',
  'unknown id': () => '00000000-0000-4000-8000-000000000000',
  __proto__text: () => '__proto__',
  'constructor text': () => 'constructor',
  'String object': () => new String('alias/x'),
  'Number object': () => new Number(7),
  'empty array': () => [],
  'array of itself': cyclicArray,
  'array with holes': () => new Array<unknown>(5),
  'long array': () => Array.from({ length: 5000 }, () => 'encrypt'),
  'mixed array': () => ['encrypt', null, 3n],
  'empty object': () => ({}),
  'object of itself': cyclic,
  'wide object': wide,
  'deep value': () => nested(20_000),
  'getter that throws': getter,
  'own __proto__': () => own('__proto__'),
  'own constructor': () => own('constructor'),
  'own toString': () => own('toString'),
  'own then': () => ({ then: throwing }),
  'toJSON that throws': () => ({ toJSON: throwing, valueOf: throwing, toString: throwing }),
  'no prototype': () => Object.assign(Object.create(null) as object, { a: 'b' }),
  'polluted prototype': () => Object.create({ keyId: 'x', vaultId: 'x' }) as object,
  'class instance': () => new Foreign(),
  'hostile proxy': () => hostileProxy({}),
  'hostile proxy of an array': () => hostileProxy([]),
  'hostile proxy of bytes': () => hostileProxy(new Uint8Array(4)),
  'proxy of bytes': () => new Proxy(new Uint8Array(4), {}),
  'proxy of a date': () => new Proxy(new Date(), {}),
  'revoked proxy': revoked,
  function: () => () => 'x',
  'async function': () => async () => 'x',
  promise: () => Promise.resolve('x'),
  Map: () => new Map([['a', 'b']]),
  RegExp: () => /x/,
  Error: () => new Error('x'),
  'date NaN': () => new Date(Number.NaN),
  'date too late': () => new Date(8.64e15),
  'date before 1970': () => new Date(-1),
  'date subclass': () => Object.create(Date.prototype) as Date,
  'no bytes': () => new Uint8Array(0),
  'one byte': () => new Uint8Array(1),
  'many bytes': () => new Uint8Array(100_000),
  Buffer: () => Buffer.from('buffer'),
  'detached bytes': detached,
  DataView: () => new DataView(new ArrayBuffer(8)),
  ArrayBuffer: () => new ArrayBuffer(8),
  'shared bytes': () => new Uint8Array(new SharedArrayBuffer(8)),
  Float64Array: () => new Float64Array(2),
  'fake bytes': () => Object.create(Uint8Array.prototype) as Uint8Array,
}

type Step = string | number
export type Path = readonly Step[]

/** Every place in an input: the whole, its fields, and what is inside them. */
export function places(value: unknown, at: Path = []): readonly Path[] {
  const inside = Array.isArray(value)
    ? value.flatMap((item, i) => places(item, [...at, i]))
    : isRecord(value)
      ? Object.entries(value).flatMap(([name, item]) => places(item, [...at, name]))
      : []
  return [at, ...inside]
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** A copy with one place changed. */
export function changed(value: unknown, at: Path, replacement: unknown): unknown {
  const [first, ...rest] = at
  if (first === undefined) return replacement
  if (Array.isArray(value))
    return value.map((item: unknown, i) => (i === first ? changed(item, rest, replacement) : item))
  const source = value as Record<Step, unknown>
  return { ...source, [first]: changed(source[first], rest, replacement) }
}

/** A copy without one place. */
export function without(value: unknown, at: Path): unknown {
  const [first, ...rest] = at
  if (first === undefined) return undefined
  if (Array.isArray(value)) return value.toSpliced(Number(first), 1)
  const source = { ...(value as Record<Step, unknown>) }
  if (rest.length > 0) return { ...source, [first]: without(source[first], rest) }
  return Object.fromEntries(Object.entries(source).filter(([name]) => name !== first))
}

/** Names that an input does not have: misspelt, inherited, or meant to reach a prototype. */
export const FOREIGN_NAMES = [
  'keyID',
  '__proto__',
  'constructor',
  'toString',
  'prototype',
  '',
] as const

export const withName = (value: object, name: string): object =>
  Object.defineProperty({ ...value }, name, { value: 'x', enumerable: true, configurable: true })
