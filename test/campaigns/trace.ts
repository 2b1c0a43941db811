/**
 * File system calls in the order in which they ended, with the bytes that they carried: as strace
 * wrote them, or as the preloaded children/tracing.ts did.
 */

export interface Call {
  readonly name: string
  /** Strings decoded, everything else as text. */
  readonly args: readonly (Uint8Array | string)[]
  readonly result: number
  /** Lines of the trace: before `start` nothing of it happened, after `end` all of it. */
  readonly start: number
  readonly end: number
}

/** The calls whose effects a rebuilt directory needs. */
const TRACED = [
  'openat,open,creat,close,dup,dup2,dup3,fcntl,mkdir,mkdirat,rmdir,rename,renameat,renameat2',
  'unlink,unlinkat,link,linkat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate',
  'fallocate,fsync,fdatasync,sync,syncfs',
].join(',')

/** Arguments for strace: all threads, strings whole and in hexadecimal. */
export const straceArguments = (output: string): readonly string[] => [
  ...['-f', '--seccomp-bpf', '-xx', '-s', '10000000', '-e', `trace=${TRACED}`],
  ...['-e', 'signal=none', '-o', output],
]

export function parseTrace(text: string): Call[] {
  const calls: Call[] = []
  const begun = new Map<string, { readonly head: string; readonly start: number }>()
  text.split('\n').forEach((line, at) => {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (thread === undefined || rest === undefined || /^(\+\+\+|---)/.test(rest)) return
    const unfinished = / *<unfinished \.\.\.>$/.exec(rest)
    if (unfinished) {
      begun.set(thread, { head: rest.slice(0, unfinished.index), start: at })
      return
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    const first = resumed ? begun.get(thread) : { head: '', start: at }
    if (!first) return
    const call = parseCall(resumed ? `${first.head}${resumed[1]}` : rest, first.start, at)
    if (call) calls.push(call)
  })
  return calls
}

function parseCall(text: string, start: number, end: number): Call | undefined {
  const match = /^(\w+)\((.*)\) += (-?\d+)/.exec(text)
  if (!match) return undefined
  const [, name, inside, result] = match
  const args = splitArguments(inside!).map((arg) =>
    arg.startsWith('"') ? decoded(arg.slice(1, arg.lastIndexOf('"'))) : arg,
  )
  return { name: name!, args, result: Number(result), start, end }
}

/**
 * Strings are pure hexadecimal, so that commas only separate; vectors of writev stay one argument.
 */
function splitArguments(inside: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let i = 0; i < inside.length; i++) {
    const char = inside[i]!
    if (char === '[' || char === '{') depth++
    if (char === ']' || char === '}') depth--
    if (char !== ',' || depth > 0) continue
    parts.push(inside.slice(from, i).trim())
    from = i + 1
  }
  return [...parts, inside.slice(from).trim()]
}

const decoded = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll('\\x', ''), 'hex'))

/** The bytes of all buffers of a vector. */
export function vectorBytes(arg: string): Uint8Array {
  const pieces = [...arg.matchAll(/iov_base="([^"]*)"/g)].map(([, hex]) => decoded(hex!))
  return new Uint8Array(Buffer.concat(pieces))
}

/** A line of the preloaded tracer: bytes as hexadecimal, everything else as text. */
export interface NotedCall {
  readonly name: string
  readonly args: readonly (string | { readonly hex: string })[]
  readonly result: number
  readonly start: number
  readonly end: number
}

export const parseNotes = (text: string): Call[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { args, ...call } = JSON.parse(line) as NotedCall
      return {
        ...call,
        args: args.map((arg) => (typeof arg === 'string' ? arg : decoded(arg.hex))),
      }
    })
