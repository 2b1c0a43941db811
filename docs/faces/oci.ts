/** The page of the OCI face, from its tables. */
import { SPEC_NAMES } from '../../src/domain/algorithms.ts'
import { ERROR_TABLE } from '../../src/faces/oci/errors.ts'
import { OPERATIONS } from '../../src/faces/oci/operations.ts'
import type { Operation } from '../../src/faces/oci/call.ts'
import { NEEDS } from '../../src/faces/oci/permissions.ts'
import { VARIABLES } from '../../src/faces/oci/statements.ts'
import type { OciOptions } from '../../src/faces/oci/index.ts'
import {
  ENCRYPTION,
  KEY_STATE,
  shapeOf,
  SIGNING,
  VAULT_STATE,
  WRAPPING,
} from '../../src/faces/oci/shapes.ts'
import { code, list, page, table } from '../markdown.ts'

const CLIENTS = {
  vault: 'KmsVaultClient',
  management: 'KmsManagementClient',
  crypto: 'KmsCryptoClient',
} as const

const EXAMPLE = `\`\`\`ts
import { KmsManagementClient, KmsVaultClient } from 'oci-keymanagement'
import { Strongroom, VirtualClock } from 'strongroom'
import { ociHttpClient } from 'strongroom/oci'

const clock = new VirtualClock()
const room = await Strongroom.open({ region: 'eu-frankfurt-1', clock })
const httpClient = ociHttpClient(room)
const vaults = new KmsVaultClient({ httpClient })
vaults.endpoint = 'https://kms.eu-frankfurt-1.oraclecloud.com'
const { vault } = await vaults.createVault({
  createVaultDetails: { compartmentId, displayName: 'shop', vaultType: 'VIRTUAL_PRIVATE' },
})
const keys = new KmsManagementClient({ httpClient })
keys.endpoint = vault.managementEndpoint
\`\`\``

function row([name, operation]: readonly [string, Operation]): readonly string[] {
  const { client, method, path, headers, group, transition, room } = operation
  return [
    code(name),
    `${method} ${code(path)}`,
    CLIENTS[client],
    list(headers),
    group ?? '',
    transition ? code(transition) : '',
    list(room),
  ]
}

const pairs = (words: Readonly<Record<string, string>>) =>
  Object.entries(words).map(([theirs, ours]) => [code(theirs), code(ours)])
const states = (words: Readonly<Record<string, string>>) =>
  Object.entries(words).map(([ours, theirs]) => [code(ours), code(theirs)])

const shapes = () =>
  SPEC_NAMES.flatMap((spec) => {
    const shape = shapeOf(spec)
    if (!shape) return []
    const { algorithm, length, curveId } = shape
    return [[code(spec), algorithm, String(length), curveId ?? '']]
  })

/** Every option has a line: the compiler asks for it. */
const OPTIONS: Readonly<Record<keyof OciOptions, string>> = {
  transitionMs: 'how long states in between last, by the clock of the room; 0',
  throttle: '`true` for ten requests a second in each group, or `{ perSecond }`; never',
  updateWhileDisabled: 'lets `updateKey` change a disabled key; refused',
  importEcdsa: 'lets ECDSA keys be imported; refused',
  strictDataKeys: 'refuses data keys that are shorter than their master key; allowed',
  compartments: 'the compartments that exist; all that are named',
  regions: 'the regions of the realm; all that are named',
  realm: 'the third part of OCIDs; `oc1`',
  secondLevelDomain: 'the end of host names; `oraclecloud.com`',
  endpoints: 'where vaults are, when host names do not tell: a port for each vault',
  replicaEndpoint: 'where a replica in another region is; at its host name there',
  principalOf: 'who a caller is to the room; the user of the signature, or the owner',
  permissions: 'policy statements, groups and compartments that users are judged by; not asked',
  signatures: 'public keys by key id: requests have to be signed; not looked at',
  intercept: 'sees every request and may answer in place of the room: policies, faults',
}

const DECISIONS: readonly (readonly [string, string])[] = [
  [
    'A disabled key cannot be updated.',
    'The API says so; `updateWhileDisabled` follows what the Terraform provider expects.',
  ],
  [
    'A restore over a vault that exists is 409 `Conflict`.',
    'The API says so; the newer guide has an additive update.',
  ],
  [
    'A backup of a vault has its keys with `isIncludeKeys` alone.',
    'As the model says; the older text of the operation knows none.',
  ],
  ['ECDSA keys cannot be imported.', 'The service refuses them; `importEcdsa` does not.'],
  [
    'Keys of protection SOFTWARE are left out of the backups of a vault, and refused by `backupKey`.',
    'The guide says so. `backupVault` of the room takes all unless told otherwise.',
  ],
  ['Keys of protection SOFTWARE can be imported.', 'The API takes them, the Console does not.'],
  ['Vaults of type DEFAULT can be replicated.', 'They say so of themselves: `isVaultReplicable`.'],
  [
    'A data key may be shorter than its master key.',
    'The guide advises against it; `strictDataKeys` refuses.',
  ],
]

const STATEMENTS = `\`\`\`ts
const permissions = {
  statements: [
    'Allow group Auditors to inspect key-family in tenancy',
    "Allow group Shop to use keys in compartment shop where request.operation != 'ExportKey'",
    'Allow group Keepers to {KEY_ROTATE, KEY_READ} in compartment id ocid1.compartment.oc1..c',
  ],
  groups: { Auditors: [alice], Shop: [bob], Keepers: [carol] }, // user OCIDs
  compartments: { [shop]: { name: 'shop', parent: root } },
}
const httpClient = ociHttpClient(room, { permissions, principalOf: () => bob })
\`\`\``

