/** A store that remembers everything that it ever held. */
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { parsePath, type PathKind } from '../../src/format/paths.ts'
import type { Commit, Store } from '../../src/store/store.ts'

/** Rows by path in hexadecimal. */
export type Image = ReadonlyMap<string, Uint8Array>

export interface History {
  readonly store: Store
  /** After each commit, oldest first; the first one is what was there before. */
  readonly images: readonly Image[]
  /** Whatever was written to the side files, in order. */
  readonly sides: { readonly anchor: readonly Uint8Array[]; readonly erase: readonly Uint8Array[] }
}

interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

const bytes = (hex: string): Uint8Array => fromHex(hex)!

/** Every value that each path has in any of these images, once. */
export function rowsOf(images: readonly Image[]): readonly Row[] {
  const seen = new Map<string, Set<Uint8Array>>()
  for (const image of images)
    for (const [key, value] of image) seen.set(key, (seen.get(key) ?? new Set()).add(value))
  return [...seen].flatMap(([key, values]) =>
    [...values].map((value) => ({ key: bytes(key), value })),
  )
}

/** Undefined for rows that this version does not know. */
export const kindOf = (key: string): PathKind | undefined => parsePath(bytes(key))?.kind

/** All rows of a store as they are now. */
export async function imageOf(store: Store): Promise<Image> {
  const lt = new Uint8Array(64).fill(255)
  const { rows } = await store.scan({ gte: new Uint8Array(1), lt, limit: 100_000 })
  return new Map(rows.map(({ key, value }) => [toHex(key), value]))
}

/** The same store; what goes into it is kept aside. */
export function remembering(inner: Store, before: Image = new Map()): History {
  const images: Image[] = [before]
  const sides = { anchor: [] as Uint8Array[], erase: [] as Uint8Array[] }
  const commit = async (asked: Commit): Promise<{ version: bigint }> => {
    const answer = await inner.commit(asked)
    const next = new Map(images.at(-1))
    for (const key of asked.dels) next.delete(toHex(key))
    for (const { key, value } of asked.puts) next.set(toHex(key), value.slice())
    images.push(next)
    return answer
  }
  const { sidecar } = inner
  const recorded = sidecar && {
    read: sidecar.read.bind(sidecar),
    scrub: sidecar.scrub.bind(sidecar),
    write: async (name: 'anchor' | 'erase', content: Uint8Array): Promise<void> => {
      const copy = content.slice()
      await sidecar.write(name, content)
      sides[name].push(copy)
    },
  }
  const store = new Proxy(inner, {
    get: (target, name) => {
      if (name === 'commit') return commit
      if (name === 'sidecar') return recorded
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { store, images, sides }
}

const ROWS_PER_COMMIT = 100

/** Makes a store hold exactly these rows, whatever it holds now. */
export async function put(store: Store, from: Image, to: Image): Promise<void> {
  const dels = [...from.keys()].filter((key) => !to.has(key)).map(bytes)
  const puts = [...to]
    .filter(([key, value]) => from.get(key) !== value)
    .map(([key, value]) => ({ key: bytes(key), value }))
  const token = new Uint8Array(16)
  await store.commit({ checks: [], dels, puts: [], token })
  for (let at = 0; at < puts.length; at += ROWS_PER_COMMIT) {
    const some = puts.slice(at, at + ROWS_PER_COMMIT)
    await store.commit({ checks: [], dels: [], puts: some, token })
  }
}
