/** TABLE of the operations of KmsCryptoClient (contracts: OCI 3.3, 8). */
import { toBase64, wipe } from '../../base/bytes.ts'
import { crc32 } from '../../base/crc.ts'
import { SPECS, type Spec } from '../../domain/algorithms.ts'
import { derOf } from './auth.ts'
import { row, type Call } from './call.ts'
import { invalid } from './errors.ts'
import { base64, flag, may, need, text, textMap, word, type Read } from './fields.ts'
import { versionOcid } from './models.ts'
import { keyIdOf, versionIdOf } from './names.ts'
import { NAME } from './parts.ts'
import { dataKeyShape, ENCRYPTION, SIGNING, wordFor, WRAPPING } from './shapes.ts'

/** Plaintexts and messages, decoded. */
const DATA_BYTES_MAX = 4096
/** Longer than any of ours. */
const CIPHERTEXT_BYTES_MAX = 16_384
const SIGNATURE_BYTES_MAX = 4096
/** Of associated data as JSON: fewer characters than this. */
const ASSOCIATED_LENGTH = 4096

/** A character takes at most six in JSON, and so do the punctuation marks of a pair. */
function isSurelyShort(pairs: Readonly<Record<string, string>>): boolean {
  let length = 2
  for (const name in pairs) length += 6 * (name.length + pairs[name]!.length + 1)
  return length < ASSOCIATED_LENGTH
}

const associated: Read<Readonly<Record<string, string>>> = (value, path) => {
  const pairs = textMap(value, path)
  if (!isSurelyShort(pairs) && JSON.stringify(pairs).length >= ASSOCIATED_LENGTH)
    invalid(path, `fewer than ${ASSOCIATED_LENGTH} characters`)
  return pairs
}
const KEY = { keyId: need(NAME) }
/** For audit alone: never part of the result. */
const USE = { ...KEY, loggingContext: may(textMap) }
const VERSION = { keyVersionId: may(NAME) }

interface Used {
  readonly keyId: string
  readonly keyVersionId?: string | undefined
  readonly loggingContext?: Readonly<Record<string, string>> | undefined
}

/** Key and version of a body, as the room wants them. */
async function used(call: Call<unknown, Used>) {
  const { keyId, keyVersionId, loggingContext: note } = call.body
  const { vaultId, face, asked } = call
  const id = await keyIdOf(face, vaultId, keyId, asked)
  call.refuseHeld(id)
  const key = { ...asked, keyId: id, vaultId, ...(note && { note }) }
  return keyVersionId === undefined
    ? key
    : { ...key, versionId: versionIdOf(vaultId, keyVersionId) }
}

/** What replies say of the version that did it. */
const named = (call: Call<unknown, Used>, { versionId }: { readonly versionId: string }) => ({
  keyId: call.body.keyId,
  keyVersionId: versionOcid(call.face, versionId, call.vaultId),
})

/** Both ends of a plaintext: encoded, summed up, wiped. */
function shown(plaintext: Uint8Array) {
  const encoded = { plaintext: toBase64(plaintext), plaintextChecksum: String(crc32(plaintext)) }
  wipe(plaintext)
  return encoded
}

async function refuseWeaker(call: Call, keyId: string, spec: Spec): Promise<void> {
  const master = await call.room.getKey({ ...call.asked, keyId, vaultId: call.vaultId })
  if (SPECS[spec].bytes < SPECS[master.spec].bytes)
    invalid('keyShape.length', 'a data key at least as long as its master key')
}

