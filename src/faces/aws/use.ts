/** TABLE of the operations that encrypt and decrypt (contracts: AWS 8.1, 17). */
import { keyArn, shownKeyId } from './arn.ts'
import { isMultiRegion, row } from './call.ts'
import { KmsFault } from './errors.ts'
import {
  CIPHERTEXT,
  CONTEXT,
  GRANT_TOKENS,
  KEY_ID,
  NUMBER_OF_BYTES,
  PLAINTEXT,
  RECIPIENT,
  STORE_ID,
  USE,
} from './members.ts'
import { ENCRYPTION_ALGORITHMS, namesOf } from './specs.ts'
import { flag, list, may, need, words } from './shape.ts'

const ALGORITHM = words(...namesOf(ENCRYPTION_ALGORITHMS))

export const ENCRYPTION_ROWS = {
  Encrypt: row({
    room: ['encrypt'],
    dryRun: true,
    input: {
      ...USE,
      Plaintext: need(PLAINTEXT),
      EncryptionContext: may(CONTEXT),
      EncryptionAlgorithm: may(ALGORITHM),
    },
    answer: async (call) => {
      const { KeyId, Plaintext: plaintext, EncryptionContext: context } = call.input
      const { EncryptionAlgorithm = 'SYMMETRIC_DEFAULT' } = call.input
      const { key, vaultId, arn } = await call.key(KeyId, { aliases: true })
      const { ciphertext } = await call.room.encrypt({
        ...call.asked,
        keyId: key.id,
        vaultId,
        plaintext,
        algorithm: ENCRYPTION_ALGORITHMS[EncryptionAlgorithm],
        ...(context && { context }),
      })
      return { CiphertextBlob: ciphertext, KeyId: arn, EncryptionAlgorithm }
    },
  }),

  Decrypt: row({
    room: ['decrypt'],
    dryRun: true,
    input: {
      CiphertextBlob: may(CIPHERTEXT),
      EncryptionContext: may(CONTEXT),
      GrantTokens: may(GRANT_TOKENS),
      KeyId: may(KEY_ID),
      EncryptionAlgorithm: may(ALGORITHM),
      Recipient: may(RECIPIENT),
      DryRun: may(flag),
      DryRunModifiers: may(list(words('IGNORE_CIPHERTEXT'))),
    },
    answer: async (call) => {
      const { CiphertextBlob: ciphertext, EncryptionContext: context, KeyId } = call.input
      const { EncryptionAlgorithm = 'SYMMETRIC_DEFAULT' } = call.input
      if (!ciphertext) throw new KmsFault('ValidationException')
      const found = KeyId === undefined ? undefined : await call.key(KeyId, { aliases: true })
      const vaultId = found?.vaultId ?? (await call.vault())
      const decrypted = await call.room.decrypt({
        ...call.asked,
        ciphertext,
        vaultId,
        algorithm: ENCRYPTION_ALGORITHMS[EncryptionAlgorithm],
        ...(found && { keyId: found.key.id }),
        ...(context && { context }),
      })
      const key = found?.key ?? (await call.room.getKey({ keyId: decrypted.keyId, vaultId }))
      const arn = found?.arn ?? keyArn(call.caller, shownKeyId(key.id, isMultiRegion(key)))
      return { KeyId: arn, Plaintext: decrypted.plaintext, EncryptionAlgorithm }
    },
  }),

  GenerateRandom: row({
    room: ['generateRandom'],
    input: {
      NumberOfBytes: may(NUMBER_OF_BYTES),
      CustomKeyStoreId: may(STORE_ID),
      Recipient: may(RECIPIENT),
    },
    answer: async (call) => {
      const { NumberOfBytes: lengthBytes } = call.input
      if (lengthBytes === undefined)
        throw new KmsFault('ValidationException', 'NumberOfBytes is required.')
      const { bytes } = await call.room.generateRandom({ ...call.asked, lengthBytes })
      return { Plaintext: bytes }
    },
  }),
}
