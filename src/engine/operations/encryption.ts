/** Encrypt, decrypt, re-encrypt, data keys: the main job. */
import { secretBytes, wipe } from '../../base/bytes.ts'
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import {
  algorithmFor,
  defaultAlgorithm,
  oaepBytesMax,
  SPECS,
  type EncryptionAlgorithm,
  type Hash,
  type SpecOf,
} from '../../domain/algorithms.ts'
import type { UseName } from '../../domain/operations.ts'
import { RE_ENCRYPT_FROM } from '../../domain/policy/actions.ts'
import {
  ciphertextAad,
  ciphertextHeader,
  CIPHERTEXT_HEADER_BYTES,
  parseCiphertext,
} from '../../format/ciphertext.ts'
import { canonicalContext } from '../../format/context.ts'
import type {
  Context as Pairs,
  DecryptInput,
  Decrypted,
  EncryptInput,
  Encrypted,
  GenerateDataKeyPairInput,
} from '../api.ts'
import type { Bodies } from '../body.ts'
import type { Core } from '../core.ts'
import { countGcm } from '../gcm-limit.ts'
import { openLinked, randomOf, refusePairs, refuseUnlinked, sealLinked } from '../key-stores.ts'
import { keyIdAt, locateKey } from '../lookup.ts'
import { findVersion } from '../rotate.ts'
import { ofFamily, useKey, type InUse } from '../use-key.ts'

type Names =
  'encrypt' | 'decrypt' | 'reEncrypt' | 'generateDataKey' | 'generateDataKeyPair' | 'generateRandom'

export const ENCRYPTION_BODIES: Bodies<Names> = {
  encrypt: ({ core, input }) => encrypt(core, 'encrypt', input),
  decrypt: ({ core, input }) => decrypt(core, input),

  reEncrypt: async ({ core, input }) => {
    const { ciphertext, principal, access, keyId, vaultId, context, algorithm } = input
    const from = input.sourceAccess ?? { ...access, action: RE_ENCRYPT_FROM }
    const source = await decrypt(core, {
      ciphertext,
      ...(principal !== undefined && { principal, access: { action: RE_ENCRYPT_FROM, ...from } }),
      ...(input.sourceKeyId !== undefined && { keyId: input.sourceKeyId }),
      ...(input.sourceVaultId !== undefined && { vaultId: input.sourceVaultId }),
      ...(input.sourceVersionId !== undefined && { versionId: input.sourceVersionId }),
      ...(input.sourceContext && { context: input.sourceContext }),
      ...(input.sourceAlgorithm && { algorithm: input.sourceAlgorithm }),
    })
    try {
      const target = await encrypt(core, 'reEncrypt', {
        keyId,
        plaintext: source.plaintext,
        ...(principal !== undefined && { principal }),
        ...(access && { access }),
        ...(vaultId !== undefined && { vaultId }),
        ...(context && { context }),
        ...(algorithm && { algorithm }),
      })
      return Object.freeze({
        ...target,
        sourceKeyId: source.keyId,
        sourceVersionId: source.versionId,
        sourceAlgorithm: source.algorithm,
      })
    } finally {
      wipe(source.plaintext)
    }
  },

  generateDataKey: async ({ core, input }) => {
    if (input.spec !== undefined && input.lengthBytes !== undefined)
      invalidArgument('lengthBytes', 'either a spec or a length', input.lengthBytes)
    const plaintext = secretBytes(input.lengthBytes ?? SPECS[input.spec ?? 'AES_256'].bytes)
    core.provider.random.fill(plaintext)
    const { spec: _, lengthBytes: __, withoutPlaintext, ...rest } = input
    const { ciphertext, keyId, versionId } = await sealData(core, 'generateDataKey', {
      ...rest,
      ...(withoutPlaintext && { withoutPlaintext }),
      plaintext,
    })
    if (!withoutPlaintext) return Object.freeze({ ciphertext, plaintext, keyId, versionId })
    wipe(plaintext)
    return Object.freeze({ ciphertext, keyId, versionId })
  },

  generateDataKeyPair: async ({ core, input }) => {
    const { pairSpec, withoutPlaintext, ...rest } = input
    const lacking = core.provider.lacks(pairSpec)
    if (lacking)
      throw new StrongroomError(
        'UNSUPPORTED',
        `pairSpec: expected one of this platform, got ${pairSpec}: ${lacking}`,
      )
    refusePairs(await useKey(core, 'generateDataKeyPair', input))
    const pair = await core.provider.generatePair(pairSpec)
    const privateKey = core.provider.toPkcs8(pairSpec, pair.privateKey)
    wipe(pair.privateKey)
    const { ciphertext, keyId, versionId } = await sealData(core, 'generateDataKeyPair', {
      ...rest,
      pairSpec,
      ...(withoutPlaintext && { withoutPlaintext }),
      plaintext: privateKey,
    })
    const answer = { publicKey: pair.publicKey, ciphertext, pairSpec, keyId, versionId }
    if (!withoutPlaintext) return Object.freeze({ ...answer, privateKey })
    wipe(privateKey)
    return Object.freeze(answer)
  },

  generateRandom: async ({ core, input }) => {
    const { keyStore, lengthBytes } = input
    if (keyStore) return Object.freeze({ bytes: await randomOf(core, keyStore, lengthBytes) })
    const bytes = secretBytes(lengthBytes)
    core.provider.random.fill(bytes)
    return Object.freeze({ bytes })
  },
}

