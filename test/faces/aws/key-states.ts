/** Keys in each of their states, and a call of every operation on one (contracts: AWS 16). */
import { readFileSync } from 'node:fs'
import type { KeyMetadata, KMSClient } from '@aws-sdk/client-kms'
import { Strongroom } from '../../../src/index.ts'
import type { CloudHsmClusters } from '../../../src/faces/aws/index.ts'
import { sharedProvider } from '../../helpers/provider.ts'
import { ask } from './ask.ts'
import { byNode, importInto, materialOf, parametersOf } from './import-kit.ts'
import { ACCOUNT, REGION } from './world.ts'

export interface Row {
  readonly operation: string
  /** Which of two keys of the operation it is that has the state. */
  readonly role?: string
  readonly keySpec: string
  readonly keyUsage?: string
  readonly origin?: 'AWS_KMS' | 'EXTERNAL'
  readonly multiRegion?: boolean
  readonly clause: string
  /** By state: `ok`, or a code of `outcomes`. */
  readonly cells: Readonly<Record<string, string>>
  /** The state after what is answered, where that is another one. */
  readonly after?: Readonly<Record<string, string>>
}
interface Table {
  readonly states: readonly string[]
  readonly outcomes: Readonly<Record<string, { readonly name: string; readonly text: string }>>
  readonly rows: readonly Row[]
}
export const TABLE = JSON.parse(
  readFileSync(new URL('../../../fixtures/lifecycle/aws-key-states.json', import.meta.url), 'utf8'),
) as Table

/** Another region, where primaries of keys that are created here are, or replicas of them. */
export const ELSEWHERE = 'us-east-1'

/** Clients of one room, and how its clock is moved. */
export interface Clients {
  readonly kms: KMSClient
  /** Of the other region. */
  readonly abroad: KMSClient
  readonly settle: () => void
}

/** A key on its way into a state. */
interface Subject extends Clients {
  readonly KeyId: string
  readonly arn: string
  readonly origin: string
  /** The state that it is to come into. */
  readonly state: string
  /** False while it waits for its first material, or to be there. */
  readonly usable: boolean
  /** Where material of the key can be used. */
  readonly using: KMSClient
  /** What was imported, or can be. */
  readonly material: Uint8Array
  readonly imported: boolean
  /** A key of the same kind, enabled. */
  readonly other: () => Promise<string>
}

const USAGES: Readonly<Record<string, string>> = {
  HMAC_256: 'GENERATE_VERIFY_MAC',
  ECC_NIST_P256: 'SIGN_VERIFY',
  ML_KEM_512: 'ENCAPSULATE_DECAPSULATE',
}
const Plaintext = new Uint8Array(16).fill(1)
const SIGNING = { Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' }
const MAC = { Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }
const KEM = { EncapsulationAlgorithm: 'ML_KEM' }
const GRANT = {
  GranteePrincipal: `arn:aws:iam::${ACCOUNT}:role/app`,
  RetiringPrincipal: `arn:aws:iam::${ACCOUNT}:root`,
  Operations: ['DescribeKey'],
}
const IMPORT = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
})

let names = 0
const newAlias = (): string => `alias/${++names}`

async function aliasOf(kms: KMSClient, TargetKeyId: string): Promise<string> {
  const AliasName = newAlias()
  await ask(kms, 'CreateAlias', { AliasName, TargetKeyId })
  return AliasName
}
const encrypted = async (kms: KMSClient, KeyId: string) =>
  (await ask(kms, 'Encrypt', { KeyId, Plaintext }))['CiphertextBlob']
const granted = async ({ kms, KeyId }: Subject) =>
  (await ask(kms, 'CreateGrant', { KeyId, ...GRANT }))['GrantId']

/** What an operation is asked; made while the key can still be used. */
type Input = (subject: Subject) => object | Promise<object>
const onKey: Input = ({ KeyId }) => ({ KeyId })
const withKey =
  (more: object): Input =>
  ({ KeyId }) => ({ KeyId, ...more })

