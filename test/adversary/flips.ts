/**
 * Every single bit and every length of what comes from outside: one refusal, and nothing in it
 * tells what was wrong. A round is one sample of one form. `timing.ts` asks the same of the time
 * that a refusal takes.
 */
import { toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { Ledger, progress, type Campaign } from '../campaigns/campaign.ts'
import { Chance } from '../campaigns/chance.ts'
import { openForms, type Form, type Sample } from './forms.ts'
import { lengths, turned, turns } from './kit.ts'
import { openRecords } from './sealed.ts'

/** From so many samples on, the slow forms have each of their bits turned too. */
const THOROUGH = 1000
const SLOW_STEP = 13

/** All that a caller can see of an outcome. */
function visible(outcome: unknown): string {
  if (!(outcome instanceof StrongroomError)) return `throws ${String(outcome)}`
  const { code, message, remedy, cause, explain, name } = outcome
  return JSON.stringify({ code, message, remedy, cause, explain, name, own: Object.keys(outcome) })
}

const REFUSED = 'answers undefined'
const OPENED = 'opens'

async function outcomeOf(open: () => unknown): Promise<string> {
  try {
    return (await open()) === undefined ? REFUSED : OPENED
  } catch (error) {
    return visible(error)
  }
}

export const run: Campaign = async (options) => {
  const ledger = new Ledger()
  const chance = new Chance(options.seed)
  const [forms, records] = [await openForms(), await openRecords()]
  const all = [...forms.all, ...records.all]
  const step = options.rounds >= THOROUGH ? 1 : SLOW_STEP
  const told = new Map<Form, Set<string>>(all.map((form) => [form, new Set()]))
  for (let i = 0; i < options.rounds; i++) {
    const form = all[i % all.length]!
    const sample = await form.make(chance)
    await tried(form, sample, form.slow ? step : 1, chance, told.get(form)!, ledger)
    ledger.add('samples')
    progress(options, i + 1)
  }
  for (const [{ name, clear }, texts] of told)
    if (texts.size > 1 && !clear)
      ledger.violation(`${name} has ${texts.size} refusals: ${[...texts].join()}`)
  await forms.close()
  await records.close()
  return ledger.report()
}

async function tried(
  { name, refusal, clear = [] }: Form,
  { bytes, open, clearBytes = 0, others = [] }: Sample,
  step: number,
  chance: Chance,
  told: Set<string>,
  ledger: Ledger,
): Promise<void> {
  const fits = (outcome: string): boolean =>
    refusal === undefined
      ? outcome === REFUSED
      : [refusal, ...clear].some((code) => outcome.startsWith(`{"code":"${code}"`))
  const note = async (what: string, attempt: () => unknown): Promise<string> => {
    const outcome = await outcomeOf(attempt)
    ledger.add(what)
    if (!fits(outcome)) ledger.violation(`${name}, ${what}: ${outcome} at ${toHex(bytes)}`)
    return outcome
  }
  const clearBits = clearBytes * 8
  const first = clearBits + (step > 1 ? chance.below(step) : 0)
  for (const injured of turns(bytes, step, first))
    told.add(await note('single bits', () => open(injured)))
  for (const injured of lengths(bytes, Math.max(1, clearBytes)))
    if (startsAlike(injured, bytes, clearBytes))
      told.add(await note('lengths', () => open(injured)))
  for (const other of others) told.add(await note('strangers', other))
  // What stands in the clear may be told by name; its code is the same.
  for (let bit = 0; bit < clearBits; bit++)
    await note('single bits in the clear', () => open(turned(bytes, bit)))
  if ((await outcomeOf(() => open(bytes))) !== OPENED)
    ledger.violation(`${name}: the whole one does not open: ${toHex(bytes)}`)
}

const startsAlike = (injured: Uint8Array, bytes: Uint8Array, length: number): boolean =>
  Buffer.compare(injured.subarray(0, length), bytes.subarray(0, length)) === 0
