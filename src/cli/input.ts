/** A file or standard input, read in blocks of one size: memory does not grow with the file. */
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { fileFailure, STANDARD } from './paths.ts'

export interface Block {
  /** Valid until the next block is asked for. */
  readonly bytes: Uint8Array
  /** No byte follows. Only the last block may be shorter, or empty when the whole input is. */
  readonly last: boolean
}

export interface Input {
  /** Undefined for pipes and devices. */
  readonly sizeBytes: number | undefined
  /** Exactly `length` bytes, or fewer at the end. */
  read(length: number): Promise<Uint8Array>
  /** What is left, block by block; at least one block. */
  blocks(length: number): AsyncGenerator<Block, void>
  close(): Promise<void>
}

/** Fills as much of `target` as there is input for; answers how much that was. */
type Fill = (target: Uint8Array) => Promise<number>

export async function openInput(path: string): Promise<Input> {
  if (path === STANDARD) return standardInput()
  try {
    const file = await open(path, 'r')
    const status = await file.stat()
    if (status.isDirectory()) {
      await file.close()
      throw Object.assign(new Error('is a folder'), { code: 'EISDIR', syscall: 'read' })
    }
    const fill = guarded(path, fillFrom(file))
    return inputOf(status.isFile() ? status.size : undefined, fill, () => file.close())
  } catch (error) {
    throw fileFailure('input', path, error)
  }
}

function inputOf(sizeBytes: number | undefined, fill: Fill, close: () => Promise<void>): Input {
  return {
    sizeBytes,
    async read(length) {
      const target = new Uint8Array(length)
      return target.subarray(0, await fill(target))
    },
    blocks: (length) => blocksOf(fill, length),
    close,
  }
}

/**
 * Two buffers in turn: the block after must be seen before a full block is known not to be the
 * last.
 */
async function* blocksOf(fill: Fill, length: number): AsyncGenerator<Block, void> {
  let buffer = new Uint8Array(length)
  let spare = new Uint8Array(length)
  try {
    let used = await fill(buffer)
    while (used === length) {
      const ahead = await fill(spare)
      yield { bytes: buffer, last: ahead === 0 }
      if (ahead === 0) return
      ;[buffer, spare, used] = [spare, buffer, ahead]
    }
    yield { bytes: buffer.subarray(0, used), last: true }
  } finally {
    // The plaintext of a file passes through here.
    buffer.fill(0)
    spare.fill(0)
  }
}

const fillFrom =
  (file: FileHandle): Fill =>
  async (target) => {
    let used = 0
    while (used < target.length) {
      const { bytesRead } = await file.read(target, used, target.length - used)
      if (bytesRead === 0) break
      used += bytesRead
    }
    return used
  }

const guarded =
  (path: string, fill: Fill): Fill =>
  async (target) => {
    try {
      return await fill(target)
    } catch (error) {
      throw fileFailure('input', path, error)
    }
  }

function standardInput(): Input {
  const chunks = process.stdin.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>
  let rest: Uint8Array = new Uint8Array(0)
  const fill: Fill = async (target) => {
    let used = 0
    while (used < target.length) {
      if (rest.length === 0) {
        const next = await chunks.next()
        if (next.done === true) break
        rest = next.value
      }
      const taken = Math.min(rest.length, target.length - used)
      target.set(rest.subarray(0, taken), used)
      rest = rest.subarray(taken)
      used += taken
    }
    return used
  }
  const close = async () => {
    process.stdin.destroy()
  }
  return inputOf(undefined, guarded(STANDARD, fill), close)
}
