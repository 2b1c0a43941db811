/** Sign and verify, MACs, key wrapping, key agreement and encapsulation, public keys, export. */
import { wipe } from '../../base/bytes.ts'
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import {
  algorithmFor,
  defaultAlgorithm,
  HASH_BYTES,
  isPair,
  type Algorithm,
  type AlgorithmRow,
  type MacAlgorithm,
  type Purpose,
  type SigningAlgorithm,
  type WrapAlgorithm,
} from '../../domain/algorithms.ts'
import type { VersionRecord } from '../../domain/records.ts'
import type { MessageType, SignOptions } from '../../crypto/provider.ts'
import type { ExportKeyInput, Exported, SignInput } from '../api.ts'
import type { Bodies } from '../body.ts'
import type { Core } from '../core.ts'
import { wrapMaterial } from '../unwrap.ts'
import { ofFamily, openMaterial, useKey } from '../use-key.ts'
import { invalidCiphertext } from './encryption.ts'

type Names =
  | 'sign'
  | 'verify'
  | 'generateMac'
  | 'verifyMac'
  | 'wrapKey'
  | 'unwrapKey'
  | 'deriveSharedSecret'
  | 'encapsulate'
  | 'decapsulate'
  | 'getPublicKey'
  | 'exportKey'

export const SIGNING_BODIES: Bodies<Names> = {
  sign: async ({ core, input }) => {
    const inUse = await useKey(core, 'sign', input)
    const { record } = inUse.permitted.version
    const { algorithm, options } = signing(core, record, input)
    const { privateKey } = ofFamily(await inUse.secret(), 'pair')
    core.hot.learn('sign', inUse, privateKey)
    const signature = await privateKey.sign(algorithm, input.message, options)
    return Object.freeze({ signature, ...named(record), algorithm })
  },
  verify: async ({ core, input }) => {
    const inUse = await useKey(core, 'verify', input)
    const { record } = inUse.permitted.version
    const { algorithm, options } = signing(core, record, input)
    const publicKey = inUse.public()
    core.hot.learn('verify', inUse, publicKey)
    const valid = await publicKey.verify(algorithm, input.message, input.signature, options)
    return Object.freeze({ valid, ...named(record), algorithm })
  },

  generateMac: async ({ core, input }) => {
    const inUse = await useKey(core, 'generateMac', input)
    const { record } = inUse.permitted.version
    const { algorithm } = choose<MacAlgorithm>(record, 'mac', input.algorithm)
    const { mac } = ofFamily(await inUse.secret(), 'hmac')
    core.hot.learn('generateMac', inUse, mac)
    return Object.freeze({ mac: mac.compute(input.message), ...named(record), algorithm })
  },
  verifyMac: async ({ core, input }) => {
    const inUse = await useKey(core, 'verifyMac', input)
    const { record } = inUse.permitted.version
    const { algorithm } = choose<MacAlgorithm>(record, 'mac', input.algorithm)
    const { mac } = ofFamily(await inUse.secret(), 'hmac')
    core.hot.learn('verifyMac', inUse, mac)
    return Object.freeze({
      valid: mac.verify(input.mac, input.message),
      ...named(record),
      algorithm,
    })
  },

  wrapKey: async ({ core, input }) => {
    const inUse = await useKey(core, 'wrapKey', input)
    const { record } = inUse.permitted.version
    const { algorithm, row } = choose<WrapAlgorithm>(record, 'wrap', input.algorithm)
    const wrapped =
      row.kind === 'oaep'
        ? await inUse.public().oaepEncrypt(row.hash!, input.plaintext)
        : ofFamily(await inUse.secret(), 'aes').raw.wrap(input.plaintext, row.padded!)
    if (!wrapped)
      invalidArgument('plaintext', LENGTHS[algorithm] ?? 'a length that fits', input.plaintext)
    return Object.freeze({ wrapped, ...named(record), algorithm })
  },
  unwrapKey: async ({ core, input }) => {
    const inUse = await useKey(core, 'unwrapKey', input)
    const { record } = inUse.permitted.version
    const { algorithm, row } = choose<WrapAlgorithm>(record, 'wrap', input.algorithm)
    const handle = await inUse.secret()
    const plaintext =
      row.kind === 'oaep'
        ? await ofFamily(handle, 'pair').privateKey.oaepDecrypt(row.hash!, input.wrapped)
        : ofFamily(handle, 'aes').raw.unwrap(input.wrapped, row.padded!)
    if (!plaintext) throw invalidCiphertext()
    return Object.freeze({ plaintext, ...named(record), algorithm })
  },

  deriveSharedSecret: async ({ core, input }) => {
    const inUse = await useKey(core, 'deriveSharedSecret', input)
    const { record } = inUse.permitted.version
    algorithmFor(record.spec, 'ECDH')
    const { privateKey } = ofFamily(await inUse.secret(), 'pair')
    const sharedSecret = await privateKey.agree(input.publicKey)
    if (!sharedSecret)
      invalidArgument(
        'publicKey',
        `SPKI DER of a point on the curve of ${record.spec}`,
        input.publicKey,
      )
    return Object.freeze({ sharedSecret, ...named(record) })
  },

  encapsulate: async ({ core, input }) => {
    const inUse = await useKey(core, 'encapsulate', input)
    const { record } = inUse.permitted.version
    algorithmFor(record.spec, 'ML_KEM')
    const made = (await inUse.public().encapsulate())!
    return Object.freeze({ ...made, ...named(record) })
  },
  decapsulate: async ({ core, input }) => {
    const inUse = await useKey(core, 'decapsulate', input)
    const { record } = inUse.permitted.version
    algorithmFor(record.spec, 'ML_KEM')
    const { privateKey } = ofFamily(await inUse.secret(), 'pair')
    const sharedSecret = await privateKey.decapsulate(input.ciphertext)
    if (!sharedSecret) throw invalidCiphertext()
    return Object.freeze({ sharedSecret, ...named(record) })
  },

  getPublicKey: async ({ core, input }) => {
    const inUse = await useKey(core, 'getPublicKey', input)
    const { record } = inUse.permitted.version
    const jwk = inUse.public().jwk()
    if (!isPair(record.spec) || !record.publicKey)
      throw new StrongroomError('UNSUPPORTED', 'Key: expected a key pair.')
    return Object.freeze({
      ...named(record),
      spec: record.spec,
      publicKey: new Uint8Array(record.publicKey),
      jwk,
    })
  },
  exportKey: ({ core, input }) => exportKey(core, input),
}

