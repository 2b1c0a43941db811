/** TABLE of the operations that encrypt and decrypt (contracts: AWS 8.1, 17). */
import { StrongroomError } from '../../base/errors.ts'
import { ALGORITHMS, oaepBytesMax, type Hash } from '../../domain/algorithms.ts'
import { ciphertextSource, ignoresCiphertext, unknownKey } from './ciphertext-source.ts'
import { row, type Call } from './call.ts'
import { KmsFault } from './errors.ts'
import {
  CIPHERTEXT,
  CONTEXT,
  DRY_RUN_MODIFIERS,
  GRANT_TOKENS,
  KEY_ID,
  PLAINTEXT,
  RECIPIENT,
  USE,
} from './members.ts'
import { recipientFor } from './recipient.ts'
import { ENCRYPTION_ALGORITHMS, KEY_SPECS, namesOf, type EncryptionAlgorithm } from './specs.ts'
import { flag, may, need, words, type Values } from './shape.ts'
import {
  about,
  incompatible,
  materialOf,
  offers,
  permitted,
  refuse,
  useKey,
  withKey,
  type Used,
} from './use.ts'

const ALGORITHM = words(...namesOf(ENCRYPTION_ALGORITHMS))
const DEFAULT: EncryptionAlgorithm = 'SYMMETRIC_DEFAULT'

type Context = Readonly<Record<string, string>> | undefined

/** How the room is told of an algorithm: the one that AES keys have without a word is left out. */
const algorithmOf = ({ spec }: Used, algorithm: EncryptionAlgorithm) =>
  spec === DEFAULT ? undefined : ENCRYPTION_ALGORITHMS[algorithm]

/** What is wrong about an algorithm and a context for a key, if anything is. */
function faultOf(
  used: Used,
  algorithm: EncryptionAlgorithm,
  context: Context,
): KmsFault | undefined {
  if (!offers(used, 'ENCRYPT_DECRYPT', algorithm)) return incompatible(used, algorithm)
  if (algorithm === DEFAULT || !context || Object.keys(context).length === 0) return undefined
  return new KmsFault(
    'ValidationException',
    `EncryptionContext is not supported with algorithm ${algorithm}.`,
  )
}

/** RSA takes so much and no more; the room finds it out when all else is well. */
function tooLong(used: Used, algorithm: EncryptionAlgorithm, error: unknown): unknown {
  const { hash } = ALGORITHMS[ENCRYPTION_ALGORITHMS[algorithm]] as { readonly hash?: Hash }
  if (!(error instanceof StrongroomError) || error.explain?.rule !== 'plaintext.length')
    return error
  const spec = used.spec!
  const max = oaepBytesMax(KEY_SPECS[spec], hash!)
  return new KmsFault(
    'ValidationException',
    `Algorithm ${algorithm} and key spec ${spec} cannot encrypt data larger than ${max} bytes.`,
  )
}

/** The room re-encrypts by decrypting first: what it refuses of that is about the source. */
const isOfSource = (error: unknown): boolean =>
  error instanceof StrongroomError && error.explain?.operation === 'decrypt'

/** A key that nobody named and that is gone is one of which nothing is told. */
const isGone = (error: unknown): boolean =>
  error instanceof StrongroomError && error.explain?.found === 'deleted'

const ENCRYPT = {
  ...USE,
  Plaintext: need(PLAINTEXT),
  EncryptionContext: may(CONTEXT),
  EncryptionAlgorithm: may(ALGORITHM),
}

async function encrypt(call: Call<Values<typeof ENCRYPT>>) {
  const { KeyId, Plaintext: plaintext, EncryptionContext: context } = call.input
  const { EncryptionAlgorithm = DEFAULT } = call.input
  const used = await useKey(call, KeyId)
  const fault = faultOf(used, EncryptionAlgorithm, context)
  if (fault) return refuse(call, 'encrypt', used, fault)
  const algorithm = algorithmOf(used, EncryptionAlgorithm)
  try {
    const { ciphertext } = await call.room.encrypt({
      ...withKey(call, used),
      plaintext,
      ...(algorithm && { algorithm }),
      ...(context && { context }),
    })
    return { CiphertextBlob: ciphertext, KeyId: used.arn, EncryptionAlgorithm }
  } catch (error) {
    throw tooLong(used, EncryptionAlgorithm, error)
  }
}

const DECRYPT = {
  CiphertextBlob: may(CIPHERTEXT),
  EncryptionContext: may(CONTEXT),
  GrantTokens: may(GRANT_TOKENS),
  KeyId: may(KEY_ID),
  EncryptionAlgorithm: may(ALGORITHM),
  Recipient: may(RECIPIENT),
  DryRun: may(flag),
  DryRunModifiers: may(DRY_RUN_MODIFIERS),
}

