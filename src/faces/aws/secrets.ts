/** TABLE of the operations by which two parties come to share a secret (contracts: AWS 8.4, 17). */
import { StrongroomError } from '../../base/errors.ts'
import { row } from './call.ts'
import { KmsFault } from './errors.ts'
import { CIPHERTEXT, PUBLIC_KEY, RECIPIENT, USE } from './members.ts'
import { recipientFor } from './recipient.ts'
import { may, need, words } from './shape.ts'
import { needAlgorithm, useKey, withKey } from './use.ts'

const USAGE = 'ENCAPSULATE_DECAPSULATE'

export const SECRET_ROWS = {
  DeriveSharedSecret: row({
    room: ['deriveSharedSecret'],
    dryRun: true,
    input: {
      ...USE,
      KeyAgreementAlgorithm: need(words('ECDH')),
      PublicKey: need(PUBLIC_KEY),
      Recipient: may(RECIPIENT),
    },
    answer: async (call) => {
      const { KeyId, KeyAgreementAlgorithm, PublicKey: publicKey } = call.input
      const recipient = await recipientFor(call)
      const used = await useKey(call, KeyId)
      await needAlgorithm(call, 'deriveSharedSecret', used, 'KEY_AGREEMENT', KeyAgreementAlgorithm)
      const deriving = call.room.deriveSharedSecret({ ...withKey(call, used), publicKey })
      const { sharedSecret } = await deriving.catch((error: unknown) => {
        throw isOfPublicKey(error) ? new KmsFault('ValidationException') : error
      })
      return {
        KeyId: used.arn,
        ...(await recipient.members('SharedSecret', sharedSecret)),
        KeyAgreementAlgorithm,
        KeyOrigin: used.origin,
      }
    },
  }),

  Encapsulate: row({
    room: ['encapsulate'],
    dryRun: true,
    input: { ...USE, EncapsulationAlgorithm: need(words('ML_KEM')) },
    answer: async (call) => {
      const { KeyId, EncapsulationAlgorithm } = call.input
      const used = await useKey(call, KeyId)
      await needAlgorithm(call, 'encapsulate', used, USAGE, EncapsulationAlgorithm)
      const { sharedSecret, ciphertext } = await call.room.encapsulate(withKey(call, used))
      return {
        KeyId: used.arn,
        SharedSecret: sharedSecret,
        SharedSecretCiphertextBlob: ciphertext,
        EncapsulationAlgorithm,
      }
    },
  }),

  Decapsulate: row({
    room: ['decapsulate'],
    dryRun: true,
    input: {
      ...USE,
      SharedSecretCiphertextBlob: need(CIPHERTEXT),
      EncapsulationAlgorithm: need(words('ML_KEM')),
    },
    answer: async (call) => {
      const { KeyId, EncapsulationAlgorithm, SharedSecretCiphertextBlob: ciphertext } = call.input
      const used = await useKey(call, KeyId)
      await needAlgorithm(call, 'decapsulate', used, USAGE, EncapsulationAlgorithm)
      const { sharedSecret } = await call.room.decapsulate({ ...withKey(call, used), ciphertext })
      return { KeyId: used.arn, SharedSecret: sharedSecret, EncapsulationAlgorithm }
    },
  }),
}

/** Of a key that may be used, nothing else can be wrong; the service says no more of it. */
const isOfPublicKey = (error: unknown): boolean =>
  error instanceof StrongroomError && error.code === 'INVALID_ARGUMENT'