/** By operation, and by its role where there are two keys. */
export const INPUTS: Readonly<Record<string, Input>> = {
  CancelKeyDeletion: onKey,
  CreateAlias: ({ KeyId }) => ({ AliasName: newAlias(), TargetKeyId: KeyId }),
  CreateGrant: withKey(GRANT),
  Encrypt: withKey({ Plaintext }),
  Decrypt: async ({ using, KeyId }) => ({ KeyId, CiphertextBlob: await encrypted(using, KeyId) }),
  'ReEncrypt source': async ({ using, KeyId, other }) => ({
    CiphertextBlob: await encrypted(using, KeyId),
    DestinationKeyId: await other(),
  }),
  'ReEncrypt destination': async ({ kms, KeyId, other }) => ({
    CiphertextBlob: await encrypted(kms, await other()),
    DestinationKeyId: KeyId,
  }),
  GenerateDataKey: withKey({ KeySpec: 'AES_256' }),
  GenerateDataKeyWithoutPlaintext: withKey({ KeySpec: 'AES_256' }),
  GenerateDataKeyPair: withKey({ KeyPairSpec: 'ECC_NIST_P256' }),
  GenerateDataKeyPairWithoutPlaintext: withKey({ KeyPairSpec: 'ECC_NIST_P256' }),
  Sign: withKey(SIGNING),
  Verify: async ({ kms, KeyId, usable }) => {
    const signed = usable ? await ask(kms, 'Sign', { KeyId, ...SIGNING }) : {}
    return { KeyId, ...SIGNING, Signature: Plaintext, ...signed }
  },
  GetPublicKey: onKey,
  DeriveSharedSecret: async ({ kms, KeyId, other }) => {
    const { PublicKey } = await ask(kms, 'GetPublicKey', { KeyId: await other() })
    return { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey }
  },
  GenerateMac: withKey(MAC),
  VerifyMac: async ({ kms, KeyId, usable }) => {
    const made = usable ? await ask(kms, 'GenerateMac', { KeyId, ...MAC }) : {}
    return { KeyId, ...MAC, Mac: Plaintext, ...made }
  },
  Encapsulate: withKey(KEM),
  Decapsulate: withKey({ ...KEM, SharedSecretCiphertextBlob: new Uint8Array(768) }),
  DeleteAlias: async ({ kms, KeyId }) => ({ AliasName: await aliasOf(kms, KeyId) }),
  DescribeKey: onKey,
  GetKeyPolicy: onKey,
  ListAliases: onKey,
  ListGrants: onKey,
  ListKeyPolicies: onKey,
  ListResourceTags: onKey,
  PutKeyPolicy: withKey({ Policy: POLICY }),
  RetireGrant: async (subject) => ({
    KeyId: subject.arn,
    GrantId: subject.usable ? await granted(subject) : undefined,
  }),
  RevokeGrant: async (subject) => ({ KeyId: subject.KeyId, GrantId: await granted(subject) }),
  GetKeyLastUsage: onKey,
  DeleteImportedKeyMaterial: onKey,
  DisableKey: onKey,
  EnableKey: onKey,
  EnableKeyRotation: onKey,
  DisableKeyRotation: onKey,
  GetKeyRotationStatus: onKey,
  ListKeyRotations: onKey,
  RotateKeyOnDemand: onKey,
  GetParametersForImport: withKey({
    WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
    WrappingKeySpec: 'RSA_2048',
  }),
  ImportKeyMaterial: async ({ kms, KeyId, material, state }) => {
    // No parameters are given out before it is there.
    if (FIRST.has(state))
      return { KeyId, ImportToken: Plaintext, EncryptedKeyMaterial: Plaintext, ...IMPORT }
    const { ImportToken, PublicKey } = await parametersOf(kms, KeyId)
    const EncryptedKeyMaterial = byNode(PublicKey, material, 'RSAES_OAEP_SHA_256')
    return { KeyId, ImportToken, EncryptedKeyMaterial, ...IMPORT }
  },
  ReplicateKey: withKey({ ReplicaRegion: 'eu-west-1' }),
  UpdatePrimaryRegion: async (subject) => {
    // A primary with a replica would wait for it.
    if (subject.usable && subject.state !== 'PendingDeletion') await replicated(subject)
    return { KeyId: subject.KeyId, PrimaryRegion: ELSEWHERE }
  },
  ScheduleKeyDeletion: onKey,
  TagResource: withKey({ Tags: [{ TagKey: 'a', TagValue: 'b' }] }),
  UntagResource: withKey({ TagKeys: ['a'] }),
  UpdateKeyDescription: withKey({ Description: 'new' }),
  'UpdateAlias current target': async ({ kms, KeyId, other }) => ({
    AliasName: await aliasOf(kms, KeyId),
    TargetKeyId: await other(),
  }),
  'UpdateAlias new target': async ({ kms, KeyId, other }) => ({
    AliasName: await aliasOf(kms, await other()),
    TargetKeyId: KeyId,
  }),
}
export const inputName = ({ operation, role }: Row): string =>
  role === undefined ? operation : `${operation} ${role}`

