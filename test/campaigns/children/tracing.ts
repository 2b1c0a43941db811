/**
 * Preloaded into a writer where strace cannot be had: notes the calls of node:fs, and what LevelDB
 * did to its files as far as looks at them tell, before each sync and each line of output. Its own
 * syncs cannot be seen: what it wrote counts as synced, a name that it made does not. Environment:
 * the file of the trace, and the directory below which everything happens.
 */
import fs, { type PathLike } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { devNull } from 'node:os'
import { dirname, join } from 'node:path'
import type { NotedCall } from '../trace.ts'

const { STRONGROOM_TRACE: output, STRONGROOM_TRACE_BASE: base } = process.env
const { openSync, writeSync, closeSync, fsync, readdirSync, readFileSync, statSync } = fs
const trace = openSync(output!, 'a')
let moment = 0
/** Reading files for a look goes through the patched calls too. */
let looking = false
/** What one look finds happened at no moment of its own: no power cut falls into it. */
let fraction = 0

const next = (): number => (looking ? moment + ++fraction / 1e6 : moment++)

type Argument = string | number | Uint8Array

function note(name: string, args: readonly Argument[], result = 0, start = next()): void {
  const texts = args.map((arg) =>
    typeof arg === 'number' ? `${arg}` : { hex: Buffer.from(arg).toString('hex') },
  )
  const call: NotedCall = { name, args: texts, result, start, end: next() }
  writeSync(trace, `${JSON.stringify(call)}\n`)
}

/** Flags as text without hexadecimal: a plain argument of the trace. */
function noteOpen(path: PathLike, flags: unknown, fd: number): void {
  const { O_CREAT, O_TRUNC } = fs.constants
  const bits = typeof flags === 'number' ? flags : 0
  const names = [...(bits & O_CREAT ? ['O_CREAT'] : []), ...(bits & O_TRUNC ? ['O_TRUNC'] : [])]
  const call: NotedCall = {
    name: 'openat',
    args: ['AT_FDCWD', { hex: Buffer.from(String(path)).toString('hex') }, names.join('|')],
    result: fd,
    start: next(),
    end: next(),
  }
  writeSync(trace, `${JSON.stringify(call)}\n`)
}

interface Seen {
  readonly ino: number
  readonly content: Buffer
}
/** Files of LevelDB by directory (its inode: directories are renamed) and name. */
const seen = new Map<number, Map<string, Seen>>()
/** No handle of the process has such a number. */
const OTHER_HANDLE = 1_000_000

/** What LevelDB did since the last look, as calls. */
function look(): void {
  looking = true
  for (const home of readdirSync(base!))
    for (const entry of readdirSync(join(base!, home), { withFileTypes: true }))
      if (entry.isDirectory()) lookInto(join(base!, home, entry.name))
  looking = false
  moment++
  fraction = 0
}

function filesIn(directory: string): Map<string, Seen> {
  const files = new Map<string, Seen>()
  for (const name of readdirSync(directory)) {
    // Whoever closes a handle of the lock file gives up the lock (POSIX).
    if (name === 'LOCK') continue
    const path = join(directory, name)
    try {
      files.set(name, { ino: statSync(path).ino, content: readFileSync(path) })
    } catch {
      // Gone again since the directory was read.
    }
  }
  return files
}

/** After a call that was noted itself: what it did is no news. */
function known(path: string): void {
  const { ino } = statSync(dirname(path))
  if (!seen.has(ino)) return
  looking = true
  seen.set(ino, filesIn(dirname(path)))
  looking = false
}

function lookInto(directory: string): void {
  const { ino: home } = statSync(directory)
  const before = seen.get(home) ?? new Map<string, Seen>()
  const now = filesIn(directory)
  seen.set(home, now)
  for (const [name, file] of [...now].sort(([a], [b]) => orderOf(a) - orderOf(b))) {
    const [old] = [...before].filter(([other, { ino }]) => ino === file.ino && !now.has(other))
    if (!before.has(name) && old) {
      note('rename', [join(directory, old[0]), join(directory, name)])
      before.delete(old[0])
      before.set(name, old[1])
    }
    noteContent(join(directory, name), file, before.get(name))
  }
  for (const name of before.keys()) if (!now.has(name)) note('unlink', [join(directory, name)])
}