const PERMISSIONS_TEXT = [
  'With `permissions` everybody but the owner may do what the statements allow, in the compartment of the vault or key' +
    ' that it is done to, and nothing else; a refusal is 404 `NotAuthorizedOrNotFound`. Who asks is the user of the' +
    ' signature, or whoever `principalOf` says; a request without either is the owner in-process, and `anonymous` at' +
    ' the server.',
  STATEMENTS,
  'A statement is `Allow any-user | group <name> | group id <ocid>[, …] to <verb> <resource-type> | {<permission>, …} in' +
    ' tenancy | compartment <name> | compartment id <ocid> [where <condition>]`. Verbs are `inspect`, `read`, `use`,' +
    ' `manage`; resource types `vaults`, `keys`, `key-delegate`, `key-family`, `all-resources`. A condition is' +
    " `<variable> = '<text>'`, `!=`, `any {…}` or `all {…}` over" +
    ` ${VARIABLES.map(code).join(', ')}; upper and lower case are one, and what a request does not have equals nothing` +
    ' and differs from nothing. A statement about a compartment holds for those inside of it. There are no dynamic' +
    ' groups, services, patterns and dates. What is not understood is refused when the face is made. `key-delegate` is' +
    ' about services that use keys for others: no operation here asks for it.',
  'A policy that another face put on a key itself is asked besides.',
]

/** Of these operations the reference of policies says nothing; the choice is ours. */
const CHOSEN: readonly string[] = [
  'getVaultUsage',
  'updateRegisteredVaultForMtls',
  'getReplicationStatus',
  'getWrappingKey',
  'scheduleKeyVersionDeletion',
  'cancelKeyVersionDeletion',
]
const PLACES = {
  vault: 'of the vault',
  key: 'of the key',
  asked: 'that the request names',
} as const

const needs = () =>
  Object.entries(NEEDS).map(([name, all]) => [
    code(name),
    all.map(([permission, where]) => `${code(permission)} in that ${PLACES[where]}`).join(', '),
    CHOSEN.includes(name) ? 'our choice' : '',
  ])

const NOTES = [
  'A vault has its `wrappingkeyId` from the beginning; the RSA-4096 key behind it is made when somebody asks for it. Making it changes the etag of the vault.',
  'OCIDs end in 60 letters that are our ids and a check sum: they lead back to a key or version without a table, and a mistyped one leads nowhere. The region inside is that in which the vault was made, at its primary and its replicas alike.',
  'Keys that other faces made without a shape of OCI (HMAC, Ed25519, secp256k1) do not exist here.',
  'A retry token counts for one method and path, for 24 hours, and in the store: it outlives the process. Backups change nothing in the room and are made again.',
  '`if-match` of restores and of `listVaultReplicas` is not looked at: there is no resource yet, or nothing changes.',
  "`loggingContext` goes into the journal with the use, as its `note`, when the room is opened with `audit: 'all'`; it has the bounds of a note.",
  'Names that foreign key managers give to the versions of EXTERNAL keys are kept as a tag of the version; secrets of OAuth are not kept at all.',
  '`updateRegisteredVaultForMtls` keeps the fleet in the vault; no reply shows it, and the host name that it answers leads to the vault.',
]

export const ociPage = (): string =>
  page(
    'The OCI face',
    'The official clients of OCI Key Management run against a room in-process, unmodified: every operation of' +
      ' `KmsVaultClient`, `KmsManagementClient` and `KmsCryptoClient`. `ociHttpClient(room)` is their transport,' +
      ' `ociFetch(room)` a handler for `Request` and `Response`, and `ociHandler(room)` the function over plain' +
      ' data beneath both.',
    EXAMPLE,
    'The host name alone says which vault a key operation is about, as with the service: set the endpoint to what' +
      ' the vault tells. Pin `oci-common` and `oci-keymanagement` to one version.',
    '## Operations',
    'The state in between shows for `transitionMs`; without it replies show what comes after. 429 counts by group.',
    table(
      ['operation', 'request', 'client', 'headers', 'group', 'in between', 'in the room'],
      Object.entries(OPERATIONS).map(row),
    ),
    '## Options',
    table(
      ['option', 'what it does; default'],
      Object.entries(OPTIONS).map(([name, what]) => [code(name), what]),
    ),
    '## Permissions',
    ...PERMISSIONS_TEXT,
    table(['operation', 'permissions, each in a compartment', ''], needs()),
    '## Where the documents disagree',
    table(['here', 'why'], DECISIONS),
    '## Good to know',
    NOTES.map((note) => `- ${note}`).join('\n'),
    '## Words',
    table(['spec', 'algorithm', 'length', 'curve'], shapes()),
    table(['algorithm', 'ours'], pairs({ ...ENCRYPTION, ...SIGNING, ...WRAPPING })),
    table(['vault', 'OCI'], states(VAULT_STATE)),
    table(['key', 'OCI'], states(KEY_STATE)),
    '## Errors',
    '`IncorrectState` is what clients try again; `Conflict` is not. What a caller may not see is answered like what' +
      ' does not exist.',
    table(
      ['ours', 'status', 'code'],
      Object.entries(ERROR_TABLE).map(([ours, { status, code: theirs }]) => [
        code(ours),
        String(status),
        code(theirs),
      ]),
    ),
  )
