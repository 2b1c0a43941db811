/**
 * The words of policies for the operations of the core: `kms:` and the name of the operation, unless
 * the language has a name of its own for it (contracts: AWS 12, 17).
 */
import { OPERATIONS, type OperationTable } from '../operations.ts'

const OWN_NAMES: Readonly<Partial<Record<keyof OperationTable, string>>> = {
  getKey: 'DescribeKey',
  tagKey: 'TagResource',
  untagKey: 'UntagResource',
  getImportParameters: 'GetParametersForImport',
  deleteKeyMaterial: 'DeleteImportedKeyMaterial',
  getRotationPolicy: 'GetKeyRotationStatus',
  listRotations: 'ListKeyRotations',
  rotateKey: 'RotateKeyOnDemand',
  changePrimaryKey: 'UpdatePrimaryRegion',
  reEncrypt: 'ReEncryptTo',
}
/** The action of the key that opens in a re-encryption. */
export const RE_ENCRYPT_FROM = 'kms:ReEncryptFrom'

const named = (operation: string): string =>
  `kms:${operation.charAt(0).toUpperCase()}${operation.slice(1)}`

const ACTIONS = Object.fromEntries(
  (Object.keys(OPERATIONS) as (keyof OperationTable)[]).map((operation) => {
    const own = OWN_NAMES[operation]
    return [operation, own === undefined ? named(operation) : `kms:${own}`]
  }),
) as Readonly<Record<keyof OperationTable, string>>

export function actionOf(operation: keyof OperationTable, withoutPlaintext = false): string {
  return withoutPlaintext ? `${ACTIONS[operation]}WithoutPlaintext` : ACTIONS[operation]
}