interface Sealing {
  readonly core: Core
  readonly input: EncryptInput
  readonly inUse: InUse
  readonly hash: Hash
  readonly padded: boolean
}
type Sealed = Pick<Encrypted, 'ciphertext' | 'iv' | 'tag'>

/** One row per kind of encryption algorithm. */
const SEAL: Readonly<Record<string, (sealing: Sealing) => Promise<Sealed>>> = {
  aead: async ({ core, input, inUse }) => {
    refuseUnused(input, 'aad', 'iv')
    const { suite } = ofFamily(await inUse.secret(), 'aes')
    core.hot.learnAes(inUse, suite)
    const { id, spec } = inUse.permitted.version.record
    const header = ciphertextHeader(spec as SpecOf<'aes'>, id)
    const aad = ciphertextAad(header, canonicalContext(input.context))
    const ciphertext = suite.seal(header, aad, input.plaintext)
    if (!inUse.permitted.key.record.keyStore) return { ciphertext }
    return { ciphertext: await sealLinked(core, inUse, input, ciphertext) }
  },
  gcm: async ({ core, input, inUse }) => {
    refuseUnused(input, 'context', 'iv')
    const { raw } = ofFamily(await inUse.secret(), 'aes')
    await countGcm(core, inUse)
    const iv = randomBytes(core, 12)
    return { iv, ...raw.gcmSeal(iv, input.aad ?? EMPTY, input.plaintext) }
  },
  cbc: async ({ core, input, inUse, padded }) => {
    refuseUnused(input, 'context', 'aad')
    const iv = input.iv ?? randomBytes(core, 16)
    if (iv.length !== 16) invalidArgument('iv', '16 bytes', iv)
    const { raw } = ofFamily(await inUse.secret(), 'aes')
    const ciphertext = raw.cbcEncrypt(iv, input.plaintext, padded)
    if (!ciphertext)
      invalidArgument('plaintext', 'a multiple of 16 bytes without padding', input.plaintext)
    return { ciphertext, iv }
  },
  oaep: async ({ input, inUse, hash }) => {
    refuseUnused(input, 'context', 'aad', 'iv')
    const ciphertext = await inUse.public().oaepEncrypt(hash, input.plaintext)
    if (ciphertext) return { ciphertext }
    throw tooLong(inUse, hash, input.plaintext)
  },
}

/** The room finds it out after all else, when the plaintext meets the key. */
function tooLong({ operation, permitted }: InUse, hash: Hash, plaintext: Uint8Array) {
  const max = oaepBytesMax(permitted.version.record.spec, hash)
  const [expected, found] = [`at most ${max} bytes`, `${plaintext.length} bytes`]
  return new StrongroomError('LIMIT_EXCEEDED', `plaintext: expected ${expected}, got ${found}.`, {
    explain: { operation, rule: 'plaintext.length', expected, found },
  })
}

async function encrypt(core: Core, operation: UseName, input: EncryptInput): Promise<Encrypted> {
  const inUse = await useKey(core, operation, input)
  const { record } = inUse.permitted.version
  const algorithm = input.algorithm ?? defaultAlgorithm(record.spec, 'encrypt')
  if (!algorithm)
    invalidArgument(
      'algorithm',
      'one named for an RSA key (RSA_OAEP_SHA_1 or RSA_OAEP_SHA_256)',
      algorithm,
    )
  const { kind, hash = 'SHA_1', padded = false } = algorithmFor(record.spec, algorithm)
  refuseUnlinked(inUse, algorithm, input.plaintext)
  const sealed = await SEAL[kind]!({ core, input, inUse, hash, padded })
  return Object.freeze({
    ...sealed,
    keyId: record.keyId,
    versionId: record.id,
    algorithm: algorithm as EncryptionAlgorithm,
  })
}

/** A key as plaintext, with what was asked for: decisions about the principal look at it. */
type Data = EncryptInput & Partial<Pick<GenerateDataKeyPairInput, 'pairSpec' | 'withoutPlaintext'>>

/** Data keys are always sealed in our own form, so the key must be an AES key. */
async function sealData(core: Core, operation: UseName, input: Data): Promise<Encrypted> {
  return encrypt(core, operation, { ...input, algorithm: 'XAES_GCM' })
}

interface Opening {
  readonly input: DecryptInput
  readonly inUse: InUse
  readonly hash: Hash
  readonly padded: boolean
}

