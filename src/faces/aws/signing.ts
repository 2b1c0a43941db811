/** TABLE of the operations that sign and verify (contracts: AWS 8.3, 17). */
import {
  ALGORITHMS,
  HASH_BYTES,
  type Algorithm,
  type AlgorithmRow,
} from '../../domain/algorithms.ts'
import { row, type Call } from './call.ts'
import { KmsFault } from './errors.ts'
import { MESSAGE, PROOF, USE } from './members.ts'
import { namesOf, SIGNING_ALGORITHMS, type SigningAlgorithm } from './specs.ts'
import { may, need, words } from './shape.ts'
import { needAlgorithm, refuse, useKey, withKey } from './use.ts'

const MESSAGE_TYPES = ['RAW', 'DIGEST', 'EXTERNAL_MU'] as const
type MessageType = (typeof MESSAGE_TYPES)[number]

const SIGNING = {
  ...USE,
  Message: need(MESSAGE),
  MessageType: may(words(...MESSAGE_TYPES)),
  SigningAlgorithm: need(words(...namesOf(SIGNING_ALGORITHMS))),
}

/** How the room is told what a message is, and the only length that it then has. */
interface Form {
  readonly messageType?: 'digest' | 'externalMu'
  readonly bytes?: number
}
type Forms = Readonly<Partial<Record<MessageType, Form>>>

const ROWS: Readonly<Record<Algorithm, AlgorithmRow>> = ALGORITHMS

function formsOf(algorithm: SigningAlgorithm): Forms {
  const { hash, muBytes } = ROWS[SIGNING_ALGORITHMS[algorithm]]
  return {
    RAW: {},
    ...(hash && { DIGEST: { messageType: 'digest', bytes: HASH_BYTES[hash] } }),
    ...(muBytes && { EXTERNAL_MU: { messageType: 'externalMu', bytes: muBytes } }),
  }
}

/** What a message can be, by algorithm. */
const FORMS: Readonly<Record<string, Forms>> = {
  ...Object.fromEntries(namesOf(SIGNING_ALGORITHMS).map((name) => [name, formsOf(name)])),
  // Ed25519ph hashes what it is given: the service takes digests alone, and they are hashed again.
  ED25519_PH_SHA_512: { DIGEST: { bytes: HASH_BYTES.SHA_512 } },
}

interface Asked {
  readonly KeyId: string
  readonly Message: Uint8Array
  readonly MessageType: MessageType | undefined
  readonly SigningAlgorithm: SigningAlgorithm
}

function faultOf({ Message, MessageType = 'RAW', SigningAlgorithm }: Asked): KmsFault | undefined {
  const form = FORMS[SigningAlgorithm]![MessageType]
  if (!form)
    return new KmsFault(
      'ValidationException',
      `MessageType ${MessageType} is not supported with algorithm ${SigningAlgorithm}.`,
    )
  if (form.bytes === undefined || form.bytes === Message.length) return undefined
  return new KmsFault(
    'ValidationException',
    `Digest is invalid length for algorithm ${SigningAlgorithm}.`,
  )
}

/** The key and the message, as the room wants them. */
async function asked(call: Call<Asked>, operation: 'sign' | 'verify') {
  const { KeyId, Message: message, MessageType = 'RAW', SigningAlgorithm } = call.input
  const used = await useKey(call, KeyId)
  await needAlgorithm(call, operation, used, 'SIGN_VERIFY', SigningAlgorithm)
  const fault = faultOf(call.input)
  if (fault) return refuse(call, operation, used, fault)
  const { messageType } = FORMS[SigningAlgorithm]![MessageType]!
  const algorithm = SIGNING_ALGORITHMS[SigningAlgorithm]
  const input = { ...withKey(call, used), message, algorithm, ...(messageType && { messageType }) }
  return { used, input }
}

export const SIGNING_ROWS = {
  Sign: row({
    room: ['sign'],
    dryRun: true,
    input: SIGNING,
    answer: async (call) => {
      const { used, input } = await asked(call, 'sign')
      const { signature } = await call.room.sign(input)
      const { SigningAlgorithm } = call.input
      return { KeyId: used.arn, Signature: signature, SigningAlgorithm }
    },
  }),

  Verify: row({
    room: ['verify'],
    dryRun: true,
    input: { ...SIGNING, Signature: need(PROOF) },
    answer: async (call) => {
      const { Signature: signature, SigningAlgorithm } = call.input
      const { used, input } = await asked(call, 'verify')
      const { valid } = await call.room.verify({ ...input, signature })
      if (!valid) throw new KmsFault('KMSInvalidSignatureException')
      return { KeyId: used.arn, SignatureValid: true, SigningAlgorithm }
    },
  }),
}