/** Asked of a key that waits for material, these need some that was there before. */
const NEED_MATERIAL: ReadonlySet<string> = new Set([
  'Decrypt',
  'ReEncrypt source',
  'RetireGrant',
  'RevokeGrant',
])

async function keyOf(kms: KMSClient, row: Row, more: object = {}): Promise<KeyMetadata> {
  const { keySpec: KeySpec, keyUsage: KeyUsage = USAGES[KeySpec] } = row
  const input = { KeySpec, KeyUsage, ...(row.multiRegion && { MultiRegion: true }), ...more }
  return (await ask(kms, 'CreateKey', input))['KeyMetadata'] as KeyMetadata
}

/** How a key gets from enabled, or from waiting for its material, into a state. */
export const INTO: Readonly<Record<string, (subject: Subject) => Promise<unknown>>> = {
  Enabled: async () => undefined,
  Disabled: ({ kms, KeyId }) => ask(kms, 'DisableKey', { KeyId }),
  PendingDeletion: ({ kms, KeyId }) => ask(kms, 'ScheduleKeyDeletion', { KeyId }),
  PendingImport: ({ kms, KeyId, usable }) =>
    usable ? ask(kms, 'DeleteImportedKeyMaterial', { KeyId }) : Promise.resolve(),
  Unavailable: async ({ kms }) => ask(kms, 'DisconnectCustomKeyStore', await theStore(kms)),
  PendingReplicaDeletion: async (subject) => {
    await replicated(subject)
    await ask(subject.kms, 'ScheduleKeyDeletion', { KeyId: subject.KeyId })
  },
  Creating: ({ abroad, KeyId }) => ask(abroad, 'ReplicateKey', { KeyId, ReplicaRegion: REGION }),
  // There and back: the primary is where it was, and on its way.
  Updating: async (subject) => {
    const { kms, abroad, KeyId } = subject
    await replicated(subject)
    await ask(kms, 'UpdatePrimaryRegion', { KeyId, PrimaryRegion: ELSEWHERE })
    await ask(abroad, 'UpdatePrimaryRegion', { KeyId, PrimaryRegion: REGION })
  },
}
/** States of keys of several regions. */
const FAMILIES: ReadonlySet<string> = new Set(['PendingReplicaDeletion', 'Creating', 'Updating'])
/** States that a key has by coming to be. */
const FIRST: ReadonlySet<string> = new Set(['Creating'])

/** A replica in the other region, enabled. */
async function replicated(subject: Subject): Promise<void> {
  const { kms, abroad, KeyId, settle, imported, material } = subject
  const { KeyMetadata } = await ask(kms, 'DescribeKey', { KeyId })
  const { MultiRegionConfiguration } = KeyMetadata as KeyMetadata
  if (MultiRegionConfiguration?.ReplicaKeys?.length !== 0) return
  await ask(kms, 'ReplicateKey', { KeyId, ReplicaRegion: ELSEWHERE })
  settle()
  if (imported) await importInto(abroad, KeyId, material)
}

