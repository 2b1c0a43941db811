/**
 * Side files beside a store (docs/formats/store.md): two slots of 4 KiB each, and a write goes to
 * the older one, so that a torn write leaves the newer one whole. The handle stays open: one write
 * and one fdatasync per call.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { constants, writeSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClosableSidecar } from './limits.ts'
import type { SidecarName } from './store.ts'
import { StrongroomError } from '../base/errors.ts'
import { storeClosed } from './limits.ts'
import { secretCopy, wipe } from '../base/bytes.ts'

export const SLOT_BYTES = 4096
/** Magic with layout version and kind 8, counter 8, length 4, checksum 32. */
const HEADER_BYTES = 52
const CHECKSUM_AT = 20
const CHECKSUM_BYTES = 32
/** The longest content of a side file. */
export const SIDECAR_BYTES_MAX = SLOT_BYTES - HEADER_BYTES

const LAYOUT_VERSION = 1
/** The kind is part of the magic: one file put in the place of the other is refused. */
const KINDS: Readonly<Record<SidecarName, number>> = { anchor: 1, erase: 2 }
const SLOTS = [0, 1] as const

interface Slot {
  readonly counter: bigint
  readonly content: Uint8Array
}

/**
 * The bytes of one slot: always the whole 4 KiB, so that nothing of a longer content before it
 * remains.
 */
export function encodeSlot(name: SidecarName, { counter, content }: Slot): Uint8Array {
  if (content.length > SIDECAR_BYTES_MAX)
    throw new StrongroomError(
      'LIMIT_EXCEEDED',
      `Side file ${name}: at most ${SIDECAR_BYTES_MAX} bytes, got ${content.length}.`,
    )
  const slot = new Uint8Array(SLOT_BYTES)
  const view = new DataView(slot.buffer)
  slot.set([0x53, 0x52, 0x53, 0x49, 0x44, 0x45, LAYOUT_VERSION, KINDS[name]]) // 'SRSIDE'
  view.setBigUint64(8, counter)
  view.setUint32(16, content.length)
  slot.set(content, HEADER_BYTES)
  slot.set(checksum(slot, content.length), CHECKSUM_AT)
  return slot
}

/** The content of a slot, or undefined when it is not whole. */
export function decodeSlot(name: SidecarName, slot: Uint8Array): Slot | undefined {
  if (slot.length !== SLOT_BYTES) return undefined
  const view = new DataView(slot.buffer, slot.byteOffset, slot.length)
  const length = view.getUint32(16)
  if (length > SIDECAR_BYTES_MAX) return undefined
  const found = slot.subarray(CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES)
  if (!timingSafeEqual(found, checksum(slot, length))) return undefined
  if (slot[6] !== LAYOUT_VERSION || slot[7] !== KINDS[name]) return undefined
  const content = secretCopy(slot.subarray(HEADER_BYTES, HEADER_BYTES + length))
  return { counter: view.getBigUint64(8), content }
}

/** SHA-256 of everything before the checksum and of the content: finds accidents, not forgers. */
const checksum = (slot: Uint8Array, length: number): Uint8Array =>
  createHash('sha256')
    .update(slot.subarray(0, CHECKSUM_AT))
    .update(slot.subarray(HEADER_BYTES, HEADER_BYTES + length))
    .digest()

/** The side files of one directory, which exists and is private to its owner. */
export function openFileSidecar(directory: string): ClosableSidecar {
  const files = new Map<SidecarName, SlotFile>()
  let closed = false
  const inTurn = <T>(name: SidecarName, call: (file: SlotFile) => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(storeClosed())
    const known = files.get(name) ?? new SlotFile(directory, name)
    files.set(name, known)
    return known.inTurn(call)
  }
  return {
    read: (name) => inTurn(name, (file) => file.read()),
    write: (name, content) => inTurn(name, (file) => file.write(content)),
    scrub: (name) => inTurn(name, (file) => file.scrub()),
    close: async () => {
      if (closed) return
      closed = true
      await Promise.all(Array.from(files.values(), (one) => one.close()))
    },
  }
}

