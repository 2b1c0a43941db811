/** Byte arrays that code under test makes: what it leaves behind in them can be looked at. */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { vi } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'

/** The constructor that keeps what it makes. */
function recording(made: Uint8Array[]): typeof Uint8Array {
  return new Proxy(Uint8Array, {
    construct(target, given, maker: typeof Uint8Array) {
      const bytes = Reflect.construct(target, given, maker) as Uint8Array
      made.push(bytes)
      return bytes
    },
  })
}

/** All `new Uint8Array` while `work` runs, its memory and not a copy of it. */
export function recorded<T>(work: () => T): { readonly made: readonly Uint8Array[]; result: T } {
  const made: Uint8Array[] = []
  vi.stubGlobal('Uint8Array', recording(made))
  try {
    return { result: work(), made }
  } finally {
    vi.unstubAllGlobals()
  }
}

/** The same until the answer is there. */
export async function recordedUntil<T>(
  work: () => Promise<T>,
): Promise<{ readonly made: readonly Uint8Array[]; result: T }> {
  const made: Uint8Array[] = []
  vi.stubGlobal('Uint8Array', recording(made))
  try {
    return { result: await work(), made }
  } finally {
    vi.unstubAllGlobals()
  }
}

/** True when any of the arrays has these bytes in it. */
export const holds = (made: readonly Uint8Array[], secret: Uint8Array): boolean =>
  made.some((bytes) => toHex(bytes).includes(toHex(secret)))

type Updating = Record<'update' | 'final', (...input: readonly unknown[]) => Uint8Array>

/** What the ciphers of the platform answer while `work` runs, its memory and not a copy of it. */
export function givenByCiphers(work: () => unknown): readonly Uint8Array[] {
  const given: Uint8Array[] = []
  const block = new Uint8Array(16)
  const kinds = [createCipheriv, createDecipheriv].map(
    (create) => Object.getPrototypeOf(create('aes-128-ecb', block, null)) as Updating,
  )
  const spies = kinds.flatMap((prototype) =>
    (['update', 'final'] as const).map((name) => {
      const original = prototype[name]
      return vi.spyOn(prototype, name).mockImplementation(function (this: object, ...input) {
        const answer = original.apply(this, input)
        given.push(answer)
        return answer
      })
    }),
  )
  try {
    work()
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return given
}

export const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)