export const CLUSTER = 'cluster-abcdefg2345'
export const TRUST_ANCHOR = 'certificate'
const PASSWORD = 'kmsPswd'

/** The cluster of custom key stores, in a room of its own. */
export async function clusters(): Promise<CloudHsmClusters> {
  const room = await Strongroom.open({ crypto: await sharedProvider() })
  return { [CLUSTER]: { room, trustAnchor: TRUST_ANCHOR, password: PASSWORD } }
}

/** The one custom key store, made when it is first asked for. */
async function theStore(kms: KMSClient): Promise<{ readonly CustomKeyStoreId: string }> {
  const { CustomKeyStores } = await ask(kms, 'DescribeCustomKeyStores')
  const [known] = CustomKeyStores as readonly { readonly CustomKeyStoreId: string }[]
  if (known) return { CustomKeyStoreId: known.CustomKeyStoreId }
  const made = await ask(kms, 'CreateCustomKeyStore', {
    CustomKeyStoreName: 'store',
    CloudHsmClusterId: CLUSTER,
    TrustAnchorCertificate: TRUST_ANCHOR,
    KeyStorePassword: PASSWORD,
  })
  return { CustomKeyStoreId: String(made['CustomKeyStoreId']) }
}

/** What a new key is asked to be, so that it can come into a state. */
async function placed(kms: KMSClient, { origin }: Row, state: string): Promise<object> {
  const several = FAMILIES.has(state) && { MultiRegion: true }
  if (origin === 'EXTERNAL' || state === 'PendingImport') return { Origin: 'EXTERNAL', ...several }
  if (state !== 'Unavailable') return { ...several }
  const store = await theStore(kms)
  await ask(kms, 'ConnectCustomKeyStore', store)
  return { Origin: 'AWS_CLOUDHSM', ...store }
}

/** A key in a state, and what the operation is asked about it. */
export async function staged(clients: Clients, row: Row, state: string) {
  const { kms } = clients
  const using = FIRST.has(state) ? clients.abroad : kms
  const imported = row.origin === 'EXTERNAL' || state === 'PendingImport'
  const key = await keyOf(using, row, await placed(kms, row, state))
  const held = !imported || state !== 'PendingImport' || NEED_MATERIAL.has(inputName(row))
  const KeyId = key.KeyId!
  const material = materialFor(row)
  if (imported && held) await importInto(using, KeyId, material)
  const other = async () => (await keyOf(kms, row)).KeyId!
  const usable = held && !FIRST.has(state)
  const arn = key.Arn!.replace(ELSEWHERE, REGION)
  const subject = {
    ...clients,
    state,
    KeyId,
    arn,
    origin: key.Origin!,
    usable,
    using,
    imported,
    material,
    other,
  }
  const asked = () => INPUTS[inputName(row)]!(subject)
  const input = FIRST.has(state) ? undefined : await asked()
  await INTO[state]!(subject)
  return { subject, input: input ?? (await asked()) }
}
const materialFor = ({ keySpec }: Row): Uint8Array =>
  keySpec === 'ECC_NIST_P256' ? materialOf(keySpec) : new Uint8Array(32).fill(7)

export async function stateOf({ kms, KeyId }: Subject): Promise<string> {
  const { KeyMetadata } = await ask(kms, 'DescribeKey', { KeyId })
  return (KeyMetadata as KeyMetadata).KeyState!
}

/** What the table says of a cell, with the key in its place. */
export function expected(code: string, { arn, origin }: Subject): string {
  if (code === 'ok') return code
  const { name, text } = TABLE.outcomes[code]!
  return `${name}: ${text.replace('{arn}', arn).replace('{origin}', origin)}`
}