class SlotFile {
  readonly #directory: string
  readonly #path: string
  readonly #name: SidecarName
  #handle: FileHandle | undefined
  /** The slot that holds the newest whole content and its counter, once read or written. */
  #newest: { readonly index: 0 | 1; readonly counter: bigint } | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(directory: string, name: SidecarName) {
    this.#directory = directory
    this.#name = name
    this.#path = join(directory, name)
  }

  /** One call after the other: slots are never written by two at once. */
  inTurn<T>(call: (file: this) => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => call(this)).catch((error: unknown) => this.#fail(error))
    this.#turn = result.catch(() => undefined)
    return result
  }

  async read(): Promise<Uint8Array | undefined> {
    return (await this.#load())?.content
  }

  async write(content: Uint8Array): Promise<void> {
    const newest = this.#newest ?? (await this.#locate())
    if (newest === undefined) return this.#create(content)
    await this.#put(newest.index === 0 ? 1 : 0, newest.counter + 1n, content)
  }

  async scrub(): Promise<void> {
    const newest = await this.#load()
    if (newest === undefined) return
    try {
      await this.#put(newest.index === 0 ? 1 : 0, newest.counter + 1n, newest.content)
      await this.#handle!.sync()
    } finally {
      wipe(newest.content)
    }
  }

  async close(): Promise<void> {
    await this.inTurn(async () => this.#handle?.close())
  }

  async #locate(): Promise<{ index: 0 | 1; counter: bigint } | undefined> {
    const found = await this.#load()
    wipe(found?.content)
    return found
  }

  async #put(index: 0 | 1, counter: bigint, content: Uint8Array): Promise<void> {
    const slot = encodeSlot(this.#name, { counter, content })
    try {
      // A copy into the page cache, microseconds; the wait is in the fdatasync, off the loop.
      writeWhole(this.#handle!.fd, slot, index * SLOT_BYTES)
      await this.#handle!.datasync()
    } finally {
      wipe(slot)
    }
    this.#newest = { index, counter }
  }

  /** The newest whole slot; undefined when the file was never written. */
  async #load(): Promise<(Slot & { readonly index: 0 | 1 }) | undefined> {
    this.#handle ??= await this.#open()
    if (this.#handle === undefined) return undefined
    const bytes = new Uint8Array(2 * SLOT_BYTES)
    try {
      const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, 0)
      const slots = SLOTS.flatMap((index) => {
        const end = Math.min(bytesRead, (index + 1) * SLOT_BYTES)
        const slot = decodeSlot(this.#name, bytes.subarray(index * SLOT_BYTES, end))
        return slot ? [{ ...slot, index }] : []
      }).sort((a, b) => (a.counter < b.counter ? 1 : -1))
      for (const older of slots.slice(1)) wipe(older.content)
      const [newest] = slots
      if (newest === undefined) throw this.#broken('neither of its two slots is whole')
      this.#newest = { index: newest.index, counter: newest.counter }
      return newest
    } finally {
      wipe(bytes)
    }
  }

  async #open(): Promise<FileHandle | undefined> {
    // A draft whose creation was cut short was never answered: it goes, content and all.
    await rm(`${this.#path}.new`, { force: true })
    const handle = await open(this.#path, constants.O_RDWR | NO_FOLLOW).catch(absent)
    if (handle === undefined) return undefined
    const { mode } = await handle.stat()
    if (process.platform === 'win32' || (mode & 0o077) === 0) return handle
    await handle.close()
    throw new StrongroomError(
      'STORE_UNSAFE',
      `The side file ${this.#path} is open to other users. Run: chmod 600 '${this.#path}'`,
    )
  }

  /**
   * Written whole under another name, then renamed: under its own name the file is never half made.
   */
  async #create(content: Uint8Array): Promise<void> {
    const draft = `${this.#path}.new`
    const both = this.#bothSlots(content)
    const handle = await open(draft, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      writeWhole(handle.fd, both, 0)
      await handle.sync()
      await rename(draft, this.#path)
      await syncDirectory(this.#directory)
    } catch (error) {
      await handle.close()
      throw error
    } finally {
      wipe(both)
    }
    this.#handle = handle
    this.#newest = { index: 1, counter: 2n }
  }

  #bothSlots(content: Uint8Array): Uint8Array {
    const both = new Uint8Array(2 * SLOT_BYTES)
    for (const index of SLOTS) {
      const slot = encodeSlot(this.#name, { counter: BigInt(index + 1), content })
      both.set(slot, index * SLOT_BYTES)
      wipe(slot)
    }
    return both
  }

  #broken(why: string): StrongroomError {
    return new StrongroomError(
      'INTEGRITY',
      `The side file ${this.#path} is damaged: ${why}. Put back a copy of it.`,
    )
  }

  #fail(error: unknown): never {
    if (error instanceof StrongroomError) throw error
    throw new StrongroomError(
      'UNAVAILABLE',
      `The side file ${this.#path} could not be read or written.`,
      { cause: error },
    )
  }
}

/** Symbolic links are not followed where the platform can refuse them. */
const NO_FOLLOW = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW

function writeWhole(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(fd, bytes, done, bytes.length - done, position + done)
}

/** Makes the names in a directory durable; Windows keeps them by itself and cannot be asked. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
  throw error as Error
}
