/**
 * A directory as a power cut may leave it. Replays traced calls and remembers for every write and
 * every name whether something made it durable; what nothing did may be there, be missing, or be
 * there in part.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chance } from './chance.ts'
import { vectorBytes, type Call } from './trace.ts'

/**
 * `ext4`: names are journaled in order, and a sync of any file brings all earlier ones; `strict`: a
 * name is durable only by a sync of its directory, as POSIX promises and no more.
 */
export type Model = 'ext4' | 'strict'

export type Deafness = 'files' | 'directories'

type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly data: Uint8Array; durable: boolean }
  | { readonly kind: 'size'; readonly size: number; durable: boolean }

interface Node {
  readonly directory: boolean
  readonly changes: Change[]
  /** As the running system sees it. */
  readonly names: Map<string, Node>
  size: number
}

interface NameChange {
  readonly end: number
  readonly parent: Node
  readonly name: string
  /** What the name leads to from then on; undefined: it is gone. */
  readonly node: Node | undefined
  /** Renames are one step: the old name goes with the new one. */
  readonly gone?: { readonly parent: Node; readonly name: string }
  durable: boolean
}

interface Handle {
  readonly node: Node
  position: number
  readonly append: boolean
}

const newNode = (directory: boolean): Node => ({
  directory,
  changes: [],
  names: new Map(),
  size: 0,
})

export class DiskModel {
  readonly #base: string
  readonly #model: Model
  readonly #deafTo: Deafness | undefined
  readonly #root = newNode(true)
  readonly #names: NameChange[] = []
  readonly #handles = new Map<number, Handle>()
  readonly #ends = new Map<Change, number>()

  /**
   * Everything happens below `base`, which is there.
   * @param deafTo syncs to overlook, as if the store had forgotten them: the test of the test
   */
  constructor(base: string, model: Model, deafTo?: Deafness) {
    this.#base = base
    this.#model = model
    this.#deafTo = deafTo
  }

  /** One call that succeeded. */
  apply(call: Call): void {
    const effect = Object.hasOwn(EFFECTS, call.name) ? EFFECTS[call.name] : undefined
    if (effect && call.result >= 0) effect(this, call)
  }

  open(call: Call, path: string, flags: string): void {
    this.#handles.delete(call.result)
    const place = this.#place(path)
    if (!place) return
    let node = place.name === '' ? this.#root : place.parent.names.get(place.name)
    if (!node) {
      if (!flags.includes('O_CREAT')) throw new Error(`opened what is not there: ${path}`)
      node = newNode(false)
      this.#name(call, place.parent, place.name, node)
    }
    if (flags.includes('O_TRUNC') && node.size > 0) this.#resize(call, node, 0)
    const append = flags.includes('O_APPEND')
    this.#handles.set(call.result, { node, position: 0, append })
  }

  close(fd: number): void {
    this.#handles.delete(fd)
  }

  duplicate(from: number, to: number): void {
    const handle = this.#handles.get(from)
    if (handle) this.#handles.set(to, handle)
    else this.#handles.delete(to)
  }

  write(call: Call, fd: number, bytes: Uint8Array, at?: number): void {
    const handle = this.#handles.get(fd)
    if (!handle) return
    const { node } = handle
    const offset = at ?? (handle.append ? node.size : handle.position)
    const data = bytes.subarray(0, call.result)
    this.#change(call, node, { kind: 'write', offset, data, durable: false })
    node.size = Math.max(node.size, offset + data.length)
    if (at === undefined) handle.position = offset + data.length
  }

  truncate(call: Call, fd: number, size: number): void {
    const handle = this.#handles.get(fd)
    if (handle) this.#resize(call, handle.node, size)
  }

  mkdir(call: Call, path: string): void {
    const place = this.#place(path)
    if (place) this.#name(call, place.parent, place.name, newNode(true))
  }

  unlink(call: Call, path: string): void {
    const place = this.#place(path)
    if (place) this.#name(call, place.parent, place.name, undefined)
  }

