/** Every bound in one place, unit last in the name, with its reason. */

export const DAY_MS = 86_400_000

export const LIMITS = {
  /** Deletion windows of vaults, keys and versions (OCI, AWS: 7 to 30 days, default 30). */
  deletionDaysMin: 7,
  deletionDaysMax: 30,
  deletionDaysDefault: 30,
  /** For keys, when the caller says how long the window may be (Azure: 7 to 90 days). */
  deletionDaysLongest: 90,
  /** Clients compute a moment before they send it: one minute of grace at both edges. */
  deletionGraceMs: 60_000,
  retryTokenHours: 24,
  retryTokenLengthMax: 64,
  importTokenHours: 24,
  /** How far ahead imported material may expire (AWS 9). */
  materialExpiryDaysMax: 365,
  materialDescriptionLengthMax: 256,
  /** Vaults in which one multi-Region key may lie: more than any cloud has regions. */
  keyCopiesMax: 64,
  /** Rotations on demand of one key in all its life (AWS 17). */
  onDemandRotationsMax: 25,
  nameLengthMax: 255,
  descriptionLengthMax: 8192,
  tagsMax: 64,
  tagNameLengthMax: 128,
  tagValueLengthMax: 256,
  definedTagBytesMax: 16_384,
  aliasLengthMax: 256,
  aliasesPerKeyMax: 50,
  /** AWS: 10 custom key stores. */
  keyStoresPerVaultMax: 10,
  /** Of a password, or a credential of a proxy. */
  keyStoreSecretBytesMax: 4096,
  /** What a key store takes part in (AWS: 4 KiB). */
  linkedPlaintextBytesMax: 4096,
  /** How long a connection may be on its way. */
  settleMsMax: 3_600_000,
  /** Symmetric plaintext through our own API (faces lower it to their cloud's 4 KiB). */
  plaintextBytesMax: 65_536,
  /** Messages to sign or authenticate. */
  messageBytesMax: 65_536,
  /** What may come to be verified: longer than any signature (ML-DSA-87: 4627) and any MAC. */
  signatureBytesMax: 6144,
  macBytesMax: 6144,
  /** Plaintext plus header, commitment, tag and room for raw forms. */
  ciphertextBytesMax: 66_560,
  contextPairsMax: 1024,
  contextBytesMax: 8192,
  dataKeyBytesMin: 1,
  dataKeyBytesMax: 1024,
  randomBytesMax: 65_536,
  wrappedMaterialBytesMax: 8192,
  /** What wrapKey takes: longer than any key; AES-KWP makes at most 8192 bytes of it. */
  keyToWrapBytesMax: 8184,
  pageSizeMax: 1000,
  pageSizeDefault: 100,
  /** The longest name in UTF-8, an id and a MAC, in base64. */
  pageTokenLengthMax: 1536,
  rotationDaysMin: 1,
  rotationDaysMax: 3650,
  /** Rotations made up for after a long pause: at most the newest so many. */
  rotationCatchUpMax: 12,
  /**
   * Raw AES-GCM with random IVs: 0.9 x 2^32 invocations per key (SP 800-38D 8.3), reserved in
   * blocks.
   */
  gcmInvocationsMax: 3_865_470_566,
  gcmReservationBlock: 1_048_576,
  /** All material of a key is resealed in one commit when one version of it is destroyed. */
  versionsPerKeyMax: 4000,
  cachedKeysDefault: 10_000,
  /** Waiting writes of a room before new ones get BUSY. */
  queuedWritesMax: 10_000,
  jsonDepthMax: 16,
  /** The clear header of a backup: two ids, a region, and for a realm the seal with its wrapped key. */
  backupHeaderBytesMax: 8192,
  /** One record in a backup: longer than any row of any store. */
  backupRecordBytesMax: 1_114_112,
  /** A key with all its versions, backed up and restored at once. */
  backupKeyBytesMax: 16_777_216,
  /** A vault or realm streams, so this bounds the disk alone: 64 GiB. */
  backupBytesMax: 68_719_476_736,
  /** A backup given as one array; longer ones are given piece by piece. */
  blobBytesMax: 268_435_456,
  objectNameLengthMax: 1024,
  uriLengthMax: 4096,
  requestIdLengthMax: 256,
  /** What a caller tells the journal of one use: as long as the associated data of OCI. */
  notePairsMax: 64,
  noteLengthMax: 4096,
  /** Vaults have one replica unless `open` allows more (contracts: OCI 10). */
  replicasDefault: 1,
  /** Rounds in which a replica reaches a primary that goes on writing. */
  promotionAttemptsMax: 100,
  pollMsDefault: 1000,
  principalLengthMax: 2048,
  /** A key policy in UTF-8 (AWS: 32 KiB). */
  policyBytesMax: 32_768,
  /** One name, pattern or value in a policy: matching takes the product of two lengths. */
  policyPatternLengthMax: 2048,
  /** Documents of one caller that are looked at together. */
  identityPoliciesMax: 20,
  /** Compiled documents that are kept. */
  compiledPoliciesMax: 4096,
  attributesMax: 256,
  attributeValuesMax: 256,
  grantsPerKeyMax: 50_000,
  /** A key is restored in one commit: with more grants it is backed up with its vault. */
  grantsPerKeyBackupMax: 4000,
  grantNameLengthMax: 256,
  grantTokensMax: 10,
  grantTokenLengthMax: 8192,
  grantContextPairsMax: 8,
  grantContextValueLengthMax: 384,
  /** Callers whose grants on one key are kept in memory. */
  granteesPerBookMax: 256,
  /** Audited uses in one journal entry: it must fit the smallest row of any store. */
  usesPerEntryBytesMax: 48_000,
  /** So many waiting uses are written without being asked for. */
  usesPerFlush: 256,
  /** Uses that wait for the journal before callers wait too. */
  waitingUsesMax: 4096,
} as const