const LENGTHS: Readonly<Partial<Record<WrapAlgorithm, string>>> = {
  AES_KW: 'at least 16 bytes, a multiple of 8',
  AES_KWP: 'at least 1 byte',
  RSA_OAEP_SHA_1: 'at most the modulus less 42 bytes',
  RSA_OAEP_SHA_256: 'at most the modulus less 66 bytes',
}

const named = (record: VersionRecord) => ({ keyId: record.keyId, versionId: record.id })

/** The algorithm asked for, or the one that the spec implies. */
function choose<A extends Algorithm>(
  record: VersionRecord,
  purpose: Purpose,
  asked: A | undefined,
) {
  const algorithm = (asked ?? defaultAlgorithm(record.spec, purpose)) as A | undefined
  if (!algorithm) invalidArgument('algorithm', `one named for ${record.spec}`, algorithm)
  return { algorithm, row: algorithmFor(record.spec, algorithm) }
}

function signing(core: Core, record: VersionRecord, input: SignInput) {
  const { algorithm, row } = choose<SigningAlgorithm>(record, 'sign', input.algorithm)
  const { messageType = 'raw', format } = input
  checkMessage(algorithm, row, messageType, input.message)
  if (format === 'raw' && row.kind !== 'ecdsa')
    invalidArgument('format', 'nothing with this algorithm', format)
  const lacking = core.provider.lacks(algorithm)
  if (lacking)
    throw new StrongroomError(
      'UNSUPPORTED',
      `algorithm: expected one of this platform, got ${algorithm}: ${lacking}`,
    )
  const options: SignOptions = { messageType, ...(format && { format }) }
  return { algorithm, options }
}

/** Bytes of what was computed of a message; undefined where an algorithm takes none. */
const COMPUTED_BYTES: Readonly<
  Record<Exclude<MessageType, 'raw'>, (row: AlgorithmRow) => number | undefined>
> = {
  digest: ({ hash }) => hash && HASH_BYTES[hash],
  externalMu: ({ muBytes }) => muBytes,
}

/**
 * A ready-made digest has exactly the length of its hash, a message representative its own; pure
 * Ed25519 (RFC 8032) and pure ML-DSA (FIPS 204) take no digest.
 */
function checkMessage(
  algorithm: string,
  row: AlgorithmRow,
  messageType: MessageType,
  message: Uint8Array,
): void {
  if (messageType === 'raw') return
  const expected = COMPUTED_BYTES[messageType](row)
  if (expected === undefined)
    invalidArgument('messageType', `one that ${algorithm} takes`, messageType)
  if (message.length !== expected)
    invalidArgument('message', `${messageType} of ${expected} bytes`, message)
}

async function exportKey(core: Core, input: ExportKeyInput): Promise<Exported> {
  const inUse = await useKey(core, 'exportKey', input)
  const { record } = inUse.permitted.version
  const recipient = core.provider.parseRsaPublicKey(input.publicKey)
  if (!recipient)
    invalidArgument(
      'publicKey',
      'SPKI DER of an RSA key of 2048, 3072 or 4096 bits',
      input.publicKey,
    )
  const material = await openMaterial(core, inUse.reader, inUse.permitted.version)
  let secret: Uint8Array | undefined
  try {
    secret = isPair(record.spec) ? core.provider.toPkcs8(record.spec, material) : material
    const wrapped = await wrapMaterial(core.provider, recipient, input.wrapping, secret)
    return Object.freeze({
      wrapped,
      wrapping: input.wrapping,
      ...named(record),
      vaultId: record.vaultId,
      spec: record.spec,
      createdAt: new Date(record.createdAt),
    })
  } finally {
    wipe(material, secret)
  }
}
