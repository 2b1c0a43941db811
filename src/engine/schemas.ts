/**
 * TABLE of input schemas: one row per operation, read by `base/check.ts`, also the grammar of the
 * fuzz tests.
 */
import * as c from '../base/check.ts'
import {
  ENCRYPTION_ALGORITHMS,
  MAC_ALGORITHMS,
  PAIR_SPECS,
  PURPOSES,
  SIGNING_ALGORITHMS,
  SPEC_NAMES,
  WRAP_ALGORITHMS,
  WRAPPINGS,
} from '../domain/algorithms.ts'
import { invalidArgument } from '../base/errors.ts'
import { LIMITS } from '../domain/limits.ts'
import { OPERATIONS } from '../domain/operations.ts'
import { GRANT_OPERATION_NAMES, isGrantee } from '../domain/policy/grants.ts'
import { KEY_STORE_TYPES, ORIGINS, PROTECTION_MODES, VAULT_TYPES } from '../domain/records.ts'
import { KEY_OPERATIONS, type OperationName } from './api.ts'
import { SEAL_FIELD } from './seal.ts'

const { optional } = c
const id = c.text(1, LIMITS.nameLengthMax)
const uuid = c.text(
  36,
  36,
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  'a lower-case UUID',
)
const name = c.text(1, LIMITS.nameLengthMax)
/** Also of `open({ region })`. */
export const region = c.text(1, 64, /^[a-z0-9-]+$/, '1 to 64 of a-z 0-9 -')
const compartment = c.text(1, LIMITS.nameLengthMax)
const tags = c.stringMap(
  LIMITS.tagsMax,
  c.text(1, LIMITS.tagNameLengthMax),
  c.text(0, LIMITS.tagValueLengthMax),
)
const definedTags = c.definedMap(
  LIMITS.tagsMax,
  c.json(LIMITS.jsonDepthMax, LIMITS.definedTagBytesMax),
)
const anyJson = c.json(LIMITS.jsonDepthMax, LIMITS.definedTagBytesMax)
const aliasName = c.text(
  7,
  LIMITS.aliasLengthMax,
  /^alias\/[A-Za-z0-9/_-]+$/,
  "'alias/' and 1 to 250 of A-Z a-z 0-9 / _ -",
)
const context = c.stringMap(
  LIMITS.contextPairsMax,
  c.text(0, LIMITS.contextBytesMax),
  c.text(0, LIMITS.contextBytesMax),
)
const days = c.integer(LIMITS.rotationDaysMin, LIMITS.rotationDaysMax)
const wrapping = c.oneOf(Object.keys(WRAPPINGS))
const messageType = optional(c.oneOf(['raw', 'digest', 'externalMu']))
const format = optional(c.oneOf(['der', 'raw']))

const principal = c.text(1, LIMITS.principalLengthMax)
const action = c.text(1, 128)
const resource = c.text(1, LIMITS.principalLengthMax)
const policy = c.text(1, 131_072)
const attributeText = c.text(0, LIMITS.contextBytesMax)
const attributeTexts = c.list(attributeText, LIMITS.attributeValuesMax, false)
const attributeValue: c.Field = {
  type: 'a string or an array of strings',
  read: (value, path) => (Array.isArray(value) ? attributeTexts : attributeText).read(value, path),
}
const policies = c.list(policy, LIMITS.identityPoliciesMax, false)
const identityPolicies: c.Field = {
  type: `all, or ${policies.type}`,
  read: (value, path) => (value === 'all' ? value : policies.read(value, path)),
}
const account = c.text(12, 12, /^\d{12}$/, 'twelve digits')
const grantToken = c.text(1, LIMITS.grantTokenLengthMax)
const attributePairs = c.stringMap(
  LIMITS.attributesMax,
  c.text(1, LIMITS.nameLengthMax * 2),
  attributeValue,
)
const givenAttributes: c.Field = {
  type: `a function, or ${attributePairs.type}`,
  read: (value, path) => (typeof value === 'function' ? value : attributePairs.read(value, path)),
}
const facts = {
  attributes: optional(givenAttributes),
  account: optional(account),
  resource: optional(resource),
  unlessPolicy: optional(policy),
}
/** Of what a callback says of a key. */
export const DESCRIPTION_FIELD = c.object(facts)
export const ACCESS_FIELD = c.object({
  ...facts,
  action: optional(action),
  context: optional(context),
  grantTokens: optional(c.list(grantToken, LIMITS.grantTokensMax, false)),
  identityPolicies: optional(identityPolicies),
  sameAccountOnly: optional(c.boolean),
  also: optional(c.list(c.object({ action, resource }), LIMITS.identityPoliciesMax)),
  describe: optional(c.callback),
})

