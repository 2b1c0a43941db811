/**
 * The public surface, name by name: what is added, renamed or removed shows here as a diff that
 * someone must mean. A removal or rename is a breaking change and belongs in CHANGELOG.md.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { Strongroom } from '../src/index.ts'

const words = (text: string): string[] => text.trim().split(/\s+/).sort()

interface Entry {
  /** Path below `src`. */
  readonly source: string
  readonly values: readonly string[]
  readonly types: readonly string[]
}

const ENTRIES: Readonly<Record<string, Entry>> = {
  '.': {
    source: 'index.ts',
    values: words(`
      ALGORITHMS ERROR_CODES GRANT_OPERATION_NAMES KEY_OPERATIONS LIMITS SPECS StoreError Strongroom StrongroomError
      VirtualClock directoryObjectStore
      fetchLink replicationHandler roomLink serveReplication streamLink
    `),
    types: words(`
      BackupOperations KeyOperations KeyStoreOperations MaterialOperations PolicyOperations RotationOperations
      UseOperations VaultOperations
      ConnectKeyStoreInput CreateKeyStoreInput KeyStore KeyStoreLink KeyStorePlace KeyStoreRef
      KeyStoreState KeyStoreType LinkedKeyStore LinkedUse OpenKeyStore UpdateKeyStoreInput
      Access AccessExplained AttributeLookup AttributeValue CreateGrantInput CreatedGrant DryRun ExplainAccessInput
      GivenAttributes Grant GrantConstraints GrantOperation KeyDescription KeyFacts KeyPolicy
      ListGrantsInput ListRetirableGrantsInput PutKeyPolicyInput RetireGrantInput RevokeGrantInput
      Algorithm Alias AliasRef Answer Asked BackupDestination BackupKeyInput BackupSource
      BackupVaultInput CancelKeyDeletionInput ChangeKeyCompartmentInput
      ChangeVaultCompartmentInput Checkpoint CheckpointInput Clock Commit Context CreateAliasInput CreateKeyInput
      CreateKeyVersionInput CreateVaultInput CryptoProvider DataKey DataKeyPair DecryptInput
      DecapsulateInput Decrypted DefinedTags DeriveSharedSecretInput Duration EnableKeyInput Encapsulated
      EncryptInput Encrypted
      EncryptionAlgorithm ErrorCode ExplainInput Explained Explanation ExportKeyInput ExportRealmInput Exported Finding
      GenerateDataKeyInput GenerateDataKeyPairInput GenerateMacInput GenerateRandomInput
      GetImportParametersInput Hash Head ImportKeyInput ImportKeyMaterialInput
      ImportedMaterial ImportKeyVersionInput ImportParameters ImportRealmInput Input JournalChange JournalEntry JournalInput JournalledUse Json Key KeyBackup KeyOperation KeyRef KeyState
      ListAliasesInput ListKeysInput ListRotationsInput ListVaultsInput Mac MacAlgorithm Metrics ObjectRef ObjectStore OpenOptions
      OperationCount OperationEvent OperationMethods OperationName Operations Origin Page Paged
      PairSpec ProtectionMode PublicKeyAnswer Purpose Random Range ReEncryptInput ReEncrypted
      RestoreKeyInput RestoreVaultInput ScheduleKeyDeletionInput
      Rotation RotationInput RotationStatus Row ScheduleDeletion Seal SharedSecret Sidecar
      SignInput Signed SigningAlgorithm Sorted Spec Store StoreLimits Tags Ticked Unsealed
      UnwrapKeyInput Unwrapped UpdateKeyInput UpdateKeyVersionInput UpdateVaultInput UseKey Vault
      VaultBackup
      VaultRef VaultState VaultType VaultUsage Verified VerifyInput VerifyMacInput VerifyProgress VerifyReport
      VerifyRoomInput Version
      VersionAttributes VersionRef VersionState WrapAlgorithm WrapKeyInput Wrapped
      WrappedMaterial Wrapping WrappingKey Write
      ByteChannel DeleteKeyMaterialInput DeleteVaultReplicaInput ChangePrimaryKeyInput MultiRegion Noted ReplicateKeyInput RotateKeyInput FetchLinkOptions Followed GetReplicationStatusInput
      PromoteVaultReplicaInput RealmSource ReplicaStatus ReplicateInput ReplicationLink
      ReplicationStatus VaultReplica VaultReplicaInput
      IdentifiedCiphertext IdentifyCiphertextInput PutRotationPolicyInput TagKeyInput
    `),
  },
  './server': {
    source: 'server/index.ts',
    values: words('awsFace azureFace ociService replicationFace serve'),
    types: words('AccessRecord Face OciService RunningServer ServeOptions TlsOptions'),
  },
  './testing': {
    source: 'testing/index.ts',
    values: words(`
      SimulationFailure VirtualClock faultyStore kmsFixture lifecycleModel nitroTestAuthority
      XKS_ERRORS openForRecipient seededRandom serveXksProxy simulate storeSuite xksProxy
    `),
    types: words(`
      AttestInput Duration Fault FaultKind FaultPlan FaultyCall FaultyMethod FaultyStore KeyInput
      KmsClientOptions KmsFixture KmsFixtureOptions NitroAuthorityOptions NitroTestAuthority RecordedCall SeededRandom Simulation
      ServeXksProxyOptions ServedXksProxy SimulationOptions StoreHarness SuiteApi
      XksCall XksErrorName XksProxy XksProxyOptions
    `),
  },
  './aws': {
    source: 'faces/aws/index.ts',
    values: words('QUOTAS awsFetch awsHandler awsPlugin awsRequestHandler awsSeed'),
    types: words(`
      CloudHsmCluster CloudHsmClusters XksFetch XksOptions
      AwsCall AwsCredential AwsFault AwsHttpRequest AwsHttpResponse AwsOptions AwsPlugin AwsPluginOptions
      AwsRequest AwsRequestHandler AwsResponse Quotas Rates SeededKey SeedKey
    `),
  },
  './azure': {
    source: 'faces/azure/index.ts',
    values: words('PERMISSIONS azureCredential azureFetch azureHandler azureHttpClient'),
    types: words(`
      AccessPolicy Authority AuthorityKey AzureCall AzureCredential AzureFaultAnswer AzureHttpClient
      AzureHttpHeaders AzureHttpRequest AzureOptions AzureRequest AzureResponse Permission
    `),
  },
  './oci': {
    source: 'faces/oci/index.ts',
    values: words('isAuthentic ociFetch ociHandler ociHttpClient'),
    types: words(`
      Bytes Caller OciCall OciEndpoints OciFaultAnswer OciHttpClient OciHttpRequest OciOptions
      OciPermissions OciRequest OciResponse Signatures SignedRequest
    `),
  },
  './store/level': {
    source: 'store/level.ts',
    values: words('openLevelStore'),
    types: words(`
      LevelDatabase LevelDatabaseOptions LevelPathOptions LevelStore LevelStoreOptions
    `),
  },
  './store/memory': {
    source: 'store/memory.ts',
    values: words('createMemorySidecar createMemoryStore'),
    types: words('MemoryStoreOptions'),
  },
  './crypto/node': {
    source: 'crypto/node/index.ts',
    values: words('createNodeProvider'),
    types: words('NodeProvider NodeProviderOptions'),
  },
  './crypto/portable': {
    source: 'crypto/portable/index.ts',
    values: words('createPortableProvider'),
    types: words('PortableProvider PortableProviderOptions'),
  },
}

