/**
 * Hostile bytes to every parser: what comes out is a value, undefined or the refusal of that
 * format, at once and in little memory.
 */
import { concat, toHex } from '../../src/base/bytes.ts'
import type { Ledger } from '../campaigns/campaign.ts'
import type { Chance } from '../campaigns/chance.ts'
import type { Costs } from './kit.ts'
import { mutatedBytes } from './mutate.ts'
import { parsers, readers } from './parsers.ts'
import type { Parser } from './parsing.ts'

/** DER, CBOR and length fields that promise gigabytes, and what nests as deep as it fits. */
const PROMISES = [
  Uint8Array.of(0x30, 0x83, 0xff, 0xff, 0xff),
  Uint8Array.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff),
  Uint8Array.of(1, 0x9b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(1, 0xbb, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(1, 0x5b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.from({ length: 60_000 }, () => 0x30),
  Uint8Array.from({ length: 60_000 }, (_, i) => (i === 0 ? 1 : 0x81)),
  Uint8Array.from({ length: 60_000 }, (_, i) => (i === 0 ? 1 : 0xa1)),
  Uint8Array.from({ length: 60_000 }, (_, i) => (i % 4 === 0 ? 0x30 : 0x82)),
]
const OPENING_BYTES = 9
const NOISE_LENGTHS = [0, 1, 2, 3, 16, 17, 64, 300]

/** What every parser is given once: nothing, zeros, noise, and promises behind a right opening. */
function* fixed(chance: Chance, { corpus }: Parser): Generator<Uint8Array> {
  for (const length of NOISE_LENGTHS) {
    yield new Uint8Array(length)
    yield chance.bytes(length)
  }
  for (const promise of PROMISES) {
    yield promise
    yield concat(corpus[0]!.subarray(0, OPENING_BYTES), promise)
  }
}

/** So many injured inputs over all parsers, after those that are always the same. */
export async function hostileParsers(
  rounds: number,
  chance: Chance,
  costs: Costs,
  ledger: Ledger,
): Promise<void> {
  const all = await parsers(chance.below(2 ** 31))
  for (const parser of all) {
    // The first is its own; others may be of its neighbours, for pieces that fit almost.
    if ((await parser.parse(parser.corpus[0]!)) === undefined)
      ledger.violation(`${parser.name} refuses its own ${shown(parser.corpus[0]!)}`)
    for (const bytes of fixed(chance, parser)) await tried(parser, bytes, costs, ledger)
  }
  await injured(all, rounds, chance, costs, ledger)
}

/** Injured inputs to those parsers that compute nothing with what they read. */
export async function hostileReaders(
  rounds: number,
  chance: Chance,
  costs: Costs,
  ledger: Ledger,
): Promise<void> {
  if (rounds > 0) await injured(await readers(chance.below(2 ** 31)), rounds, chance, costs, ledger)
}

async function injured(
  all: readonly Parser[],
  rounds: number,
  chance: Chance,
  costs: Costs,
  ledger: Ledger,
): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    const parser = all[i % all.length]!
    const bytes = mutatedBytes(chance, chance.pick(parser.corpus), parser.corpus)
    await tried(parser, bytes, costs, ledger)
  }
}

async function tried(
  { name, parse }: Parser,
  bytes: Uint8Array,
  costs: Costs,
  ledger: Ledger,
): Promise<void> {
  ledger.add('inputs to parsers')
  try {
    const [answer, complaint] = await costs.measured(name, () => parse(bytes))
    ledger.add(answer === undefined ? 'refused by parsers' : 'taken by parsers')
    if (complaint !== undefined) ledger.violation(`${complaint} for ${shown(bytes)}`)
  } catch (error) {
    ledger.violation(`${name} throws ${String(error)} at ${shown(bytes)}`)
  }
}

const SHOWN_BYTES = 2000

/** Whole, unless it is one of the promises that fill a screen. */
const shown = (bytes: Uint8Array): string =>
  bytes.length <= SHOWN_BYTES
    ? toHex(bytes)
    : `${toHex(bytes.subarray(0, SHOWN_BYTES))}... (${bytes.length} bytes)`