const asked = {
  principal: optional(principal),
  access: optional(ACCESS_FIELD),
  requestId: optional(c.text(1, LIMITS.requestIdLengthMax)),
}
const noteText = c.text(0, LIMITS.noteLengthMax)
const notePairs = c.stringMap(LIMITS.notePairsMax, noteText, noteText)
/** Bounded as a whole: it has to fit a journal entry. */
const note: c.Field = {
  ...notePairs,
  read: (value, path) => {
    const pairs = notePairs.read(value, path) as Readonly<Record<string, string>>
    const length = Object.entries(pairs).flat().join('').length
    return length <= LIMITS.noteLengthMax
      ? pairs
      : invalidArgument(path, `at most ${LIMITS.noteLengthMax} characters in all`, length)
  },
}
const using = { ...asked, note: optional(note) }
const write = {
  ...asked,
  ifMatch: optional(c.text(1, 128)),
  retryToken: optional(c.text(1, LIMITS.retryTokenLengthMax)),
}
const vault = { vaultId: id }
const key = { keyId: id, vaultId: optional(id) }
const version = { ...key, versionId: id }
const use = { ...using, ...key, versionId: optional(id) }
const paged = {
  ...asked,
  limit: optional(c.integer(1, LIMITS.pageSizeMax)),
  pageToken: optional(c.text(1, LIMITS.pageTokenLengthMax)),
  sortOrder: optional(c.oneOf(['ASC', 'DESC'])),
}
const sorted = { ...paged, sortBy: optional(c.oneOf(['TIMECREATED', 'DISPLAYNAME'])) }
const unsorted = { ...asked, limit: paged.limit, pageToken: paged.pageToken }
const dryRun = { dryRun: optional(c.boolean) }
const deletion = { deletionAt: optional(c.date) }
const attributes = {
  enabled: optional(c.boolean),
  notBefore: optional(c.nullable(c.date)),
  expiresOn: optional(c.nullable(c.date)),
  tags: optional(tags),
  operations: optional(c.nullable(c.list(c.oneOf(KEY_OPERATIONS), KEY_OPERATIONS.length))),
}
const rotation = c.object({
  everyDays: optional(days),
  daysAfterCreation: optional(days),
  daysBeforeExpiry: optional(days),
  expiryDays: optional(days),
  startAt: optional(c.date),
  enabled: optional(c.boolean),
})
const described = {
  displayName: name,
  tags: optional(tags),
  definedTags: optional(definedTags),
}
const newKey = {
  ...write,
  ...vault,
  id: optional(uuid),
  ...described,
  spec: c.oneOf(SPEC_NAMES),
  purposes: optional(c.list(c.oneOf(PURPOSES), PURPOSES.length)),
  protectionMode: optional(c.oneOf(PROTECTION_MODES)),
  description: optional(c.text(0, LIMITS.descriptionLengthMax)),
  compartmentId: optional(compartment),
  olderVersions: optional(c.oneOf(['process', 'all'])),
  multiRegion: optional(c.boolean),
  exportable: optional(c.boolean),
  version: optional(c.object(attributes)),
  rotation: optional(rotation),
}
const givenMaterial = c.bytes(1, LIMITS.wrappedMaterialBytesMax)
const materialId = c.text(64, 64, /^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits')
const wrapped = c.bytes(1, LIMITS.wrappedMaterialBytesMax)
const material = { wrapped, wrapping, expiresAt: optional(c.date) }
const message = c.bytes(0, LIMITS.messageBytesMax)
const ciphertext = c.bytes(1, LIMITS.ciphertextBytesMax)
const encryption = optional(c.oneOf(ENCRYPTION_ALGORITHMS))
const publicKey = c.bytes(1, LIMITS.wrappedMaterialBytesMax)
const iv = c.bytes(12, 16)
const aad = c.bytes(0, LIMITS.contextBytesMax)
const signing = {
  ...use,
  message,
  algorithm: optional(c.oneOf(SIGNING_ALGORITHMS)),
  messageType,
  format,
}
const mac = { ...use, message, algorithm: optional(c.oneOf(MAC_ALGORITHMS)) }
const wrapAlgorithm = optional(c.oneOf(WRAP_ALGORITHMS))
const grantId = c.text(64, 64, /^[0-9a-f]{64}$/, '64 digits of lower-case hex')
const grantContext = c.stringMap(
  LIMITS.grantContextPairsMax,
  c.text(1, LIMITS.grantContextValueLengthMax),
  c.text(0, LIMITS.grantContextValueLengthMax),
)
const grantee: c.Field = {
  type: 'an ARN of a principal, an account or the name of a service',
  read: (value, path) => {
    const text = principal.read(value, path) as string
    return isGrantee(text) ? text : invalidArgument(path, grantee.type, value)
  },
}
const constraints = c.object({
  contextEquals: optional(grantContext),
  contextSubset: optional(grantContext),
  sourceArn: optional(
    c.text(20, 512, /^arn:[\w-]+:[\w-]+:[\w-]*:\d{12}:.+$/, 'an ARN with an account'),
  ),
})
const keyPolicy = { policy: optional(policy), bypassLockoutCheck: optional(c.boolean) }
const alias = { ...write, name: aliasName, vaultId: optional(id) }
const newAlias = {
  ...write,
  ...key,
  name: aliasName,
  perKeyMax: optional(c.integer(1, LIMITS.aliasesPerKeyMax)),
}

const keyStore = { ...vault, keyStoreId: id }
const keyStoreSecret = c.bytes(1, LIMITS.keyStoreSecretBytesMax)
const settleMs = optional(c.integer(0, LIMITS.settleMsMax))

const bucketed = c.object({
  bucket: c.text(1, LIMITS.objectNameLengthMax),
  object: c.text(1, LIMITS.objectNameLengthMax),
  namespace: optional(c.text(1, LIMITS.objectNameLengthMax)),
})
const uri = c.object({ uri: c.text(1, LIMITS.uriLengthMax) })
/** An object by bucket and name, or by its URI. */
const objectRef: c.Field = {
  type: '{ bucket, object } or { uri }',
  read: (value, path) =>
    (typeof value === 'object' && value !== null && 'uri' in value ? uri : bucketed).read(
      value,
      path,
    ),
}
const blobBytes = c.bytes(0, LIMITS.blobBytesMax)
const blob: c.Field = {
  type: 'bytes, or an async iterable of bytes',
  read: (value, path) =>
    typeof value === 'object' && value !== null && Symbol.asyncIterator in value
      ? value
      : blobBytes.read(value, path),
}
const source = {
  blob: optional(blob),
  from: optional(objectRef),
  md5: optional(c.text(24, 24, /^[A-Za-z0-9+/]{21}[AQgw]==$/, 'the base64 of 16 bytes')),
  retryToken: optional(c.text(1, LIMITS.retryTokenLengthMax)),
}
const destination = { ifMatch: optional(c.text(1, 128)), to: optional(objectRef) }

const FIELDS: Readonly<Record<OperationName, c.Schema>> = {
  createVault: {
    ...write,
    ...described,
    type: optional(c.oneOf(VAULT_TYPES)),
    compartmentId: optional(compartment),
    external: optional(anyJson),
  },
  getVault: { ...asked, ...vault },
  listVaults: { ...sorted, compartmentId: optional(compartment) },
  updateVault: { ...write, ...vault, ...described, displayName: optional(name) },
  changeVaultCompartment: { ...write, ...vault, compartmentId: compartment },
  scheduleVaultDeletion: { ...write, ...vault, ...deletion },
  cancelVaultDeletion: { ...write, ...vault },
  getVaultUsage: { ...asked, ...vault },
  createVaultReplica: { ...write, ...vault, region },
  deleteVaultReplica: { ...write, ...vault, region, force: optional(c.boolean) },
  listVaultReplicas: { ...asked, ...vault },
  promoteVaultReplica: { ...asked, ...vault, force: optional(c.boolean) },
  getReplicationStatus: { ...asked, ...vault, replicationId: id },
  backupVault: {
    ...asked,
    ...vault,
    ...destination,
    includeKeys: optional(c.boolean),
    protectionMode: optional(c.oneOf(PROTECTION_MODES)),
  },
  restoreVault: { ...asked, ...source, compartmentId: optional(compartment) },

  createKey: {
    ...newKey,
    ...keyPolicy,
    origin: optional(c.oneOf(ORIGINS)),
    external: optional(anyJson),
    material: optional(givenMaterial),
    alias: optional(aliasName),
    keyStore: optional(c.object({ id, keyId: optional(name) })),
  },
  getKey: { ...asked, ...key },
  listKeys: {
    ...sorted,
    ...vault,
    compartmentId: optional(compartment),
    protectionMode: optional(c.oneOf(PROTECTION_MODES)),
    algorithm: optional(c.oneOf(['AES', 'RSA', 'ECDSA', 'ED25519', 'ML_DSA', 'ML_KEM', 'HMAC'])),
    length: optional(c.integer(1, 1024)),
    curve: optional(c.oneOf(['P-256', 'P-384', 'P-521', 'secp256k1', 'Ed25519'])),
    withDeleted: optional(c.boolean),
  },
  updateKey: {
    ...write,
    ...key,
    ...described,
    displayName: optional(name),
    description: optional(c.text(0, LIMITS.descriptionLengthMax)),
    olderVersions: optional(c.oneOf(['process', 'all'])),
    rotation: optional(c.nullable(rotation)),
    whileDisabled: optional(c.boolean),
  },
  changeKeyCompartment: { ...write, ...key, compartmentId: compartment },
  enableKey: { ...write, ...key, idempotent: optional(c.boolean) },
  disableKey: { ...write, ...key, idempotent: optional(c.boolean) },
  scheduleKeyDeletion: {
    ...write,
    ...key,
    ...deletion,
    windowDaysMax: optional(c.integer(LIMITS.deletionDaysMin, LIMITS.deletionDaysLongest)),
  },
  cancelKeyDeletion: { ...write, ...key, restoreTo: optional(c.oneOf(['previous', 'disabled'])) },
  destroyKey: { ...write, ...key },
  replicateKey: {
    ...write,
    ...key,
    toVaultId: id,
    displayName: optional(name),
    description: optional(c.text(0, LIMITS.descriptionLengthMax)),
    tags: optional(tags),
    policy: optional(policy),
    bypassLockoutCheck: optional(c.boolean),
    settleMs,
  },
  changePrimaryKey: { ...write, ...key, toVaultId: id, settleMs },
  tagKey: { ...write, ...key, tags, tagsMax: optional(c.integer(1, LIMITS.tagsMax)) },
  untagKey: {
    ...write,
    ...key,
    tagNames: c.list(c.text(1, LIMITS.tagNameLengthMax), LIMITS.tagsMax),
  },
  createAlias: newAlias,
  updateAlias: newAlias,
  deleteAlias: alias,
  listAliases: { ...paged, ...vault, keyId: optional(id) },
  getKeyPolicy: { ...asked, ...key },
  putKeyPolicy: { ...write, ...key, ...keyPolicy, policy: c.nullable(policy) },
  createGrant: {
    ...write,
    ...key,
    ...dryRun,
    granteePrincipal: grantee,
    retiringPrincipal: optional(grantee),
    operations: c.list(c.oneOf(GRANT_OPERATION_NAMES), GRANT_OPERATION_NAMES.length),
    constraints: optional(constraints),
    name: optional(
      c.text(1, LIMITS.grantNameLengthMax, /^[a-zA-Z0-9:/_-]+$/, 'A-Z a-z 0-9 : / _ -'),
    ),
  },
  listGrants: {
    ...unsorted,
    ...key,
    grantId: optional(grantId),
    granteePrincipal: optional(principal),
  },
  listRetirableGrants: {
    ...unsorted,
    retiringPrincipal: principal,
    vaultIds: optional(c.list(id, LIMITS.pageSizeMax)),
  },
  retireGrant: {
    ...write,
    ...dryRun,
    grantToken: optional(grantToken),
    keyId: optional(id),
    vaultId: optional(id),
    grantId: optional(grantId),
  },
  revokeGrant: { ...write, ...key, ...dryRun, grantId },
  getRotationPolicy: { ...asked, ...key },
  putRotationPolicy: {
    ...write,
    ...key,
    rotation: c.nullable(rotation),
    whileUsable: optional(c.boolean),
  },
  rotateKey: {
    ...write,
    ...key,
    rotationsMax: optional(c.integer(1, LIMITS.versionsPerKeyMax)),
  },
  listRotations: { ...paged, ...key, includeMaterials: optional(c.boolean) },
  backupKey: { ...asked, ...key, ...destination },
  restoreKey: {
    ...asked,
    ...source,
    vaultId: optional(id),
    newIds: optional(c.boolean),
    failIfNameInUse: optional(c.boolean),
    takeAliases: optional(c.boolean),
  },

  createKeyStore: {
    ...write,
    ...vault,
    name,
    type: c.oneOf(KEY_STORE_TYPES),
    settings: anyJson,
    secret: optional(keyStoreSecret),
  },
  getKeyStore: { ...asked, ...keyStore },
  listKeyStores: { ...paged, ...vault },
  updateKeyStore: {
    ...write,
    ...keyStore,
    name: optional(name),
    settings: optional(anyJson),
    secret: optional(keyStoreSecret),
    whileConnected: optional(c.boolean),
  },
  connectKeyStore: { ...write, ...keyStore, settleMs },
  disconnectKeyStore: { ...write, ...keyStore, settleMs },
  deleteKeyStore: { ...write, ...keyStore },

  createKeyVersion: {
    ...write,
    ...key,
    ...attributes,
    spec: optional(c.oneOf(SPEC_NAMES)),
    purposes: optional(c.list(c.oneOf(PURPOSES), PURPOSES.length)),
    material: optional(givenMaterial),
  },
  getKeyVersion: { ...asked, ...version },
  listKeyVersions: { ...paged, ...key },
  updateKeyVersion: { ...write, ...version, ...attributes },
  scheduleKeyVersionDeletion: { ...write, ...version, ...deletion },
  cancelKeyVersionDeletion: { ...write, ...version },

  getWrappingKey: { ...asked, ...vault },
  importKey: { ...newKey, ...material },
  importKeyVersion: { ...write, ...key, ...material, ...attributes },
  getImportParameters: {
    ...asked,
    ...key,
    wrapping,
    wrappingSpec: optional(c.oneOf(['RSA_2048', 'RSA_3072', 'RSA_4096'])),
  },
  importKeyMaterial: {
    ...write,
    ...key,
    importToken: c.bytes(1, 512),
    wrapped,
    expiresAt: optional(c.date),
    importType: optional(c.oneOf(['new', 'existing'])),
    materialId: optional(materialId),
    materialDescription: optional(c.text(0, LIMITS.materialDescriptionLengthMax)),
  },
  deleteKeyMaterial: { ...write, ...key, materialId: optional(materialId) },

  encrypt: {
    ...use,
    plaintext: c.bytes(0, LIMITS.plaintextBytesMax),
    context: optional(context),
    algorithm: encryption,
    aad: optional(aad),
    iv: optional(iv),
  },
  decrypt: {
    ...using,
    ciphertext: c.bytes(0, LIMITS.ciphertextBytesMax),
    keyId: optional(id),
    vaultId: optional(id),
    versionId: optional(id),
    context: optional(context),
    algorithm: encryption,
    aad: optional(aad),
    iv: optional(iv),
    tag: optional(c.bytes(16, 16)),
  },
  reEncrypt: {
    ...using,
    ciphertext,
    sourceKeyId: optional(id),
    sourceVaultId: optional(id),
    sourceVersionId: optional(id),
    sourceContext: optional(context),
    sourceAlgorithm: encryption,
    sourceAccess: optional(ACCESS_FIELD),
    keyId: id,
    vaultId: optional(id),
    context: optional(context),
    algorithm: encryption,
  },
  generateDataKey: {
    ...use,
    spec: optional(c.oneOf(['AES_128', 'AES_192', 'AES_256'])),
    lengthBytes: optional(c.integer(LIMITS.dataKeyBytesMin, LIMITS.dataKeyBytesMax)),
    context: optional(context),
    withoutPlaintext: optional(c.boolean),
  },
  generateDataKeyPair: {
    ...use,
    pairSpec: c.oneOf(PAIR_SPECS),
    context: optional(context),
    withoutPlaintext: optional(c.boolean),
  },
  generateRandom: {
    ...asked,
    lengthBytes: c.integer(1, LIMITS.randomBytesMax),
    keyStore: optional(c.object({ id, vaultId: id })),
  },
  sign: signing,
  verify: { ...signing, signature: c.bytes(1, LIMITS.signatureBytesMax) },
  generateMac: mac,
  verifyMac: { ...mac, mac: c.bytes(1, LIMITS.macBytesMax) },
  wrapKey: { ...use, plaintext: c.bytes(1, LIMITS.keyToWrapBytesMax), algorithm: wrapAlgorithm },
  unwrapKey: { ...use, wrapped, algorithm: wrapAlgorithm },
  deriveSharedSecret: { ...use, publicKey },
  encapsulate: use,
  decapsulate: { ...use, ciphertext },
  getPublicKey: use,
  exportKey: { ...use, wrapping, publicKey },
}

/** The schema of every operation, as one object field. */
export const SCHEMAS = Object.fromEntries(
  Object.entries(FIELDS).map(([operation, fields]) => [operation, c.object(fields)]),
) as Readonly<Record<OperationName, c.Field>>

export { FIELDS as SCHEMA_FIELDS }

export const JOURNAL_SCHEMA = c.object({
  from: optional(c.bigint(1n)),
  vaultId: optional(id),
  follow: optional(c.boolean),
  signal: optional(c.signal),
})
export const VERIFY_SCHEMA = c.object({
  onProgress: optional(c.callback),
  signal: optional(c.signal),
})
export const CARD_SCHEMA = c.object({ seal: SEAL_FIELD })
export const CHECKPOINT_SCHEMA = c.object({ since: optional(c.bigint(0n)) })
export const PRUNE_SCHEMA = c.object({ until: c.bigint(1n) })

export const IDENTIFY_SCHEMA = c.object({ ciphertext, vaultId: optional(id) })
export const EXPLAIN_ACCESS_SCHEMA = c.object({
  ...asked,
  principal,
  operation: optional(c.oneOf(Object.keys(OPERATIONS))),
  keyId: optional(id),
  vaultId: optional(id),
  context: optional(context),
})

/** `explain` takes the name of an operation on a key. */
export const EXPLAIN_SCHEMA = c.object({ ...use, operation: c.oneOf(Object.keys(OPERATIONS)) })
