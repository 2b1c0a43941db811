/** What the tests of backups share. */
import { concat, fromBase64, toBase64 } from '../../src/base/bytes.ts'
import { Strongroom, type Clock, type OpenOptions } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { lasting, SEAL, type Room } from './support.ts'

/** All that a stream gives. */
export async function collected(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return concat(...pieces)
}

/** Bytes as a stream of pieces of one size. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

export const keyBlob = async (room: Room, keyId: string): Promise<Uint8Array> =>
  (await room.backupKey({ keyId })).blob!

export async function vaultBlob(room: Room, vaultId: string, includeKeys = true) {
  const { blob } = await room.backupVault({ vaultId, includeKeys })
  return collected(blob!)
}

/** What is inside of the armour. */
export function dearmoured(blob: Uint8Array): Uint8Array {
  const lines = new TextDecoder().decode(blob).split('\n').slice(1, -2)
  return fromBase64(lines.join(''))!
}

/** The armour around any bytes. */
export function armoured(bytes: Uint8Array): Uint8Array {
  const text = toBase64(bytes)
  const lines = ['-----BEGIN STRONGROOM BACKUP-----', ...(text.match(/.{1,64}/g) ?? [])]
  return new TextEncoder().encode(`${[...lines, '-----END STRONGROOM BACKUP-----'].join('\n')}\n`)
}

/** The room of another region in the same realm. */
export const elsewhere = (room: Room, options: OpenOptions = {}): Promise<Room> =>
  Strongroom.open({
    realm: room,
    region: 'elsewhere',
    store: lasting(createMemoryStore()),
    seal: SEAL,
    ...options,
  })

/** A room in the same realm and region whose store knows nothing of the first. */
export const blank = (
  room: Room,
  clock: Clock,
  store: Store = lasting(createMemoryStore()),
): Promise<Room> => Strongroom.open({ realm: room, store, clock, seal: SEAL })
