/**
 * An object store in a folder: one file for each object. Node only; nothing of Node is loaded before
 * the first call.
 */
import { toHex, utf8 } from '../base/bytes.ts'
import type { ObjectRef, ObjectStore } from './objects.ts'

const PIECE_BYTES = 262_144
/** File systems take 255 bytes; a hash and a suffix still fit. */
const NAME_LENGTH_MAX = 150

/**
 * Objects as files below a folder, which is made when the first is put. A file appears whole or not
 * at all, and durable.
 */
export const directoryObjectStore = (path: string): ObjectStore => ({
  async put(ref, stream) {
    const { open, mkdir, rename, rm } = await import('node:fs/promises')
    const paths = await import('node:path')
    const { randomUUID } = await import('node:crypto')
    const target = paths.join(path, ...(await partsOf(ref)))
    await mkdir(paths.dirname(target), { recursive: true, mode: 0o700 })
    const partial = paths.join(paths.dirname(target), `.${randomUUID()}.partial`)
    try {
      const file = await open(partial, 'wx', 0o600)
      try {
        for await (const piece of stream) await file.writeFile(piece)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(partial, target)
    } catch (error) {
      await rm(partial, { force: true })
      throw error
    }
    await syncFolder(paths.dirname(target))
  },
  async get(ref) {
    const { open } = await import('node:fs/promises')
    const paths = await import('node:path')
    try {
      return piecesOf(await open(paths.join(path, ...(await partsOf(ref))), 'r'))
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return undefined
      throw error
    }
  },
})

type File = Awaited<ReturnType<(typeof import('node:fs/promises'))['open']>>

async function* piecesOf(file: File): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const piece = new Uint8Array(PIECE_BYTES)
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES)
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** The name itself must survive a power cut too. Windows has no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const { open } = await import('node:fs/promises')
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function partsOf(ref: ObjectRef): Promise<readonly string[]> {
  if ('uri' in ref) return ['uri', await fileName(ref.uri)]
  const { namespace = '', bucket, object } = ref
  return ['bucket', await fileName(namespace), await fileName(bucket), await fileName(object)]
}

/**
 * One file name for each name, on file systems that ignore case too: all but a-z, 0-9 and `-` is
 * written in hex; what gets too long ends in a hash.
 */
async function fileName(name: string): Promise<string> {
  let text = ''
  for (const byte of utf8(name)) {
    const letter = String.fromCharCode(byte)
    text += /[a-z0-9-]/.test(letter) ? letter : `_${toHex(Uint8Array.of(byte))}`
  }
  if (text.length <= NAME_LENGTH_MAX) return `o${text}`
  const { createHash } = await import('node:crypto')
  return `h${text.slice(0, 60)}_${createHash('sha256').update(name).digest('hex')}`
}