export const CRYPTO_ROWS = {
  encrypt: row({
    client: 'crypto',
    method: 'POST',
    path: '/encrypt',
    headers: [],
    room: ['encrypt'],
    body: {
      ...USE,
      ...VERSION,
      plaintext: need(base64(DATA_BYTES_MAX)),
      associatedData: may(associated),
      encryptionAlgorithm: may(word(ENCRYPTION)),
    },
    answer: async (call) => {
      const { plaintext, associatedData: context, encryptionAlgorithm: algorithm } = call.body
      const input = {
        ...(await used(call)),
        plaintext,
        ...(context && { context }),
        ...(algorithm && { algorithm }),
      }
      const encrypted = await call.room.encrypt(input)
      wipe(plaintext)
      const body = {
        ciphertext: toBase64(encrypted.ciphertext),
        ...named(call, encrypted),
        encryptionAlgorithm: wordFor(ENCRYPTION, encrypted.algorithm),
      }
      return { body }
    },
  }),

  decrypt: row({
    client: 'crypto',
    method: 'POST',
    path: '/decrypt',
    headers: [],
    room: ['decrypt'],
    body: {
      ...USE,
      ...VERSION,
      ciphertext: need(base64(CIPHERTEXT_BYTES_MAX)),
      associatedData: may(associated),
      encryptionAlgorithm: may(word(ENCRYPTION)),
    },
    answer: async (call) => {
      const { ciphertext, associatedData: context, encryptionAlgorithm: algorithm } = call.body
      const input = {
        ...(await used(call)),
        ciphertext,
        ...(context && { context }),
        ...(algorithm && { algorithm }),
      }
      const decrypted = await call.room.decrypt(input)
      const body = {
        ...shown(decrypted.plaintext),
        ...named(call, decrypted),
        encryptionAlgorithm: wordFor(ENCRYPTION, decrypted.algorithm),
      }
      return { body }
    },
  }),

  generateDataEncryptionKey: row({
    client: 'crypto',
    method: 'POST',
    path: '/generateDataEncryptionKey',
    headers: [],
    room: ['generateDataKey'],
    body: {
      ...USE,
      includePlaintextKey: need(flag),
      keyShape: need(dataKeyShape),
      associatedData: may(associated),
    },
    answer: async (call) => {
      const { keyShape: spec, includePlaintextKey, associatedData: context } = call.body
      const use = await used(call)
      if (call.options.strictDataKeys === true) await refuseWeaker(call, use.keyId, spec)
      const input = { ...use, spec, ...(context && { context }) }
      const dataKey = await call.room.generateDataKey({
        ...input,
        ...(!includePlaintextKey && { withoutPlaintext: true }),
      })
      const { plaintext } = dataKey
      return {
        body: {
          ciphertext: toBase64(dataKey.ciphertext),
          ...(plaintext ? shown(plaintext) : { plaintext: null, plaintextChecksum: null }),
        },
      }
    },
  }),

  sign: row({
    client: 'crypto',
    method: 'POST',
    path: '/sign',
    headers: [],
    room: ['sign'],
    body: {
      ...USE,
      ...VERSION,
      message: need(base64(DATA_BYTES_MAX)),
      signingAlgorithm: need(word(SIGNING)),
      messageType: may(word({ RAW: 'raw', DIGEST: 'digest' } as const)),
    },
    answer: async (call) => {
      const { message, signingAlgorithm: algorithm, messageType } = call.body
      const input = {
        ...(await used(call)),
        message,
        algorithm,
        ...(messageType && { messageType }),
      }
      const signed = await call.room.sign(input)
      const body = {
        ...named(call, signed),
        signature: toBase64(signed.signature),
        signingAlgorithm: wordFor(SIGNING, signed.algorithm),
      }
      return { body }
    },
  }),

  verify: row({
    client: 'crypto',
    method: 'POST',
    path: '/verify',
    headers: [],
    room: ['verify'],
    body: {
      ...KEY,
      keyVersionId: need(NAME),
      signature: need(base64(SIGNATURE_BYTES_MAX)),
      message: need(base64(DATA_BYTES_MAX)),
      signingAlgorithm: need(word(SIGNING)),
      messageType: may(word({ RAW: 'raw', DIGEST: 'digest' } as const)),
    },
    answer: async (call) => {
      const { message, signature, signingAlgorithm: algorithm, messageType } = call.body
      const use = await used(call)
      const input = { ...use, message, signature, algorithm, ...(messageType && { messageType }) }
      const { valid } = await call.room.verify(input)
      return { body: { isSignatureValid: valid } }
    },
  }),

  exportKey: row({
    client: 'crypto',
    method: 'POST',
    path: '/exportKey',
    headers: [],
    room: ['exportKey'],
    body: {
      ...USE,
      ...VERSION,
      algorithm: need(word(WRAPPING)),
      publicKey: need(text(1, 8192)),
    },
    answer: async (call) => {
      const { algorithm: wrapping } = call.body
      const publicKey =
        derOf(call.body.publicKey) ?? invalid('publicKey', 'the PEM of an RSA public key')
      const exported = await call.room.exportKey({ ...(await used(call)), wrapping, publicKey })
      const body = {
        ...named(call, exported),
        vaultId: call.face.ids.vault(call.vaultId),
        timeCreated: exported.createdAt.toISOString(),
        encryptedKey: toBase64(exported.wrapped),
        algorithm: wordFor(WRAPPING, exported.wrapping),
      }
      return { body }
    },
  }),
}