  link(call: Call, from: string, to: string): void {
    const source = this.#place(from)
    const target = this.#place(to)
    const node = source?.parent.names.get(source.name)
    if (node && target) this.#name(call, target.parent, target.name, node)
  }

  rename(call: Call, from: string, to: string): void {
    const source = this.#place(from)
    const target = this.#place(to)
    if (!source || !target) return
    const node = source.parent.names.get(source.name)
    source.parent.names.delete(source.name)
    this.#name(call, target.parent, target.name, node, source)
  }

  /** What was written before the sync began is durable when it ended. */
  sync(call: Call, fd: number, dataOnly: boolean): void {
    const handle = this.#handles.get(fd)
    if (!handle) return
    const { node } = handle
    if (this.#deafTo === (node.directory ? 'directories' : 'files')) return
    const before = (end: number): boolean => end < call.start
    let grew = false
    for (const change of node.changes) {
      if (change.durable || !before(this.#ends.get(change)!)) continue
      change.durable = true
      grew = true
    }
    // An fdatasync that finds the inode as it was brings no journal along.
    const journal = this.#model === 'ext4' && (!dataOnly || grew)
    for (const change of this.#names) {
      const mine = node.directory && (change.parent === node || change.gone?.parent === node)
      if ((journal || mine) && before(change.end)) change.durable = true
    }
  }

  /**
   * Makes the directory as a power cut may leave it now: the least that is sure, or with a chance
   * some of the rest.
   */
  rebuild(target: string, chance: Chance | undefined): void {
    const names = new Map<Node, Map<string, Node>>()
    const of = (node: Node): Map<string, Node> => {
      const known = names.get(node) ?? new Map<string, Node>()
      names.set(node, known)
      return known
    }
    for (const { parent, name, node, gone } of this.#survivors(chance)) {
      const old = gone && of(gone.parent)
      if (old && old.get(gone.name) === node) old.delete(gone.name)
      if (node) of(parent).set(name, node)
      else of(parent).delete(name)
    }
    /** A file with two names has one content. */
    const contents = new Map<Node, Uint8Array>()
    const make = (path: string, node: Node): void => {
      if (!node.directory) {
        const content = contents.get(node) ?? contentOf(node, chance)
        contents.set(node, content)
        writeFileSync(path, content, { mode: 0o600 })
      } else {
        mkdirSync(path, { recursive: true, mode: 0o700 })
        for (const [name, child] of of(node)) make(join(path, name), child)
      }
    }
    make(target, this.#root)
  }

  #survivors(chance: Chance | undefined): readonly NameChange[] {
    if (this.#model === 'strict')
      return this.#names.filter(({ durable }) => durable || (chance && chance.next() < 0.5))
    const sure = this.#names.findLastIndex(({ durable }) => durable) + 1
    const more = chance ? chance.below(this.#names.length - sure + 1) : 0
    return this.#names.slice(0, sure + more)
  }

  #change(call: Call, node: Node, change: Change): void {
    node.changes.push(change)
    this.#ends.set(change, call.end)
  }

  #resize(call: Call, node: Node, size: number): void {
    this.#change(call, node, { kind: 'size', size, durable: false })
    node.size = size
  }

  #name(
    call: Call,
    parent: Node,
    name: string,
    node: Node | undefined,
    gone?: { parent: Node; name: string },
  ): void {
    if (node) parent.names.set(name, node)
    else parent.names.delete(name)
    this.#names.push({ end: call.end, parent, name, node, durable: false, ...(gone && { gone }) })
  }

  /** Directory and name of a path below the base; the base itself has an empty name. */
  #place(path: string): { parent: Node; name: string } | undefined {
    if (path === this.#base) return { parent: this.#root, name: '' }
    if (!path.startsWith(`${this.#base}/`)) return undefined
    const parts = path
      .slice(this.#base.length + 1)
      .split('/')
      .filter((part) => part !== '')
    const name = parts.pop()!
    let parent = this.#root
    for (const part of parts) {
      const next = parent.names.get(part)
      if (!next) throw new Error(`a path leads nowhere: ${path}`)
      parent = next
    }
    return { parent, name }
  }
}

const SECTOR_BYTES = 512

/** Durable writes, and of the others with a chance all, none, or the first sectors. */
function contentOf(node: Node, chance: Chance | undefined): Uint8Array {
  let content = new Uint8Array(0)
  for (const change of node.changes) {
    const dice = change.durable ? 0 : (chance?.next() ?? 1)
    if (dice >= 0.7) continue
    if (change.kind === 'size') {
      const sized = new Uint8Array(change.size)
      sized.set(content.subarray(0, change.size))
      content = sized
      continue
    }
    const sectors = Math.ceil(change.data.length / SECTOR_BYTES)
    const torn = dice >= 0.4 ? chance!.below(sectors + 1) * SECTOR_BYTES : change.data.length
    const data = change.data.subarray(0, torn)
    const grown = new Uint8Array(Math.max(content.length, change.offset + data.length))
    grown.set(content)
    grown.set(data, change.offset)
    content = grown
  }
  return content
}

type Effect = (disk: DiskModel, call: Call) => void
const text = (arg: Uint8Array | string | undefined): string =>
  Buffer.from(arg as Uint8Array).toString()
const number = (arg: Uint8Array | string | undefined): number => Number(arg)
const bytes = (arg: Uint8Array | string | undefined): Uint8Array => arg as Uint8Array
const vector = (arg: Uint8Array | string | undefined): Uint8Array => vectorBytes(arg as string)
const unmodelled: Effect = (_disk, { name }) => {
  throw new Error(`the model does not know ${name}`)
}

const EFFECTS: Readonly<Record<string, Effect>> = {
  openat: (disk, call) => disk.open(call, text(call.args[1]), call.args[2] as string),
  open: (disk, call) => disk.open(call, text(call.args[0]), call.args[1] as string),
  creat: (disk, call) => disk.open(call, text(call.args[0]), 'O_CREAT|O_TRUNC'),
  close: (disk, { args }) => disk.close(number(args[0])),
  dup: (disk, { args, result }) => disk.duplicate(number(args[0]), result),
  dup2: (disk, { args, result }) => disk.duplicate(number(args[0]), result),
  dup3: (disk, { args, result }) => disk.duplicate(number(args[0]), result),
  fcntl: (disk, { args, result }) => {
    if (String(args[1]).startsWith('F_DUPFD')) disk.duplicate(number(args[0]), result)
  },
  mkdir: (disk, call) => disk.mkdir(call, text(call.args[0])),
  mkdirat: (disk, call) => disk.mkdir(call, text(call.args[1])),
  rmdir: (disk, call) => disk.unlink(call, text(call.args[0])),
  unlink: (disk, call) => disk.unlink(call, text(call.args[0])),
  unlinkat: (disk, call) => disk.unlink(call, text(call.args[1])),
  rename: (disk, call) => disk.rename(call, text(call.args[0]), text(call.args[1])),
  renameat: (disk, call) => disk.rename(call, text(call.args[1]), text(call.args[3])),
  renameat2: (disk, call) => disk.rename(call, text(call.args[1]), text(call.args[3])),
  write: (disk, call) => disk.write(call, number(call.args[0]), bytes(call.args[1])),
  pwrite64: (disk, call) =>
    disk.write(call, number(call.args[0]), bytes(call.args[1]), number(call.args[3])),
  writev: (disk, call) => disk.write(call, number(call.args[0]), vector(call.args[1])),
  pwritev: (disk, call) =>
    disk.write(call, number(call.args[0]), vector(call.args[1]), number(call.args[3])),
  ftruncate: (disk, call) => disk.truncate(call, number(call.args[0]), number(call.args[1])),
  fsync: (disk, call) => disk.sync(call, number(call.args[0]), false),
  fdatasync: (disk, call) => disk.sync(call, number(call.args[0]), true),
  link: (disk, call) => disk.link(call, text(call.args[0]), text(call.args[1])),
  linkat: (disk, call) => disk.link(call, text(call.args[1]), text(call.args[3])),
  truncate: unmodelled,
  fallocate: unmodelled,
  pwritev2: unmodelled,
  sync: unmodelled,
  syncfs: unmodelled,
}
