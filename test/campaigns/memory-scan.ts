/** Searches the memory of another process for byte strings (Linux). */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

export interface Needle {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface Sighting {
  readonly name: string
  readonly address: string
  /** What the kernel calls the region. */
  readonly region: string
}

const CHUNK_BYTES = 8 * 1024 * 1024

/** Where the needles lie in writable private memory. The process should stand still meanwhile. */
export function sightings(pid: number, needles: readonly Needle[]): Sighting[] {
  const index = indexed(needles)
  const overlap = Math.max(...needles.map(({ bytes }) => bytes.length)) - 1
  const chunk = Buffer.alloc(CHUNK_BYTES + overlap)
  const found = new Map<string, Sighting>()
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const { from, to, region } of regions(pid))
      for (let at = from; at < to; at += CHUNK_BYTES) {
        const read = readAt(memory, chunk, at, Math.min(chunk.length, to - at))
        search(chunk.subarray(0, read), index, (name, offset) => {
          const address = (at + offset).toString(16)
          found.set(`${name} ${address}`, { name, address, region })
        })
      }
  } finally {
    closeSync(memory)
  }
  return [...found.values()]
}

/** Node refuses positions as plain numbers above 2^53 only; those of processes lie below 2^47. */
function readAt(memory: number, chunk: Buffer, position: number, length: number): number {
  try {
    return readSync(memory, chunk, 0, length, position)
  } catch {
    // Guard pages and regions that went away.
    return 0
  }
}

function regions(pid: number): { from: number; to: number; region: string }[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const match = /^([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ \S+ *(.*)$/.exec(line)
      if (!match) return []
      const [, from, to, mode, name] = match
      if (!mode!.startsWith('rw') || name!.startsWith('[v')) return []
      const region = name === '' ? 'anonymous' : name!
      return [{ from: parseInt(from!, 16), to: parseInt(to!, 16), region }]
    })
}

interface Index {
  /** First two bytes that some needle begins with. */
  readonly starts: Uint8Array
  readonly byStart: ReadonlyMap<number, readonly Needle[]>
}

function indexed(needles: readonly Needle[]): Index {
  const starts = new Uint8Array(65_536)
  const byStart = new Map<number, Needle[]>()
  for (const needle of needles) {
    const start = needle.bytes[0]! * 256 + needle.bytes[1]!
    starts[start] = 1
    byStart.set(start, [...(byStart.get(start) ?? []), needle])
  }
  return { starts, byStart }
}

/** One pass for all needles. */
function search(
  bytes: Buffer,
  { starts, byStart }: Index,
  hit: (name: string, offset: number) => void,
): void {
  const last = bytes.length - 1
  for (let i = 0; i < last; i++) {
    const start = bytes[i]! * 256 + bytes[i + 1]!
    if (starts[start] === 0) continue
    for (const { name, bytes: wanted } of byStart.get(start)!)
      if (bytes.length - i >= wanted.length && matches(bytes, wanted, i)) hit(name, i)
  }
}

function matches(bytes: Buffer, wanted: Uint8Array, at: number): boolean {
  for (let i = 2; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false
  return true
}
