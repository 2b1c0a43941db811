/**
 * Where the seal comes from: a key file, a passphrase file, the environment, or a prompt that does
 * not echo. What is read is bytes, wiped here; the engine takes a passphrase as a string, because
 * it is normalised as Unicode.
 */
import type { ReadStream } from 'node:tty'
import type { Writable } from 'node:stream'
import { open } from 'node:fs/promises'
import { invalidArgument, StrongroomError } from '../base/errors.ts'
import { fromUtf8, utf8, wipe } from '../base/bytes.ts'
import { fileFailure } from './paths.ts'

/** More than any passphrase; also the bound of what a hostile or mistaken file can make us read. */
const PASSPHRASE_BYTES_MAX = 1024
const KEY_BYTES = 32

export interface SealSource {
  readonly keyFile?: string
  readonly passphraseFile?: string
}

export type Seal = { readonly passphrase: string } | { readonly key: Uint8Array }

/**
 * The seal that the options, the environment or the person at the terminal gives; `confirm` asks
 * twice.
 */
export async function readSeal(source: SealSource, confirm: boolean): Promise<Seal> {
  if (source.keyFile !== undefined) return { key: await readKeyFile(source.keyFile) }
  if (source.passphraseFile !== undefined)
    return { passphrase: text(await readPassphraseFile(source.passphraseFile)) }
  const given = process.env['STRONGROOM_PASSPHRASE']
  if (given !== undefined && given !== '') return { passphrase: text(checked(utf8(given))) }
  if (!process.stdin.isTTY)
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      'seal: expected STRONGROOM_PASSPHRASE, --passphrase-file FILE or --key-file FILE, ' +
        'because there is no terminal to ask on; none came.',
    )
  return { passphrase: text(await promptTwice(process.stdin, process.stderr, confirm)) }
}

/** A seal to come: never the one of the environment, which is the present one. */
export async function readNewSeal(source: SealSource): Promise<Seal> {
  if (source.keyFile !== undefined || source.passphraseFile !== undefined)
    return readSeal(source, true)
  if (!process.stdin.isTTY)
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      'seal: expected --new-passphrase-file FILE or --new-key-file FILE, because there is no ' +
        'terminal to ask on; none came.',
    )
  return { passphrase: text(await promptTwice(process.stdin, process.stderr, true)) }
}

export function wipeSeal(seal: Seal): void {
  if ('key' in seal) wipe(seal.key)
}

/** Strict UTF-8; wipes the bytes. */
function text(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    throw new StrongroomError('INVALID_ARGUMENT', 'passphrase: expected UTF-8, got other bytes.')
  } finally {
    wipe(bytes)
  }
}

async function readKeyFile(path: string): Promise<Uint8Array> {
  const bytes = await readSmall('key file', path, KEY_BYTES + 1)
  if (bytes.length === KEY_BYTES) return bytes
  wipe(bytes)
  const got = bytes.length > KEY_BYTES ? 'more' : bytes.length
  throw new StrongroomError(
    'INVALID_ARGUMENT',
    `key file: expected exactly ${KEY_BYTES} raw bytes, got ${got}.`,
  )
}

/** One line: a final line feed, with or without carriage return, is not part of the passphrase. */
async function readPassphraseFile(path: string): Promise<Uint8Array> {
  const bytes = await readSmall('passphrase file', path, PASSPHRASE_BYTES_MAX + 2)
  try {
    let end = bytes.length
    if (bytes[end - 1] === 0x0a) end--
    if (end < bytes.length && bytes[end - 1] === 0x0d) end--
    return checked(Uint8Array.from(bytes.subarray(0, end)))
  } finally {
    wipe(bytes)
  }
}

function checked(passphrase: Uint8Array): Uint8Array {
  if (passphrase.length >= 1 && passphrase.length <= PASSPHRASE_BYTES_MAX) return passphrase
  wipe(passphrase)
  return invalidArgument('passphrase', `1 to ${PASSPHRASE_BYTES_MAX} bytes`, passphrase)
}

/** Reads at most `bytesMax` bytes into memory of their own. */
async function readSmall(what: string, path: string, bytesMax: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytesMax)
  let length = 0
  try {
    const file = await open(path, 'r')
    try {
      while (length < bytesMax) {
        const { bytesRead } = await file.read(buffer, length, bytesMax - length)
        if (bytesRead === 0) break
        length += bytesRead
      }
    } finally {
      await file.close()
    }
    return Uint8Array.from(buffer.subarray(0, length))
  } catch (error) {
    throw fileFailure(what, path, error)
  } finally {
    wipe(buffer)
  }
}

async function promptTwice(input: ReadStream, output: Writable, confirm: boolean) {
  const first = checked(await prompt('Passphrase: ', input, output))
  if (!confirm) return first
  const second = await prompt('The same again: ', input, output)
  const same = Buffer.compare(first, second) === 0
  wipe(second)
  if (same) return first
  wipe(first)
  throw new StrongroomError(
    'INVALID_ARGUMENT',
    'passphrase: expected the same one twice, got two different ones.',
  )
}

/** What a key on the terminal does to the line that is being typed. */
const KEYS = new Map<number, 'done' | 'cancel' | 'back' | 'clear'>([
  [0x0d, 'done'],
  [0x0a, 'done'],
  [0x04, 'done'],
  [0x03, 'cancel'],
  [0x08, 'back'],
  [0x7f, 'back'],
  [0x15, 'clear'],
])

/** Asks for one line on a terminal in raw mode, so that nothing is echoed. */
export async function prompt(
  question: string,
  input: ReadStream,
  output: Writable,
): Promise<Uint8Array> {
  const line = new Line()
  // Before the question: whoever answers at once must not be echoed either.
  input.setRawMode(true)
  try {
    output.write(question)
    for await (const chunk of input.iterator({ destroyOnReturn: false })) {
      const typed = chunk as Uint8Array
      const { end, used } = line.take(typed)
      // What was typed ahead belongs to the next question.
      if (used < typed.length) input.unshift(Uint8Array.from(typed.subarray(used)))
      wipe(typed)
      if (end === 'done') return line.bytes()
      if (end === 'cancel')
        throw new StrongroomError('INVALID_ARGUMENT', 'passphrase: expected one, it was cancelled.')
    }
    return line.bytes()
  } finally {
    line.wipe()
    input.setRawMode(false)
    input.pause()
    output.write('\n')
  }
}

/**
 * The bytes typed so far; a fixed buffer, so that no copy of a longer passphrase is left behind.
 */
class Line {
  readonly #buffer = new Uint8Array(PASSPHRASE_BYTES_MAX + 1)
  #length = 0

  /** Takes what came from the terminal up to and with the key that ends the line. */
  take(chunk: Uint8Array): { readonly end?: 'done' | 'cancel'; readonly used: number } {
    for (const [at, byte] of chunk.entries()) {
      const key = KEYS.get(byte)
      if (key === 'done' || key === 'cancel') return { end: key, used: at + 1 }
      if (key === 'back') this.#back()
      else if (key === 'clear') this.#length = 0
      else if (this.#length < this.#buffer.length) this.#buffer[this.#length++] = byte
    }
    return { used: chunk.length }
  }

  /** Removes one UTF-8 character: continuation bytes, then the byte that leads them. */
  #back(): void {
    while (this.#length > 0 && (this.#buffer[--this.#length]! & 0xc0) === 0x80);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#buffer.subarray(0, this.#length))
  }

  wipe(): void {
    wipe(this.#buffer)
  }
}