async function decrypt(call: Call<Values<typeof DECRYPT>>) {
  const { KeyId: keyId, CiphertextBlob, EncryptionContext: context } = call.input
  const { EncryptionAlgorithm = DEFAULT } = call.input
  const recipient = await recipientFor(call)
  const ignored = ignoresCiphertext(call.input)
  const { used, ciphertext } = await ciphertextSource(call, {
    member: 'KeyId',
    keyId,
    ciphertext: CiphertextBlob,
    ignored,
    algorithm: EncryptionAlgorithm,
  })
  const fault = faultOf(used, EncryptionAlgorithm, context)
  if (fault) return refuse(call, 'decrypt', used, fault)
  if (ignored) return permitted(call, 'decrypt', used).then(() => ({}))
  const algorithm = algorithmOf(used, EncryptionAlgorithm)
  const opening = call.room.decrypt({
    ...withKey(call, used),
    ciphertext,
    ...(algorithm && { algorithm }),
    ...(context && { context }),
  })
  const { plaintext, versionId } = await opening.catch((error: unknown) => {
    throw keyId === undefined && isGone(error) ? unknownKey() : error
  })
  const material = recipient.attested ? undefined : await materialOf(call, used, versionId)
  return {
    KeyId: used.arn,
    ...(await recipient.members('Plaintext', plaintext)),
    EncryptionAlgorithm,
    ...(material !== undefined && { KeyMaterialId: material }),
  }
}

const RE_ENCRYPT = {
  CiphertextBlob: may(CIPHERTEXT),
  SourceEncryptionContext: may(CONTEXT),
  SourceKeyId: may(KEY_ID),
  DestinationKeyId: need(KEY_ID),
  DestinationEncryptionContext: may(CONTEXT),
  SourceEncryptionAlgorithm: may(ALGORITHM),
  DestinationEncryptionAlgorithm: may(ALGORITHM),
  GrantTokens: may(GRANT_TOKENS),
  DryRun: may(flag),
  DryRunModifiers: may(DRY_RUN_MODIFIERS),
}
type ReEncryptCall = Call<Values<typeof RE_ENCRYPT>>

interface Sides {
  readonly source: Used
  readonly target: Used
  readonly ciphertext: Uint8Array
}

/** Both keys; what is wrong about the source comes before what is wrong about the target. */
async function sidesOf(call: ReEncryptCall, ignored: boolean): Promise<Sides> {
  const { input } = call
  const { SourceEncryptionAlgorithm = DEFAULT, DestinationEncryptionAlgorithm = DEFAULT } = input
  const { used: source, ciphertext } = await ciphertextSource(call, {
    member: 'SourceKeyId',
    keyId: input.SourceKeyId,
    ciphertext: input.CiphertextBlob,
    ignored,
    algorithm: SourceEncryptionAlgorithm,
  })
  const target = await useKey(call, input.DestinationKeyId)
  call.onSameKey = source.keyId === target.keyId
  about(call, source)
  const unfit = faultOf(source, SourceEncryptionAlgorithm, input.SourceEncryptionContext)
  if (unfit) await refuse(call, 'decrypt', source, unfit)
  if (ignored) await permitted(call, 'decrypt', source)
  about(call, target)
  const fault = faultOf(target, DestinationEncryptionAlgorithm, input.DestinationEncryptionContext)
  if (fault) await refuse(call, 'reEncrypt', target, fault)
  if (ignored) await permitted(call, 'reEncrypt', target)
  return { source, target, ciphertext }
}

async function reEncrypt(call: ReEncryptCall) {
  const { input } = call
  const { SourceEncryptionContext: sourceContext, DestinationEncryptionContext: context } = input
  const { SourceEncryptionAlgorithm = DEFAULT, DestinationEncryptionAlgorithm = DEFAULT } = input
  const ignored = ignoresCiphertext(input)
  const { source, target, ciphertext } = await sidesOf(call, ignored)
  if (ignored) return {}
  const sourceAlgorithm = algorithmOf(source, SourceEncryptionAlgorithm)
  const algorithm = algorithmOf(target, DestinationEncryptionAlgorithm)
  const moving = call.room.reEncrypt({
    ...withKey(call, target),
    ciphertext,
    sourceAccess: call.asking('decrypt').access,
    sourceKeyId: source.keyId,
    sourceVaultId: source.vaultId,
    ...(sourceAlgorithm && { sourceAlgorithm }),
    ...(sourceContext && { sourceContext }),
    ...(algorithm && { algorithm }),
    ...(context && { context }),
  })
  const moved = await moving.catch((error: unknown) => {
    if (!isOfSource(error)) throw tooLong(target, DestinationEncryptionAlgorithm, error)
    about(call, source)
    throw input.SourceKeyId === undefined && isGone(error) ? unknownKey() : error
  })
  const sourceMaterial = await materialOf(call, source, moved.sourceVersionId)
  const material = await materialOf(call, target, moved.versionId)
  return {
    CiphertextBlob: moved.ciphertext,
    SourceKeyId: source.arn,
    KeyId: target.arn,
    SourceEncryptionAlgorithm,
    DestinationEncryptionAlgorithm,
    ...(sourceMaterial !== undefined && { SourceKeyMaterialId: sourceMaterial }),
    ...(material !== undefined && { DestinationKeyMaterialId: material }),
  }
}

export const ENCRYPTION_ROWS = {
  Encrypt: row({ room: ['encrypt'], dryRun: true, input: ENCRYPT, answer: encrypt }),
  Decrypt: row({ room: ['decrypt'], dryRun: true, input: DECRYPT, answer: decrypt }),
  ReEncrypt: row({ room: ['reEncrypt'], dryRun: true, input: RE_ENCRYPT, answer: reEncrypt }),
}
