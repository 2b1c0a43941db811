/** TABLE of the operations that import key material (contracts: AWS 9, 17). */
import { StrongroomError } from '../../base/errors.ts'
import { DAY_MS, LIMITS } from '../../domain/limits.ts'
import { SPECS, type Wrapping } from '../../domain/algorithms.ts'
import { row, type Call, type Found } from './call.ts'
import { KmsFault, notFound, unsupported, validation } from './errors.ts'
import { customerKey } from './managed.ts'
import { KEY_ID, MATERIAL_ID } from './members.ts'
import { blob, may, need, text, time, words } from './shape.ts'
import { keySpecOf } from './specs.ts'
import { permitted, usedOf } from './use.ts'

/** Undefined: the service knows the word and does not offer it (any more, or here). */
const WRAPPINGS: Readonly<Record<string, Wrapping | undefined>> = {
  RSAES_PKCS1_V1_5: undefined,
  RSAES_OAEP_SHA_1: 'RSA_OAEP_SHA_1',
  RSAES_OAEP_SHA_256: 'RSA_OAEP_SHA_256',
  RSA_AES_KEY_WRAP_SHA_1: 'RSA_OAEP_AES_SHA_1',
  RSA_AES_KEY_WRAP_SHA_256: 'RSA_OAEP_AES_SHA_256',
  SM2PKE: undefined,
}
const EXPIRES = 'KEY_MATERIAL_EXPIRES'
const IMPORT_TYPES = { NEW_KEY_MATERIAL: 'new', EXISTING_KEY_MATERIAL: 'existing' } as const
const IMPORT_TOKEN_BYTES_MAX = 512

export const isSymmetric = ({ key }: Found): boolean => keySpecOf(key.spec) === 'SYMMETRIC_DEFAULT'

/** A member that only symmetric keys have. */
const ofSymmetric = (found: Found, KeyMaterialId: string | undefined) =>
  isSymmetric(found) ? { KeyMaterialId } : {}

/** Private keys that RSA-OAEP alone cannot take: RSA keys, and those of P-521 under 2048 bits. */
function refuseTooLong({ key }: Found, wrapping: Wrapping, wrappingSpec: string): void {
  if (wrapping.startsWith('RSA_OAEP_AES')) return
  const long = SPECS[key.spec].family === 'rsa'
  if (long || (key.spec === 'EC_P521' && wrappingSpec === 'RSA_2048'))
    unsupported(`RSA-OAEP alone cannot take key material of ${keySpecOf(key.spec)}.`)
}

/** When the material expires: said whenever it does, and only then. */
function expiryOf({ face, input }: ImportCall): Date | undefined {
  const { ExpirationModel = EXPIRES, ValidTo } = input
  if (ExpirationModel !== EXPIRES) {
    if (ValidTo)
      validation(`A validTo date must not be set if the ExpirationModel is ${ExpirationModel}`)
    return undefined
  }
  if (!ValidTo) validation(`A validTo date must be set if the ExpirationModel is ${EXPIRES}`)
  const ahead = ValidTo.getTime() - face.now
  const days = LIMITS.materialExpiryDaysMax
  if (ahead <= 0 || ahead > days * DAY_MS)
    validation(`ValidTo must be in the future and at most ${days} days from now`)
  return ValidTo
}

/** Only symmetric keys ever hold more than one material. */
function refuseOfOneMaterial(found: Found, { input }: ImportCall): void {
  const { ImportType, KeyMaterialId, KeyMaterialDescription } = input
  if (!isSymmetric(found) && (ImportType ?? KeyMaterialId ?? KeyMaterialDescription) !== undefined)
    validation(
      'ImportType, KeyMaterialDescription and KeyMaterialId are supported for symmetric ' +
        'encryption keys only.',
    )
  if (ImportType === 'NEW_KEY_MATERIAL' && KeyMaterialId !== undefined)
    validation('KeyMaterialId must not be set if the ImportType is NEW_KEY_MATERIAL')
}