const OPEN: Readonly<Record<string, (opening: Opening) => Promise<Uint8Array | undefined>>> = {
  gcm: async ({ input, inUse }) => {
    if (input.iv?.length !== 12) invalidArgument('iv', '12 bytes', input.iv)
    if (!input.tag) invalidArgument('tag', '16 bytes', input.tag)
    const { raw } = ofFamily(await inUse.secret(), 'aes')
    return raw.gcmOpen(input.iv, input.aad ?? EMPTY, input.ciphertext, input.tag)
  },
  cbc: async ({ input, inUse, padded }) => {
    if (input.iv?.length !== 16) invalidArgument('iv', '16 bytes', input.iv)
    const { raw } = ofFamily(await inUse.secret(), 'aes')
    return raw.cbcDecrypt(input.iv, input.ciphertext, padded)
  },
  oaep: async ({ input, inUse, hash }) => {
    const { privateKey } = ofFamily(await inUse.secret(), 'pair')
    return privateKey.oaepDecrypt(hash, input.ciphertext)
  },
}

async function decrypt(core: Core, input: DecryptInput): Promise<Decrypted> {
  if (input.algorithm === undefined || input.algorithm === 'XAES_GCM') {
    const named = await ownForm(core, input)
    if (named) return decryptOwn(core, input, named)
    if (input.keyId === undefined) throw invalidCiphertext()
  }
  if (input.keyId === undefined)
    invalidArgument('keyId', `a key for ${input.algorithm}`, input.keyId)
  const inUse = await useKey(core, 'decrypt', { ...input, keyId: input.keyId })
  const { record } = inUse.permitted.version
  const algorithm = input.algorithm ?? defaultAlgorithm(record.spec, 'encrypt')
  if (!algorithm) invalidArgument('algorithm', 'one named for an RSA key', algorithm)
  const { kind, hash = 'SHA_1', padded = false } = algorithmFor(record.spec, algorithm)
  refuseUnlinked(inUse, algorithm)
  const open = OPEN[kind]
  if (!open) throw invalidCiphertext()
  refuseUnused(input, 'context')
  const plaintext = await open({ input, inUse, hash, padded })
  if (!plaintext) throw invalidCiphertext()
  return Object.freeze({
    plaintext,
    keyId: record.keyId,
    versionId: record.id,
    algorithm: algorithm as EncryptionAlgorithm,
  })
}

/**
 * The version that a ciphertext of our own form names, if it is here and of the key that was named.
 */
async function ownForm(
  core: Core,
  { ciphertext, versionId, vaultId }: DecryptInput,
): Promise<string | undefined> {
  const named = parseCiphertext(ciphertext)?.versionId
  if (named === undefined || (versionId !== undefined && versionId !== named)) return undefined
  return (await findVersion(core, named, vaultId)) && named
}

async function decryptOwn(core: Core, input: DecryptInput, versionId: string): Promise<Decrypted> {
  refuseUnused(input, 'aad', 'iv', 'tag')
  const { vaultId } = input
  const keyId = await keyIdAt(core, (await findVersion(core, versionId, vaultId))!)
  if (input.keyId !== undefined && (await keyIdOf(core, input)) !== keyId) throw invalidCiphertext()
  const inUse = await useKey(core, 'decrypt', { ...input, keyId, versionId })
  const { record } = inUse.permitted.version
  const parsed = parseCiphertext(input.ciphertext)
  const stored = inUse.permitted.key.record.keyStore !== undefined
  if (parsed?.spec !== record.spec || parsed.linked !== stored) throw invalidCiphertext()
  const { suite } = ofFamily(await inUse.secret(), 'aes')
  core.hot.learnAes(inUse, suite)
  const ciphertext = stored
    ? await openLinked(core, inUse, input, input.ciphertext)
    : input.ciphertext
  if (!ciphertext) throw invalidCiphertext()
  const header = ciphertext.subarray(0, CIPHERTEXT_HEADER_BYTES)
  const plaintext = suite.open(
    ciphertext,
    CIPHERTEXT_HEADER_BYTES,
    ciphertextAad(header, canonicalContext(input.context)),
  )
  if (!plaintext) throw invalidCiphertext()
  return Object.freeze({ plaintext, keyId, versionId, algorithm: 'XAES_GCM' })
}

async function keyIdOf(core: Core, { keyId, vaultId }: DecryptInput): Promise<string> {
  const { cell, ordinal } = await locateKey(core, keyId!, vaultId)
  return keyIdAt(core, { vaultId: cell.id, ordinal, version: 0 })
}

/** The one refusal of everything that does not open. */
export const invalidCiphertext = (): StrongroomError =>
  new StrongroomError(
    'INVALID_CIPHERTEXT',
    'ciphertext: expected one that opens under this key and context; it does not.',
  )

const EMPTY = new Uint8Array(0)

function randomBytes(core: Core, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  core.provider.random.fill(bytes)
  return bytes
}

type Extra = {
  readonly context?: Pairs
  readonly aad?: Uint8Array
  readonly iv?: Uint8Array
  readonly tag?: Uint8Array
}

/**
 * What an algorithm cannot bind must not be given: it would be silently unprotected. An empty
 * context binds nothing.
 */
function refuseUnused(input: Extra, ...names: readonly (keyof Extra)[]): void {
  for (const name of names) {
    const value = input[name]
    if (value !== undefined && !(name === 'context' && Object.keys(value).length === 0))
      invalidArgument(name, 'nothing with this algorithm', value)
  }
}
