/**
 * The journal of a store as a stranger without keys reads it, by docs/formats/journal.md alone: rows,
 * node:crypto, and nothing of ours.
 */
import { createPublicKey, verify } from 'node:crypto'
import { expect } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { sha256, treeHash } from '../audit/naive.ts'
import { rowsOf } from './support.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}
const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])
const label = (text: string): Buffer =>
  Buffer.concat([Buffer.of(0, text.length), Buffer.from(text)])

/** One commit as its order row tells it. */
export interface Commit {
  readonly sequence: bigint
  readonly local: boolean
  /** As hex. */
  readonly vaultId: string
  readonly vaultSequence: bigint
  readonly hash: string
  readonly row: Uint8Array
  /** The sealed rows of its entry. */
  readonly rows: readonly Uint8Array[]
}

export interface Walked {
  readonly commits: readonly Commit[]
  readonly sequence: bigint
  readonly hash: string
}

/** Walks a store whose journal was never cut; fails where the page is not kept. */
export async function walk(store: Store): Promise<Walked> {
  const rows = (await rowsOf(store)).map(({ key, value }) => [Buffer.from(key), value] as const)
  const starting = (letter: string) => rows.filter(([key]) => key[0] === letter.charCodeAt(0))
  const entries = new Map<string, Uint8Array[]>()
  for (const [path, value] of starting('J')) {
    const at = hex(path.subarray(1, 25))
    entries.set(at, [...(entries.get(at) ?? []), value])
  }
  const realm = Buffer.from(starting('R')[0]![1])
  const chains = new Map<string, string>()
  let hash = sha256(label('strongroom/start/v1'), realm.subarray(5, 37))
  const commits = starting('O').map(([key, row], i): Commit => {
    const sequence = key.readBigUInt64BE(1)
    expect(sequence).toBe(BigInt(i) + 1n)
    hash = sha256(label('strongroom/realm/v1'), hash, row)
    const order = Buffer.from(row)
    const vault = order.subarray(1, 17)
    const commit = {
      sequence,
      local: order[0] === 1,
      vaultId: hex(vault),
      vaultSequence: order.readBigUInt64BE(17),
      hash: hex(order.subarray(25)),
      row,
      rows: entries.get(hex(order.subarray(1, 25))) ?? [],
    }
    if (!commit.local) chains.set(commit.vaultId, chained(chains.get(commit.vaultId), commit))
    return commit
  })
  return { commits, sequence: BigInt(commits.length), hash: hex(hash) }
}

/** The chain of a vault after a commit, which has to be the one that its order row tells. */
function chained(before = '00'.repeat(32), { vaultSequence, rows, hash }: Commit): string {
  expect(rows.length).toBeGreaterThan(0)
  const counted = rows.flatMap((row) => [u32(row.length), row])
  const previous = Buffer.from(before, 'hex')
  const input = [label('strongroom/journal/v1'), previous, u64(vaultSequence), u32(rows.length)]
  expect(hex(sha256(...input, ...counted))).toBe(hash)
  return hash
}

/** The Merkle root of the first commits. */
export const rootAt = ({ commits }: Walked, size: bigint): Uint8Array =>
  treeHash(commits.slice(0, Number(size)).map(({ row }) => row))

interface Noted {
  readonly origin: string
  readonly size: bigint
  readonly root: Uint8Array
}

/** What a checkpoint note says, once its signature is good under the key (RFC 8410 wraps it). */
export function openNote(note: string, verifierKey: string): Noted {
  const split = note.lastIndexOf('\n\n')
  const text = note.slice(0, split + 1)
  const [, name, id, key] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(verifierKey)!
  const [, signer, blob] = /^— (\S+) (\S+)\n$/.exec(note.slice(split + 2))!
  const [typed, signed] = [Buffer.from(key!, 'base64'), Buffer.from(blob!, 'base64')]
  expect(signer).toBe(name)
  expect(hex(signed.subarray(0, 4))).toBe(id)
  expect(hex(sha256(Buffer.from(`${name!}\n`), typed).subarray(0, 4))).toBe(id)
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), typed.subarray(1)])
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  expect(verify(null, Buffer.from(text), publicKey, signed.subarray(4))).toBe(true)
  const [origin, size, root] = text.split('\n')
  return { origin: origin!, size: BigInt(size!), root: Buffer.from(root!, 'base64') }
}
