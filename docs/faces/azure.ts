/** The page of the Azure face, from its tables. */
import { PERMISSIONS } from '../../src/faces/azure/access.ts'
import type { Operation } from '../../src/faces/azure/call.ts'
import { ERROR_TABLE } from '../../src/faces/azure/errors.ts'
import type { AzureOptions } from '../../src/faces/azure/index.ts'
import { SUBJECTS } from '../../src/faces/azure/operations.ts'
import { RELEASE_ENCRYPTION } from '../../src/faces/azure/release.ts'
import { CURVES, ENCRYPTION, SIGNING, WRAPPING, type Fit } from '../../src/faces/azure/shapes.ts'
import { code, list, page, table } from '../markdown.ts'

const EXAMPLE = `\`\`\`ts
import { KeyClient } from '@azure/keyvault-keys'
import { Strongroom, VirtualClock } from 'strongroom'
import { azureCredential, azureHttpClient } from 'strongroom/azure'

const clock = new VirtualClock()
const room = await Strongroom.open({ clock })
const client = new KeyClient('https://shop.vault.azure.net', azureCredential(), {
  httpClient: azureHttpClient(room),
  retryOptions: { maxRetries: 0 }, // where refusals are expected that the SDK would repeat
})
const { id } = await client.createRsaKey('orders')
const { result } = await client.getCryptographyClient('orders').sign('PS256', digest)
clock.advance({ days: 90 }) // what is deleted is gone, what is due to rotate has rotated
\`\`\``

/** Every subject has a title: the compiler asks for it. */
const TITLES: Readonly<Record<keyof typeof SUBJECTS, string>> = {
  keys: 'Keys',
  deletion: 'Deletion and recovery',
  backups: 'Backups',
  use: 'Cryptography',
  rotation: 'Rotation',
  release: 'Release',
}

function row([name, operation]: readonly [string, Operation]): readonly string[] {
  const { method, path, permission, room, hsmOnly } = operation
  return [
    code(name),
    `${method} ${code(path)}`,
    code(permission),
    list(room),
    hsmOnly ? 'managed HSM' : '',
  ]
}

const sections = (): readonly string[] =>
  (Object.keys(TITLES) as (keyof typeof SUBJECTS)[]).flatMap((subject) => [
    `### ${TITLES[subject]}`,
    table(
      ['operation', 'request', 'permission', 'in the room', 'only of a'],
      Object.entries(SUBJECTS[subject]).map(row),
    ),
  ])

/** Every option has a line: the compiler asks for it. */
const OPTIONS: Readonly<Record<keyof AzureOptions, string>> = {
  vaultId: 'one vault of the room for all hosts; one for each name, made when it is first named',
  vaults: 'the names of vaults that exist; all that are named',
  managedHsm: 'whether hosts are managed HSMs; those below `managedhsm.` are',
  retentionDays: 'days that deleted keys are kept, 7 to 90, of vaults made from now on; 90',
  purgeProtection: 'nothing is purged before its time; a vault that has it keeps it; false',
  deletionMs: 'how long a deletion is under way before the deleted key shows; 0',
  tenantId: 'the tenant that challenges name; zeros',
  tokens: 'who has which token: others get 401; every token is taken',
  principalOf: 'who a token is to the room; see below',
  accessPolicies: 'what everybody but the owner may do; the policies of the room decide',
  authorities: 'issuers of attestation tokens with their public keys; none',
  intercept: 'sees every request and may answer in place of the room: faults',
}

const NOT_OFFERED: readonly (readonly [string, string])[] = [
  ['`getKeyAttestation`', 'evidence of the makers of HSMs; 405'],
  [
    '`RSA1_5`, `RSNULL`',
    'the engine has no encryption and no signature of PKCS#1 v1.5 without a hash; 400',
  ],
  [
    '`key_hsm`, `key_ops: ["import"]`',
    'keys that are wrapped for a HSM (BYOK): import the key itself; 400',
  ],
  ['`public_exponent`', 'other than 65537; 400. The JavaScript client never sends it'],
  ['one `oct` key for AES and for HMAC', 'the engine has keys for the one or the other; see below'],
  ['a new version of another protection', '`RSA` after `RSA-HSM` or the other way round; 400'],
  [
    'secure wrap, ML-DSA, external keys',
    'previews of 2026, without a method in a stable client; 404',
  ],
  ['certificates', 'no key is `managed`'],
]