const METHODS = words(`
  createVault getVault listVaults updateVault changeVaultCompartment scheduleVaultDeletion
  cancelVaultDeletion getVaultUsage backupVault restoreVault
  createKey getKey listKeys updateKey changeKeyCompartment enableKey disableKey
  scheduleKeyDeletion cancelKeyDeletion destroyKey replicateKey changePrimaryKey tagKey untagKey
  createAlias updateAlias deleteAlias listAliases
  getRotationPolicy putRotationPolicy rotateKey listRotations backupKey restoreKey exportRealm
  createKeyStore getKeyStore listKeyStores updateKeyStore connectKeyStore disconnectKeyStore
  deleteKeyStore linkKeyStores
  getKeyPolicy putKeyPolicy createGrant listGrants listRetirableGrants retireGrant revokeGrant
  explainAccess
  createKeyVersion getKeyVersion listKeyVersions updateKeyVersion scheduleKeyVersionDeletion
  cancelKeyVersionDeletion
  getWrappingKey importKey importKeyVersion getImportParameters importKeyMaterial
  deleteKeyMaterial exportKey
  encrypt decrypt reEncrypt generateDataKey generateDataKeyPair generateRandom sign verify
  generateMac verifyMac wrapKey unwrapKey deriveSharedSecret
  encapsulate decapsulate getPublicKey
  region now crypto explain identifyCiphertext tick recover reseal head journal checkpoint pruneJournal metrics close
  createVaultReplica deleteVaultReplica listVaultReplicas promoteVaultReplica
  getReplicationStatus answerReplication linkRegion realmCard replicate
`)

const path = (source: string) => fileURLToPath(new URL(`../src/${source}`, import.meta.url))

/** Every name that an entry exports, types too, as the compiler sees it. */
function exportedNames(): Map<string, string[]> {
  const config = fileURLToPath(new URL('../tsconfig.json', import.meta.url))
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, (name) => readFileSync(name, 'utf8')).config,
    ts.sys,
    fileURLToPath(new URL('..', import.meta.url)),
  )
  const sources = Object.values(ENTRIES).map(({ source }) => path(source))
  const program = ts.createProgram(sources, options)
  const checker = program.getTypeChecker()
  return new Map(
    sources.map((source) => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(source)!)!
      return [source, checker.getExportsOfModule(module).map(({ name }) => name)]
    }),
  )
}

describe('entries', () => {
  const { exports } = JSON.parse(readFileSync(path('../package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, unknown>>
  }

  test('of the package are those listed here', () => {
    const listed = [...Object.keys(ENTRIES), './package.json'].sort()
    expect(Object.keys(exports).sort()).toEqual(listed)
  })

  test.each(Object.entries(ENTRIES))('%s exports its values', async (_, { source, values }) => {
    const module = (await import(/* @vite-ignore */ path(source))) as object
    expect(Object.keys(module).sort()).toEqual(values)
  })

  test('and their types', () => {
    const names = exportedNames()
    for (const [entry, { source, values, types }] of Object.entries(ENTRIES))
      expect(names.get(path(source))!.sort(), entry).toEqual([...values, ...types].sort())
  })
})

test('a room has these methods and no others', async () => {
  const room = await Strongroom.open()
  const prototype = Object.getPrototypeOf(room) as object
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
  expect(names.sort()).toEqual(METHODS)
  expect(Object.getOwnPropertySymbols(prototype)).toEqual([Symbol.asyncDispose])
  expect(Object.keys(room)).toEqual([])
  await room.close()
})
