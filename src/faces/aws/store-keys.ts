/** Keys of custom key stores (contracts: AWS 7, 14): how they are asked for, and what they show. */
import type { Call, Found } from './call.ts'
import type { CloudHsmSettings } from './cloud-hsm.ts'
import { unsupported, validation } from './errors.ts'
import { STORE_ORIGINS } from './specs.ts'
import { shownStoreId, storeOf } from './stores.ts'

export interface StoreKeyAsked {
  readonly Origin: string
  readonly CustomKeyStoreId: string | undefined
  readonly XksKeyId: string | undefined
  readonly MultiRegion: boolean | undefined
}

/** The place that a new key asks for; undefined for one of no custom key store. */
export async function placeAsked(
  call: Call,
  asked: StoreKeyAsked,
  spec: string,
): Promise<{ readonly id: string; readonly keyId?: string } | undefined> {
  const { Origin, CustomKeyStoreId: storeId, XksKeyId: keyId, MultiRegion } = asked
  if (!Object.values(STORE_ORIGINS).includes(Origin)) {
    if (storeId === undefined && keyId === undefined) return undefined
    return validation(
      `${storeId === undefined ? 'XksKeyId' : 'CustomKeyStoreId'} is not valid when Origin is ` +
        `${Origin}.`,
    )
  }
  if (storeId === undefined)
    validation(`You must specify a CustomKeyStoreId when Origin is ${Origin}.`)
  if (spec !== 'SYMMETRIC_DEFAULT' || MultiRegion)
    unsupported('KMS keys in custom key stores must be single-Region symmetric encryption keys.')
  const external = Origin === STORE_ORIGINS.EXTERNAL
  if (external !== (keyId !== undefined))
    validation(
      external
        ? `You must specify an XksKeyId when Origin is ${Origin}.`
        : `XksKeyId is not valid when Origin is ${Origin}.`,
    )
  const store = await storeOf(call, storeId)
  if (STORE_ORIGINS[store.type] !== Origin)
    validation(
      `Origin ${Origin} is not valid for a custom key store of type ${STORE_ORIGINS[store.type]}.`,
    )
  return { id: store.id, ...(keyId !== undefined && { keyId }) }
}

/** What KeyMetadata says of a key of a custom key store beside what all say. */
export async function storeMembers(
  { room, own }: Call,
  { key, vaultId }: Pick<Found, 'key' | 'vaultId'>,
): Promise<object> {
  const { keyStore } = key
  if (!keyStore) return {}
  const CustomKeyStoreId = shownStoreId(keyStore.id)
  // Without its store, which a backup of the key does not bring along.
  if (keyStore.type === undefined) return { CustomKeyStoreId }
  if (keyStore.type === 'EXTERNAL')
    return { CustomKeyStoreId, XksKeyConfiguration: { Id: keyStore.keyId } }
  const { settings } = await room.getKeyStore({ ...own, vaultId, keyStoreId: keyStore.id })
  const { clusterId } = settings as unknown as CloudHsmSettings
  return { CustomKeyStoreId, CloudHsmClusterId: clusterId }
}
