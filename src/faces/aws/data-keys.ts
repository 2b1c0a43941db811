/** TABLE of the operations that make data keys, data key pairs and random bytes (contracts: AWS 8.1). */
import { row, type Call } from './call.ts'
import { validation } from './errors.ts'
import { CONTEXT, NUMBER_OF_BYTES, RECIPIENT, STORE_ID, USE } from './members.ts'
import { recipientFor, type WithRecipient } from './recipient.ts'
import {
  DATA_KEY_SPECS,
  KEY_PAIR_SPECS,
  namesOf,
  type DataKeySpec,
  type KeyPairSpec,
} from './specs.ts'
import { may, need, words } from './shape.ts'
import { storeOf } from './stores.ts'
import { materialOf, needAlgorithm, useKey, withKey } from './use.ts'

const DATA_KEY = {
  ...USE,
  EncryptionContext: may(CONTEXT),
  NumberOfBytes: may(NUMBER_OF_BYTES),
  KeySpec: may(words(...namesOf(DATA_KEY_SPECS))),
}
const PAIR = {
  ...USE,
  EncryptionContext: may(CONTEXT),
  KeyPairSpec: need(words(...namesOf(KEY_PAIR_SPECS))),
}

interface Asked extends WithRecipient {
  readonly KeyId: string
  readonly EncryptionContext: Readonly<Record<string, string>> | undefined
}
interface DataKeyAsked extends Asked {
  readonly NumberOfBytes: number | undefined
  readonly KeySpec: DataKeySpec | undefined
}
interface PairAsked extends Asked {
  readonly KeyPairSpec: KeyPairSpec
}

/** Data keys are sealed by the one algorithm of symmetric keys: no other key makes any. */
async function sealingKey(call: Call<Asked>, operation: 'generateDataKey' | 'generateDataKeyPair') {
  const used = await useKey(call, call.input.KeyId)
  await needAlgorithm(call, operation, used, 'ENCRYPT_DECRYPT', 'SYMMETRIC_DEFAULT')
  return used
}

async function dataKey(call: Call<DataKeyAsked>, more: { readonly withoutPlaintext?: true }) {
  const { NumberOfBytes: lengthBytes, KeySpec, EncryptionContext: context } = call.input
  if ((lengthBytes === undefined) === (KeySpec === undefined))
    validation('Please specify either number of bytes or key spec.')
  const recipient = await recipientFor(call)
  const used = await sealingKey(call, 'generateDataKey')
  const made = await call.room.generateDataKey({
    ...withKey(call, used),
    ...(KeySpec ? { spec: DATA_KEY_SPECS[KeySpec] } : { lengthBytes: lengthBytes! }),
    ...(context && { context }),
    ...more,
  })
  const { plaintext, versionId } = made
  const material = recipient.attested ? undefined : await materialOf(call, used, versionId)
  return {
    CiphertextBlob: made.ciphertext,
    ...(plaintext && (await recipient.members('Plaintext', plaintext))),
    KeyId: used.arn,
    ...(material !== undefined && { KeyMaterialId: material }),
  }
}

async function keyPair(call: Call<PairAsked>, more: { readonly withoutPlaintext?: true }) {
  const { KeyPairSpec, EncryptionContext: context } = call.input
  const recipient = await recipientFor(call)
  const used = await sealingKey(call, 'generateDataKeyPair')
  const made = await call.room.generateDataKeyPair({
    ...withKey(call, used),
    pairSpec: KEY_PAIR_SPECS[KeyPairSpec],
    ...(context && { context }),
    ...more,
  })
  const { privateKey, versionId } = made
  const material = recipient.attested ? undefined : await materialOf(call, used, versionId)
  return {
    PrivateKeyCiphertextBlob: made.ciphertext,
    ...(privateKey && (await recipient.members('PrivateKeyPlaintext', privateKey))),
    PublicKey: made.publicKey,
    KeyId: used.arn,
    KeyPairSpec,
    ...(material !== undefined && { KeyMaterialId: material }),
  }
}

const WITHOUT = { withoutPlaintext: true } as const

export const DATA_KEY_ROWS = {
  GenerateDataKey: row({
    room: ['generateDataKey'],
    dryRun: true,
    input: { ...DATA_KEY, Recipient: may(RECIPIENT) },
    answer: (call) => dataKey(call, {}),
  }),

  GenerateDataKeyWithoutPlaintext: row({
    room: ['generateDataKey'],
    dryRun: true,
    input: DATA_KEY,
    answer: (call) => dataKey(call, WITHOUT),
  }),

  GenerateDataKeyPair: row({
    room: ['generateDataKeyPair'],
    dryRun: true,
    input: { ...PAIR, Recipient: may(RECIPIENT) },
    answer: (call) => keyPair(call, {}),
  }),

  GenerateDataKeyPairWithoutPlaintext: row({
    room: ['generateDataKeyPair'],
    dryRun: true,
    input: PAIR,
    answer: (call) => keyPair(call, WITHOUT),
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
      if (lengthBytes === undefined) validation('NumberOfBytes is required.')
      const recipient = await recipientFor(call)
      const { CustomKeyStoreId } = call.input
      const store = CustomKeyStoreId && (await storeOf(call, CustomKeyStoreId))
      const keyStore = store && { id: store.id, vaultId: store.vaultId }
      const { bytes } = await call.room.generateRandom({
        ...call.asked,
        lengthBytes,
        ...(keyStore && { keyStore }),
      })
      return recipient.members('Plaintext', bytes)
    },
  }),
}
