/**
 * Encrypted files of any size (docs/formats/stream.md): one data key per file, wrapped by the key;
 * chunks of 64 KiB. Memory holds two chunks. Each chunk is verified before its plaintext is written
 * anywhere.
 */
import type { Strongroom } from '../index.ts'
import type { Context } from '../engine/api.ts'
import { concat, utf8, wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { CryptoProvider, RawAes } from '../crypto/provider.ts'
import {
  CHUNK_BYTES,
  CHUNK_TAG_BYTES,
  chunkNonce,
  decodeStreamHeader,
  encodeStreamHeader,
  STREAM_SALT_BYTES,
} from '../format/stream.ts'
import type { StreamHeader } from '../format/stream.ts'
import type { Input } from './input.ts'
import type { Output } from './output.ts'
import type { Progress } from './progress.ts'

export interface Flow {
  readonly input: Input
  readonly output: Pick<Output, 'write'>
  readonly progress: Progress
  readonly context: Context
}

export interface Sealed {
  readonly keyId: string
  readonly versionId: string
  /** Plaintext bytes. */
  readonly bytes: number
}

export async function encryptStream(
  room: Strongroom,
  keyId: string,
  { input, output, progress, context }: Flow,
): Promise<Sealed> {
  const crypto = await provider()
  const { ciphertext, plaintext: dataKey, ...used } = await room.generateDataKey({ keyId, context })
  const salt = new Uint8Array(STREAM_SALT_BYTES)
  crypto.random.fill(salt)
  const header = encodeStreamHeader({ encryptedKey: ciphertext, salt })
  const aes = chunkCipher(crypto, dataKey!, salt)
  await output.write(header)
  let bytes = 0
  let counter = 0
  for await (const block of input.blocks(CHUNK_BYTES)) {
    const sealed = aes.gcmSeal(chunkNonce(counter++, block.last), header, block.bytes)
    await output.write(sealed.ciphertext, sealed.tag)
    progress.add(block.bytes.length)
    bytes += block.bytes.length
  }
  return { keyId: used.keyId, versionId: used.versionId, bytes }
}

export async function decryptStream(
  room: Strongroom,
  { input, output, progress, context }: Flow,
): Promise<Sealed> {
  const crypto = await provider()
  const { header, bytes: aad } = await readHeader(input)
  const opened = await room.decrypt({ ciphertext: header.encryptedKey, context })
  const aes = chunkCipher(crypto, opened.plaintext, header.salt)
  let bytes = 0
  let counter = 0
  for await (const block of input.blocks(CHUNK_BYTES + CHUNK_TAG_BYTES)) {
    const plaintext = openChunk(aes, aad, block.bytes, counter++, block.last)
    try {
      await output.write(plaintext)
    } finally {
      wipe(plaintext)
    }
    progress.add(block.bytes.length)
    bytes += plaintext.length
  }
  return { keyId: opened.keyId, versionId: opened.versionId, bytes }
}

/** Loaded late: commands that touch no file need no provider of their own. */
async function provider(): Promise<CryptoProvider> {
  const { createNodeProvider } = await import('../crypto/node/index.ts')
  return createNodeProvider()
}

const LABEL = utf8('strongroom/stream/v1')

/** Chunk key: HKDF-SHA-256 of data key and salt (RFC 5869). Wipes the data key. */
function chunkCipher(crypto: CryptoProvider, dataKey: Uint8Array, salt: Uint8Array): RawAes {
  const chunkKey = crypto.hkdf(dataKey, salt, LABEL, 32)
  try {
    return crypto.aes(chunkKey)
  } finally {
    wipe(chunkKey, dataKey)
  }
}

/** Reads no byte more than the header has, so that the chunks begin where it ends. */
async function readHeader(input: Input): Promise<{ header: StreamHeader; bytes: Uint8Array }> {
  let bytes: Uint8Array = new Uint8Array(0)
  for (;;) {
    const progress = decodeStreamHeader(bytes)
    if ('header' in progress) return { header: progress.header, bytes }
    const more = await input.read(progress.need)
    if (more.length < progress.need) doesNotOpen('it ends inside its header')
    bytes = concat(bytes, more)
  }
}

/** An empty chunk can only be the whole of an empty file: else a file would have two forms. */
function openChunk(
  aes: RawAes,
  aad: Uint8Array,
  sealed: Uint8Array,
  counter: number,
  last: boolean,
): Uint8Array {
  const length = sealed.length - CHUNK_TAG_BYTES
  if (length < 0 || (length === 0 && counter > 0)) doesNotOpen(CHANGED)
  const nonce = chunkNonce(counter, last)
  const body = sealed.subarray(0, length)
  return aes.gcmOpen(nonce, aad, body, sealed.subarray(length)) ?? doesNotOpen(CHANGED)
}

const CHANGED = 'it was changed, cut or lengthened'

function doesNotOpen(why: string): never {
  throw new StrongroomError(
    'INVALID_CIPHERTEXT',
    `Encrypted file: expected a whole one, but ${why}.`,
  )
}
