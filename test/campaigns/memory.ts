/**
 * Material in memory (Linux): a child imports, makes, uses and exports keys of every spec; the
 * parent, which knows the material, searches the child for copies of it: while the room is open,
 * and after close and a collection, when none may be left.
 */
import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import {
  SPEC_NAMES,
  SPECS,
  type PairSpec,
  type Spec,
  type Wrapping,
} from '../../src/domain/algorithms.ts'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { pairOf, privateOf, unwrapWith, wrapFor } from '../engine/judge.ts'
import { drop, Ledger, memoryPath, type Campaign, type CampaignOptions } from './campaign.ts'
import { sightings, type Needle, type Sighting } from './memory-scan.ts'

export type ToUser =
  | {
      readonly imports: readonly { readonly spec: Spec; readonly wrapped: string }[]
      readonly recipient: string
    }
  | { readonly goOn: true }
export type FromUser =
  | { readonly wrappingKey: string }
  | {
      readonly exported: readonly {
        readonly name: string
        readonly spec: Spec
        readonly wrapped: string
      }[]
    }
  | { readonly closed: true }

const WRAPPING: Wrapping = 'RSA_OAEP_AES_SHA_256'

const LARGE: readonly Spec[] = ['RSA_3072', 'RSA_4096']
const FAMILIES: readonly string[] = ['aes', 'hmac', 'rsa', 'ec', 'okp']

/**
 * Round by round: every family; few keys, after which little is written over what they left; and
 * large ones. Always node:crypto: what noble keeps by itself cannot be wiped.
 */
const SELECTIONS: readonly (readonly Spec[])[] = [
  SPEC_NAMES.filter((spec) => FAMILIES.includes(SPECS[spec].family) && !LARGE.includes(spec)),
  ['AES_256', 'RSA_2048', 'EC_P256'],
  ['AES_256', 'RSA_2048', ...LARGE],
]

export const run: Campaign = async (options) => {
  const ledger = new Ledger()
  if (process.platform !== 'linux')
    return { ...ledger.report(), skipped: '/proc/PID/mem is of Linux' }
  for (let i = 0; i < options.rounds; i++) {
    const specs = SELECTIONS[i % SELECTIONS.length]!
    const { open, closed } = await searched(options, specs)
    for (const { name } of open) ledger.add(`copies while open: ${name.split(' ').at(-1)!}`)
    for (const { name, address, region } of closed)
      ledger.violation(`after close: ${name} at ${address} in ${region}; child ${i + 1}`)
    ledger.add('children searched')
    options.log(`child ${i + 1}: ${open.length} copies while open, ${closed.length} after close`)
  }
  return ledger.report()
}

/** What was seen in one child before and after it closed its room. */
async function searched(
  { built }: CampaignOptions,
  specs: readonly Spec[],
): Promise<{ open: Sighting[]; closed: Sighting[] }> {
  const path = memoryPath()
  const script = `${built}/test/campaigns/children/user.js`
  const child = spawn(process.execPath, ['--expose-gc', script, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const hear = async <T extends FromUser>(): Promise<T> => {
    const line = await lines.next()
    if (line.done === true) throw new Error('the child ended early')
    return JSON.parse(line.value) as T
  }
  const tell = (line: ToUser): void => void child.stdin.write(`${JSON.stringify(line)}\n`)
  const look = (needles: readonly Needle[]): Sighting[] => {
    child.kill('SIGSTOP')
    try {
      return sightings(child.pid!, needles)
    } finally {
      child.kill('SIGCONT')
    }
  }
  try {
    const { wrappingKey } = await hear<Extract<FromUser, { wrappingKey: string }>>()
    const known = specs.map((spec) => ({ spec, material: materialOf(spec) }))
    const recipient = pairOf('RSA_2048')
    tell({
      imports: known.map(({ spec, material }) => ({
        spec,
        wrapped: toHex(wrapFor(WRAPPING, fromHex(wrappingKey)!, material)),
      })),
      recipient: toHex(recipient.spki),
    })
    const { exported } = await hear<Extract<FromUser, { exported: unknown }>>()
    const key = privateOf(recipient.pkcs8)
    const needles = [
      ...known.flatMap(({ spec, material }) => needlesOf('imported', spec, material)),
      ...exported.flatMap(({ name, spec, wrapped }) =>
        needlesOf(name, spec, unwrapWith(WRAPPING, key, fromHex(wrapped)!)),
      ),
    ]
    const open = look(needles)
    tell({ goOn: true })
    await hear()
    const closed = look(needles)
    return { open, closed }
  } finally {
    child.kill('SIGKILL')
    drop(path)
  }
}

/** Secret numbers in both byte orders: OpenSSL keeps the words of large numbers lowest first. */
function needlesOf(name: string, spec: Spec, material: Uint8Array): Needle[] {
  const { family } = SPECS[spec]
  const needle = (part: string, bytes: Uint8Array): Needle => ({
    name: `${name} ${part} ${spec}`,
    bytes,
  })
  if (family === 'aes' || family === 'hmac') return [needle('key', material)]
  const jwk = privateOf(material).export({ format: 'jwk' }) as Record<string, string | undefined>
  return ['d', 'p', 'q', 'dp', 'dq', 'qi'].flatMap((part) => {
    const encoded = jwk[part]
    if (encoded === undefined) return []
    // P-521 begins with bytes that are nearly zero: the rest is distinctive enough.
    const bytes = new Uint8Array(Buffer.from(encoded, 'base64url')).subarray(
      spec === 'EC_P521' ? 2 : 0,
    )
    return [needle(part, bytes), needle(`${part} reversed`, bytes.slice().reverse())]
  })
}

function materialOf(spec: Spec): Uint8Array {
  const { family } = SPECS[spec]
  if (family === 'aes' || family === 'hmac') return new Uint8Array(randomBytes(SPECS[spec].bytes))
  return pairOf(spec as PairSpec).pkcs8
}