const DECISIONS: readonly (readonly [string, string])[] = [
  [
    'A date after 2038 from the JavaScript client is 400.',
    'It sends a negative number; taken as it is, the key would be long expired. Others send it rightly.',
  ],
  [
    'Every well-formed `api-version` is taken.',
    'Clients of all ages work; a missing or malformed one is 400.',
  ],
  ['Vaults exist once they are named.', '`vaults` lists those that do, where that matters.'],
  [
    'Reads, updates, rotation, backup and deletion of disabled keys work.',
    'So it is recorded of keys; 404 for them is a rule of secrets.',
  ],
  [
    'Outside of `nbf` and `exp` inner codes are `KeyNotYetValid` and `KeyExpired`.',
    'The status is documented, the inner codes are not.',
  ],
  [
    'What does not open is one 400 `BadParameter`, whatever was wrong.',
    'Padding, tag and length must not be told apart.',
  ],
  ['A signature of a wrong length is `false`, a digest of a wrong length 400.', ''],
  [
    'CBC without `iv` gets one, which the reply has.',
    'The JavaScript client means to make one and does not.',
  ],
  [
    '`oct` keys of `key_ops` `sign` and `verify` alone are for HS256, HS384 or HS512 by their size; others are AES.',
    'The service has both in one key; the engine keeps one material for one use.',
  ],
  [
    'A month of a duration is 30 days, a year 365.',
    'The engine counts days. Durations in hours are 400.',
  ],
  [
    'A version made by rotation has the operations and tags of the one before, and no `nbf`.',
    'As the emulators have it; what the version before was limited to stays a limit.',
  ],
  [
    'A version made by `createKey` gets the expiry of the rotation policy when that has a Rotate action and the request no `exp`.',
    'The engine treats every new version alike.',
  ],
  [
    'Release verifies tokens by the keys of `authorities`, at the time of the room.',
    'Nothing is fetched. Replies are signed with a key of the vault under a self-signed certificate.',
  ],
  ['`export` in `key_ops` is taken and not shown.', '`exportable` decides.'],
  ['Random bytes have the permission `rng`.', 'Managed HSMs have roles, and no access policies.'],
]

const CALLERS = [
  'A request without `Authorization` is 401 with the challenge that clients wait for. With `tokens` a token is who it' +
    ' is registered as, or 401. Else `principalOf` says; else a token of `azureCredential(principal)` names its' +
    ' principal, and every other token is the owner — or, where `accessPolicies` are given, the `oid` of an unverified' +
    ' JWT, or `anonymous`.',
  `With \`accessPolicies\` everybody but the owner may do what these permit, and nothing else: 403 \`Forbidden\` with the inner code \`AccessDenied\`, before anything is told of what exists. A row is \`{ principal, permissions, vault? }\`; permissions are ${PERMISSIONS.map(code).join(', ')}, or \`'all'\`. A policy that another face put on a key itself is asked besides.`,
]

const NOTES = [
  'Names are aliases: `alias/azure/NAME` in upper case leads to the key, which is made in the same commit. A key that' +
    ' was made elsewhere shows here once it has such an alias, if the service has its kind.',
  'The id of a version is that of the room without dashes. A key that is restored after it was purged is a new key of' +
    ' the room, since nothing that was destroyed comes back; its versions go on to show the ids under which they were' +
    ' made at first.',
  'Over sockets clients want the host to lie below the resource of the challenge: `https://v1.localhost` does. For an' +
    ' address they need `disableChallengeResourceVerification`, and over plain HTTP `allowInsecureConnection`.',
  'The client itself refuses to use a key outside of its times or operations, once it has read it.',
  'Local `verifyData` of the client calls correct `PS*` signatures wrong; `verify` asks the room.',
]

const words = (rows: Readonly<Record<string, Fit<string>>>): readonly (readonly string[])[] =>
  Object.entries(rows).map(([theirs, { algorithm, spec, family }]) => [
    code(theirs),
    code(algorithm),
    spec ? code(spec) : family,
  ])

export const azurePage = (): string =>
  page(
    'The Azure face',
    'The official client of Azure Key Vault keys runs against a room in-process, unmodified: `KeyClient` and' +
      ' `CryptographyClient` of `@azure/keyvault-keys` 4.8 and later. `azureHttpClient(room)` is their transport,' +
      ' `azureFetch(room)` a handler for `Request` and `Response`, `azureHandler(room)` the function over plain data' +
      ' beneath both, `azureFace(room)` of `strongroom/server` the same for a server.',
    EXAMPLE,
    'The host names the vault: `shop.vault.azure.net` is a vault, `shop.managedhsm.azure.net` a managed HSM.',
    '## Operations',
    ...sections(),
    '## Not offered',
    table(['what', 'why; the answer'], NOT_OFFERED),
    '## Options',
    table(
      ['option', 'what it does; default'],
      Object.entries(OPTIONS).map(([name, what]) => [code(name), what]),
    ),
    '## Callers',
    ...CALLERS,
    '## Where the documents are silent or disagree',
    table(['here', 'why'], DECISIONS),
    '## Good to know',
    NOTES.map((note) => `- ${note}`).join('\n'),
    '## Words',
    table(
      ['curve', 'spec'],
      Object.entries(CURVES).map(([theirs, ours]) => [code(theirs), code(ours)]),
    ),
    table(
      ['algorithm', 'ours', 'for'],
      [...words(ENCRYPTION), ...words(WRAPPING), ...words(SIGNING)],
    ),
    table(
      ['encryption of a release', 'ours'],
      Object.entries(RELEASE_ENCRYPTION).map(([theirs, ours]) => [code(theirs), code(ours)]),
    ),
    '## Errors',
    table(
      ['ours', 'status', 'code', 'inner code'],
      Object.entries(ERROR_TABLE).map(([ours, { status, code: theirs, inner }]) => [
        code(ours),
        String(status),
        code(theirs),
        inner === undefined ? '' : code(inner),
      ]),
    ),
  )
