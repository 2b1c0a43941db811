/** Byte arrays that code under test makes: what it leaves behind in them can be looked at. */
import { vi } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'

/** All `new Uint8Array` while `work` runs, its memory and not a copy of it. */
export function recorded<T>(work: () => T): { readonly made: readonly Uint8Array[]; result: T } {
  const made: Uint8Array[] = []
  const recording = new Proxy(Uint8Array, {
    construct(target, given, maker: typeof Uint8Array) {
      const bytes = Reflect.construct(target, given, maker) as Uint8Array
      made.push(bytes)
      return bytes
    },
  })
  vi.stubGlobal('Uint8Array', recording)
  try {
    return { result: work(), made }
  } finally {
    vi.unstubAllGlobals()
  }
}

/** True when any of the arrays has these bytes in it. */
export const holds = (made: readonly Uint8Array[], secret: Uint8Array): boolean =>
  made.some((bytes) => toHex(bytes).includes(toHex(secret)))