const IMPORT = {
  KeyId: need(KEY_ID),
  ImportToken: need(blob(1, 6144)),
  EncryptedKeyMaterial: need(blob(1, 6144)),
  ValidTo: may(time),
  ExpirationModel: may(words(EXPIRES, 'KEY_MATERIAL_DOES_NOT_EXPIRE')),
  ImportType: may(words('NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL')),
  KeyMaterialDescription: may(text(0, 256, /^[a-zA-Z0-9:/_\s.-]+$/)),
  KeyMaterialId: may(MATERIAL_ID),
} as const
type ImportCall = Call<import('./shape.ts').Values<typeof IMPORT>>

async function importMaterial(call: ImportCall): Promise<object> {
  const { ImportToken, EncryptedKeyMaterial, ImportType, KeyMaterialId } = call.input
  const { KeyMaterialDescription: description } = call.input
  const found = await customerKey(call, call.input.KeyId)
  await permitted(call, 'importKeyMaterial', usedOf(found))
  const expiresAt = expiryOf(call)
  refuseOfOneMaterial(found, call)
  if (ImportToken.length > IMPORT_TOKEN_BYTES_MAX) throw new KmsFault('InvalidImportTokenException')
  const { materialId } = await call.room.importKeyMaterial({
    ...call.asked,
    keyId: found.key.id,
    vaultId: found.vaultId,
    importToken: ImportToken,
    wrapped: EncryptedKeyMaterial,
    ...(expiresAt && { expiresAt }),
    ...(ImportType && { importType: IMPORT_TYPES[ImportType] }),
    ...(KeyMaterialId !== undefined && { materialId: KeyMaterialId }),
    ...(description !== undefined && { materialDescription: description }),
  })
  return { KeyId: found.arn, ...ofSymmetric(found, materialId) }
}

/** A material that the key does not have is no missing key. */
const unknownMaterial = (error: unknown, arn: string, materialId: string | undefined): unknown =>
  error instanceof StrongroomError && error.code === 'NOT_FOUND' && materialId !== undefined
    ? notFound(`Key material '${materialId}' of key '${arn}' does not exist`)
    : error

export const IMPORT_ROWS = {
  GetParametersForImport: row({
    room: ['getImportParameters'],
    input: {
      KeyId: need(KEY_ID),
      WrappingAlgorithm: need(words(...Object.keys(WRAPPINGS))),
      WrappingKeySpec: need(words('RSA_2048', 'RSA_3072', 'RSA_4096', 'SM2')),
    },
    answer: async (call) => {
      const { KeyId, WrappingAlgorithm, WrappingKeySpec: wrappingSpec } = call.input
      const found = await customerKey(call, KeyId)
      await permitted(call, 'getImportParameters', usedOf(found))
      const wrapping = WRAPPINGS[WrappingAlgorithm]
      const imported = found.key.origin === 'imported'
      if (imported && (!wrapping || wrappingSpec === 'SM2')) unsupported()
      if (imported) refuseTooLong(found, wrapping!, wrappingSpec)
      const made = await call.room.getImportParameters({
        ...call.asked,
        keyId: found.key.id,
        vaultId: found.vaultId,
        wrapping: wrapping ?? 'RSA_OAEP_SHA_256',
        ...(wrappingSpec !== 'SM2' && { wrappingSpec }),
      })
      return {
        KeyId: found.arn,
        ImportToken: made.importToken,
        PublicKey: made.publicKey,
        ParametersValidTo: made.expiresAt,
      }
    },
  }),

  ImportKeyMaterial: row({
    room: ['importKeyMaterial'],
    input: IMPORT,
    answer: importMaterial,
  }),

  DeleteImportedKeyMaterial: row({
    room: ['deleteKeyMaterial'],
    input: { KeyId: need(KEY_ID), KeyMaterialId: may(MATERIAL_ID) },
    answer: async (call) => {
      const { KeyId, KeyMaterialId: materialId } = call.input
      const found = await customerKey(call, KeyId)
      try {
        await call.room.deleteKeyMaterial({
          ...call.asked,
          keyId: found.key.id,
          vaultId: found.vaultId,
          ...(materialId !== undefined && { materialId }),
        })
      } catch (error) {
        throw unknownMaterial(error, found.arn, materialId)
      }
      return { KeyId: found.arn, ...ofSymmetric(found, materialId ?? found.key.currentMaterialId) }
    },
  }),
}
