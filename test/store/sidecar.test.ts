/** Side files: torn writes, damage, what remains of earlier contents. */
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  SIDECAR_BYTES_MAX,
  SLOT_BYTES,
  decodeSlot,
  encodeSlot,
  openFileSidecar,
  syncDirectory,
} from '../../src/store/sidecar.ts'
import { failureOf } from '../../src/testing/store-suite/kit.ts'
import { freshDirectory } from './harness.ts'
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'

async function withSidecar<T>(
  directory: string,
  use: (sidecar: ReturnType<typeof openFileSidecar>) => Promise<T>,
): Promise<T> {
  const sidecar = openFileSidecar(directory)
  try {
    return await use(sidecar)
  } finally {
    await sidecar.close()
  }
}

const readText = (directory: string): Promise<string | undefined> =>
  withSidecar(directory, async (sidecar) => {
    const content = await sidecar.read('anchor')
    return content && fromUtf8(content)
  })

/** A directory whose anchor was written several times. */
async function written(...contents: string[]): Promise<{ directory: string; file: string }> {
  const directory = freshDirectory()
  await withSidecar(directory, async (sidecar) => {
    for (const content of contents) await sidecar.write('anchor', utf8(content))
  })
  return { directory, file: join(directory, 'anchor') }
}

describe('a slot', () => {
  it('decodes to what was encoded, at every length', () => {
    for (const length of [0, 1, 32, 100, SIDECAR_BYTES_MAX]) {
      const slot = { counter: 2n ** 63n + BigInt(length), content: new Uint8Array(length).fill(7) }
      const bytes = encodeSlot('erase', slot)
      expect(bytes.length).toBe(SLOT_BYTES)
      expect(decodeSlot('erase', bytes)).toEqual(slot)
    }
  })

  it('has this layout', () => {
    const bytes = Buffer.from(encodeSlot('anchor', { counter: 258n, content: utf8('AB') }))
    expect(bytes.subarray(0, 20).toString('hex')).toBe(
      '535253494445' + '01' + '01' + '0000000000000102' + '00000002',
    )
    expect(bytes.subarray(20, 52).toString('hex')).toBe(
      'c475edf5e160f7f6e4c097f8084642a47c5dbdda1b985d0fc1f5f73cd7f69b35',
    )
    expect(bytes.subarray(52, 54).toString()).toBe('AB')
    expect(bytes.subarray(54).every((byte) => byte === 0)).toBe(true)
  })

  it('is refused with any bit of header or content changed, and under the other name', () => {
    const bytes = encodeSlot('anchor', { counter: 5n, content: utf8('content') })
    for (let bit = 0; bit < (52 + 7) * 8; bit++) {
      const changed = new Uint8Array(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(decodeSlot('anchor', changed)).toBe(undefined)
    }
    expect(decodeSlot('erase', bytes)).toBe(undefined)
    expect(decodeSlot('anchor', bytes.subarray(1))).toBe(undefined)
    expect(decodeSlot('anchor', new Uint8Array(SLOT_BYTES))).toBe(undefined)
  })

  it('of another layout is refused, though its checksum is right', () => {
    const content = utf8('content')
    const bytes = encodeSlot('anchor', { counter: 5n, content })
    const sum = (): Uint8Array =>
      createHash('sha256').update(bytes.subarray(0, 20)).update(content).digest()
    expect(bytes.subarray(20, 52)).toEqual(Uint8Array.from(sum()))
    bytes[6] = 2
    bytes.set(sum(), 20)
    expect(decodeSlot('anchor', bytes)).toBe(undefined)
  })

  it('takes no more than fits', async () => {
    const { directory } = await written('one')
    await withSidecar(directory, async (sidecar) => {
      const large = sidecar.write('anchor', new Uint8Array(SIDECAR_BYTES_MAX + 1))
      expect(await failureOf(large)).toBe('LIMIT_EXCEEDED')
      await sidecar.write('anchor', new Uint8Array(SIDECAR_BYTES_MAX))
      expect((await sidecar.read('anchor'))?.length).toBe(SIDECAR_BYTES_MAX)
    })
  })
})

describe('a torn write', () => {
  it('at any byte leaves the content of before, or the new one when all of it arrived', async () => {
    const { directory, file } = await written('one', 'two')
    const before = readFileSync(file)
    await withSidecar(directory, (sidecar) => sidecar.write('anchor', utf8('three')))
    const after = readFileSync(file)
    const at = [0, SLOT_BYTES].find(
      (start) =>
        !before
          .subarray(start, start + SLOT_BYTES)
          .equals(after.subarray(start, start + SLOT_BYTES)),
    )!
    expect(before.length).toBe(2 * SLOT_BYTES)
    const last = lastDifference(before, after)
    for (let arrived = 0; arrived <= SLOT_BYTES; arrived++) {
      const torn = Buffer.from(before)
      after.copy(torn, at, at, at + arrived)
      const slots = [torn.subarray(0, SLOT_BYTES), torn.subarray(SLOT_BYTES)]
      const newest = slots
        .flatMap((slot) => decodeSlot('anchor', slot) ?? [])
        .sort((a, b) => Number(b.counter - a.counter))[0]!
      expect(fromUtf8(newest.content)).toBe(at + arrived > last ? 'three' : 'two')
    }
    // The same through the file, around every boundary of the layout.
    for (const arrived of [0, 1, 8, 16, 20, 52, 53, 56, 57, 58, SLOT_BYTES]) {
      const torn = Buffer.from(before)
      after.copy(torn, at, at, at + arrived)
      writeFileSync(file, torn)
      expect(await readText(directory)).toBe(at + arrived > last ? 'three' : 'two')
    }
  })

  it('is overwritten by the next write, which again spares the newest', async () => {
    const { directory, file } = await written('one', 'two')
    const bytes = readFileSync(file)
    const older = decodeSlot('anchor', bytes.subarray(0, SLOT_BYTES))!
    const newer = decodeSlot('anchor', bytes.subarray(SLOT_BYTES))!
    const torn = older.counter < newer.counter ? 0 : SLOT_BYTES
    bytes.fill(0xee, torn, torn + 100)
    writeFileSync(file, bytes)
    expect(await readText(directory)).toBe('two')
    await withSidecar(directory, (sidecar) => sidecar.write('anchor', utf8('three')))
    expect(await readText(directory)).toBe('three')
    const newest = readFileSync(file)
    expect(
      fromUtf8(
        decodeSlot('anchor', newest.subarray(SLOT_BYTES - torn, 2 * SLOT_BYTES - torn))!.content,
      ),
    ).toBe('two')
  })

  it('of the very first content leaves no file of that name', async () => {
    const directory = freshDirectory()
    writeFileSync(join(directory, 'anchor.new'), 'half a slot')
    expect(await readText(directory)).toBe(undefined)
    expect(readdirSync(directory)).toEqual([])
    await withSidecar(directory, (sidecar) => sidecar.write('anchor', utf8('one')))
    expect(readdirSync(directory)).toEqual(['anchor'])
    expect(await readText(directory)).toBe('one')
  })
})

describe('a side file', () => {
  it('with both slots damaged is told, not taken for absent', async () => {
    const { directory, file } = await written('one', 'two')
    for (const bytes of [
      Buffer.alloc(2 * SLOT_BYTES),
      Buffer.alloc(0),
      readFileSync(file)
        .fill(1, 0, 10)
        .fill(1, SLOT_BYTES, SLOT_BYTES + 10),
    ]) {
      writeFileSync(file, bytes)
      const code = await withSidecar(directory, (sidecar) => failureOf(sidecar.read('anchor')))
      expect(code).toBe('INTEGRITY')
      const write = await withSidecar(directory, (sidecar) =>
        failureOf(sidecar.write('anchor', utf8('x'))),
      )
      expect(write).toBe('INTEGRITY')
    }
  })

  it('keeps one of its last two contents when the file is cut', async () => {
    const { directory, file } = await written('one', 'two')
    writeFileSync(file, readFileSync(file).subarray(0, SLOT_BYTES + 17))
    expect(['one', 'two']).toContain(await readText(directory))
  })

  it('in the place of the other is refused', async () => {
    const { directory, file } = await written('one')
    writeFileSync(join(directory, 'erase'), readFileSync(file), { mode: 0o600 })
    const code = await withSidecar(directory, (sidecar) => failureOf(sidecar.read('erase')))
    expect(code).toBe('INTEGRITY')
  })

  it('holds nothing of earlier contents after scrub', async () => {
    const secrets = ['first secret content', 'second secret content, which is longer than others']
    const { directory, file } = await written(...secrets, 'last')
    expect(readFileSync(file).includes(secrets[1]!)).toBe(true)
    await withSidecar(directory, (sidecar) => sidecar.scrub('anchor'))
    for (const secret of secrets)
      for (let length = 4; length <= secret.length; length++)
        expect(readFileSync(file).includes(secret.slice(0, length))).toBe(false)
    expect(readFileSync(file).includes('secret')).toBe(false)
    expect(await readText(directory)).toBe('last')
    expect(readFileSync(file).length).toBe(2 * SLOT_BYTES)
    expect(readdirSync(directory)).toEqual(['anchor'])
  })

  it('keeps calls in order that come at once', async () => {
    const { directory } = await written()
    await withSidecar(directory, async (sidecar) => {
      const writes = Array.from({ length: 20 }, (_, i) => sidecar.write('anchor', utf8(`${i}`)))
      const read = sidecar.read('anchor')
      await Promise.all(writes)
      expect(fromUtf8((await read)!)).toBe('19')
    })
  })

  it('is for its owner alone, and refused when it is not, or is a link', async () => {
    const { directory, file } = await written('one')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    chmodSync(file, 0o640)
    const code = await withSidecar(directory, (sidecar) => failureOf(sidecar.read('anchor')))
    expect(code).toBe('STORE_UNSAFE')
    chmodSync(file, 0o600)
    const other = freshDirectory()
    symlinkSync(file, join(other, 'anchor'))
    expect(await withSidecar(other, (sidecar) => failureOf(sidecar.read('anchor')))).toBe(
      'UNAVAILABLE',
    )
  })

  it('that cannot be written says so without its content', async () => {
    const directory = freshDirectory()
    mkdirSync(join(directory, 'anchor'))
    await withSidecar(directory, async (sidecar) => {
      const error: unknown = await sidecar.write('anchor', utf8('hidden')).catch((e: unknown) => e)
      expect(String(error)).toContain('could not be read or written')
      expect(String(error)).not.toContain('hidden')
    })
  })
})

describe('what held a content', () => {
  const TYPED = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
  afterEach(() => void vi.restoreAllMocks())

  /** The sizes of what a call wipes. */
  async function wiped(call: () => Promise<unknown>): Promise<number[]> {
    const sizes: number[] = []
    const original = Object.getOwnPropertyDescriptor(TYPED, 'fill')!.value as Uint8Array['fill']
    vi.spyOn(TYPED, 'fill').mockImplementation(function (this: Uint8Array, value) {
      if (value === 0) sizes.push(this.length)
      return original.call(this, value)
    })
    await call()
    vi.restoreAllMocks()
    return sizes
  }
  const BOTH = 2 * SLOT_BYTES

  it('is wiped by reads, writes and scrubs, but for what the caller gets', async () => {
    const directory = freshDirectory()
    const [older, newer] = [utf8('older'), utf8('newer content')]
    await withSidecar(directory, async (sidecar) => {
      const create = await wiped(() => sidecar.write('anchor', older))
      expect(create).toEqual([SLOT_BYTES, SLOT_BYTES, BOTH])
      expect(await wiped(() => sidecar.write('anchor', newer))).toEqual([SLOT_BYTES])
      expect(await wiped(() => sidecar.read('anchor'))).toEqual([older.length, BOTH])
    })
    await withSidecar(directory, async (sidecar) => {
      const scrub = await wiped(() => sidecar.scrub('anchor'))
      expect(scrub).toEqual([older.length, BOTH, SLOT_BYTES, newer.length])
    })
    await withSidecar(directory, async (sidecar) => {
      const write = await wiped(() => sidecar.write('anchor', older))
      expect(write).toEqual([newer.length, BOTH, newer.length, SLOT_BYTES])
    })
    expect(await readText(directory)).toBe('older')
  })

  it('is wiped also when a write is refused', async () => {
    const { file, directory } = await written('one')
    writeFileSync(file, Buffer.alloc(BOTH))
    await withSidecar(directory, async (sidecar) => {
      const sizes = await wiped(() => failureOf(sidecar.read('anchor')))
      expect(sizes).toEqual([BOTH])
    })
  })
})

describe('the side files of a directory', () => {
  it('end with it: calls under way are finished, later ones refused', async () => {
    const { directory } = await written('one')
    const sidecar = openFileSidecar(directory)
    const write = sidecar.write('anchor', utf8('two'))
    await Promise.all([sidecar.close(), sidecar.close()])
    await write
    for (const call of [
      sidecar.read('anchor'),
      sidecar.write('erase', utf8('x')),
      sidecar.scrub('anchor'),
    ])
      expect(await failureOf(call)).toBe('CLOSED')
    expect(await readText(directory)).toBe('two')
    expect(readdirSync(directory)).toEqual(['anchor'])
  })

  it('go on after a call that failed', async () => {
    const { directory } = await written('one')
    await withSidecar(directory, async (sidecar) => {
      const large = sidecar.write('anchor', new Uint8Array(SIDECAR_BYTES_MAX + 1))
      const read = sidecar.read('anchor')
      expect(await failureOf(large)).toBe('LIMIT_EXCEEDED')
      expect(fromUtf8((await read)!)).toBe('one')
    })
  })

  it('that are not there need no scrub', async () => {
    const directory = freshDirectory()
    await withSidecar(directory, (sidecar) => sidecar.scrub('anchor'))
    expect(readdirSync(directory)).toEqual([])
  })

  it('that cannot be made tell the cause', async () => {
    const directory = join(freshDirectory(), 'none')
    await withSidecar(directory, async (sidecar) => {
      const error: unknown = await sidecar.write('anchor', utf8('x')).catch((e: unknown) => e)
      expect(error).toMatchObject({ code: 'UNAVAILABLE', cause: { code: 'ENOENT' } })
    })
  })
})

describe('on Windows', () => {
  const { platform } = process
  afterEach(() => void Object.defineProperty(process, 'platform', { value: platform }))

  it('modes mean nothing, and directories are not synced', async () => {
    const { directory, file } = await written('one')
    chmodSync(file, 0o666)
    await expect(syncDirectory(join(directory, 'none'))).rejects.toThrow('ENOENT')
    Object.defineProperty(process, 'platform', { value: 'win32' })
    expect(await readText(directory)).toBe('one')
    await syncDirectory(join(directory, 'none'))
  })
})

function lastDifference(a: Uint8Array, b: Uint8Array): number {
  let last = a.length - 1
  while (a[last] === b[last]) last--
  return last
}