/** LevelDB makes its files in this order, and removes others last. */
const ORDER = [/\.ldb$/, /\.log$/, /^MANIFEST/, /^CURRENT$/]
const orderOf = (name: string): number => ORDER.findIndex((pattern) => pattern.test(name))

function noteContent(path: string, file: Seen, before: Seen | undefined): void {
  const { content } = file
  if (before?.content.equals(content)) return
  if (before && before.ino !== file.ino) {
    noteContent(`${path}.new`, file, undefined)
    note('rename', [`${path}.new`, path])
    return
  }
  noteOpen(path, before ? 0 : fs.constants.O_CREAT, OTHER_HANDLE)
  const old = before?.content ?? Buffer.alloc(0)
  let same = 0
  while (same < old.length && old[same] === content[same]) same++
  if (content.length < old.length) note('ftruncate', [OTHER_HANDLE, content.length])
  const rest = content.subarray(same)
  note('pwrite64', [OTHER_HANDLE, rest, rest.length, same], rest.length)
  note('fdatasync', [OTHER_HANDLE])
  note('close', [OTHER_HANDLE])
}

const patched = {
  openSync: (path: PathLike, flags: string | number, mode?: number): number => {
    const fd = openSync(path, flags, mode)
    if (!looking) noteOpen(path, flags, fd)
    return fd
  },
  closeSync: (fd: number): void => {
    closeSync(fd)
    if (!looking) note('close', [fd])
  },
  writeSync: (fd: number, data: Uint8Array | string, from = 0, length?: number, at?: number) => {
    const bytes = Buffer.from(data).subarray(from, length === undefined ? undefined : from + length)
    // A line of output says that something is done: what was done before it comes first.
    if (fd === 1) look()
    const result = writeSync(fd, bytes, 0, bytes.length, at)
    const place = at === undefined ? [] : [at]
    note(at === undefined ? 'write' : 'pwrite64', [fd, bytes, bytes.length, ...place], result)
    return result
  },
  fsync: (fd: number, done: (error: Error | null) => void): void => {
    look()
    const start = next()
    fsync(fd, (error) => {
      if (!error) note('fsync', [fd], 0, start)
      done(error)
    })
  },
}

const { open, link, rename, rm, mkdir, mkdtemp } = fs.promises
const promised = {
  open: async (...args: Parameters<typeof open>) => {
    const handle = await open(...args)
    noteOpen(args[0], args[1], handle.fd)
    return handle
  },
  link: async (from: string, to: string): Promise<void> => {
    look()
    await link(from, to)
    note('link', [from, to])
    known(to)
  },
  rename: async (from: string, to: string): Promise<void> => {
    look()
    await rename(from, to)
    note('rename', [from, to])
    known(to)
  },
  rm: async (path: string, options?: fs.RmOptions): Promise<void> => {
    const there = fs.existsSync(path)
    if (there) look()
    await rm(path, options)
    if (!there) return
    note('unlink', [path])
    known(path)
  },
  mkdir: async (path: string, options: fs.MakeDirectoryOptions): Promise<string | undefined> => {
    const first = await mkdir(path, options)
    const made: string[] = []
    for (let at = path; first !== undefined && at.length >= first.length; at = dirname(at))
      made.unshift(at)
    for (const directory of made) note('mkdir', [directory])
    return first
  },
  mkdtemp: async (prefix: string): Promise<string> => {
    const made = await mkdtemp(prefix)
    note('mkdir', [made])
    return made
  },
}

const handle = await open(devNull)
const proto = Object.getPrototypeOf(handle) as fs.promises.FileHandle
await handle.close()
for (const [method, name] of [
  ['sync', 'fsync'],
  ['datasync', 'fdatasync'],
  ['close', 'close'],
] as const) {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its handle below
  const inner = proto[method]
  proto[method] = async function (this: fs.promises.FileHandle): Promise<void> {
    if (method !== 'close') look()
    const [fd, start] = [this.fd, next()]
    await inner.call(this)
    note(name, [fd], 0, start)
  }
}
Object.assign(fs, patched)
Object.assign(fs.promises, promised)
syncBuiltinESMExports()
