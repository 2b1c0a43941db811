/** The page of the AWS face, from its tables. */
import { readFileSync } from 'node:fs'
import { ERROR_CODES, StrongroomError, type ErrorCode } from '../../src/base/errors.ts'
import type { Operation } from '../../src/faces/aws/call.ts'
import { faultOf } from '../../src/faces/aws/errors.ts'
import type { AwsOptions } from '../../src/faces/aws/index.ts'
import { SUBJECTS } from '../../src/faces/aws/operations.ts'
import { QUOTAS } from '../../src/faces/aws/quotas.ts'
import {
  ALGORITHMS_OF,
  ENCRYPTION_ALGORITHMS,
  KEY_SPECS,
  MAC_ALGORITHMS,
  namesOf,
  SIGNING_ALGORITHMS,
} from '../../src/faces/aws/specs.ts'
import { RATES } from '../../src/faces/aws/throttle.ts'
import { code, list, page, table } from '../markdown.ts'

const EXAMPLE = `\`\`\`ts
import { CreateKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { Strongroom, VirtualClock } from 'strongroom'
import { awsRequestHandler } from 'strongroom/aws'

const clock = new VirtualClock()
const room = await Strongroom.open({ clock })
const kms = new KMSClient({
  region: 'eu-central-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, // without them the SDK looks for some
  requestHandler: awsRequestHandler(room),
  maxAttempts: 1, // where refusals are expected that the SDK would repeat
})
const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'orders' }))
await kms.send(new EncryptCommand({ KeyId: KeyMetadata.KeyId, Plaintext: Buffer.from('ten apples') }))
\`\`\``

interface Subject {
  readonly title: string
  /** Files of \`test/faces/aws\` that hold the operations against the contract. */
  readonly tests: readonly string[]
}

/** Every subject has a title: the compiler asks for it. */
export const SECTIONS: Readonly<Record<keyof typeof SUBJECTS, Subject>> = {
  keys: { title: 'Keys', tests: ['keys', 'lists', 'limits'] },
  aliases: { title: 'Aliases', tests: ['aliases', 'lists'] },
  tags: { title: 'Tags', tests: ['tags', 'lists'] },
  policies: { title: 'Key policies', tests: ['policies', 'access'] },
  grants: { title: 'Grants', tests: ['grants', 'access'] },
  imports: { title: 'Imported material', tests: ['imports'] },
  rotation: { title: 'Rotation', tests: ['rotation'] },
  replicas: { title: 'Multi-Region keys', tests: ['replicas'] },
  encryption: {
    title: 'Encryption and data keys',
    tests: ['encryption', 'data-keys', 'recipient'],
  },
  signing: { title: 'Signatures', tests: ['signing'] },
  macs: { title: 'MACs', tests: ['macs'] },
  secrets: { title: 'Shared secrets', tests: ['secrets', 'recipient'] },
  stores: {
    title: 'Custom key stores',
    tests: ['stores', 'stores-keys', 'stores-access', 'xks-proxy'],
  },
}

/** What is other than with the service, by operation. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  DescribeKey: '`alias/aws/NAME` makes a key for every name of a service that can be thought of',
  ConnectCustomKeyStore: 'the outcome is decided at once, and shows after `transitionMs`',
  DeleteCustomKeyStore: 'keys that a cluster made stay in its room',
  GetKeyLastUsage:
    'kept in memory since the first face of the room; no `CloudTrailEventId`, as there is no trail',
  ListAliases: 'names of services appear once their key is made',
  ListKeys: 'new keys are there at once',
  ImportKeyMaterial: 'a token is good for one import',
  ListKeyRotations: 'oldest first',
  ReplicateKey: 'to any Region of the partition; shown as `Creating`, and there at once',
  RotateKeyOnDemand: 'done when it is answered: `OnDemandRotationStartDate` never shows',
  UpdatePrimaryRegion: 'done when it is answered: no key shows `Updating`',
  ScheduleKeyDeletion: 'deleted to the millisecond',
}

const row = ([name, { room, dryRun }]: readonly [string, Operation]): readonly string[] => [
  code(name),
  list(room),
  dryRun ? 'yes' : '',
  DIFFERENCES[name] ?? '',
]

const section = ([name, { title, tests }]: readonly [string, Subject]): string => {
  const files = tests.map((file) => {
    const path = `test/faces/aws/${file}.test.ts`
    return `[${code(file)}](../../${path})`
  })
  return [
    `### ${title}`,
    table(
      ['operation', 'in the room', 'DryRun', 'different from the service'],
      Object.entries(SUBJECTS[name as keyof typeof SUBJECTS]).map(row),
    ),
    ...(files.length > 0 ? [`Tests: ${files.join(' ')}`] : []),
  ].join('\n\n')
}

/** Every option has a line: the compiler asks for it. */
const OPTIONS: Readonly<Record<keyof AwsOptions, string>> = {
  account: 'the account of callers of whom nothing else is known; `111122223333`',
  region: 'the region of requests that name none; that of the room',
  vaultId: 'one vault for every account and region; one for each, made when it is first asked for',
  attestationRoots:
    'roots of [attestation documents](aws-recipient.md), in PEM or DER; that of AWS Nitro',
  quotas: 'other quotas than those below, or `false` for none; those below',
  clusters:
    'CloudHSM clusters of [custom key stores](aws-key-stores.md), by id: each is another room; none',
  xks: 'how proxies of external key stores are reached; as they say, by `fetch`',
  transitionMs:
    'how long key stores show `CONNECTING` and `DISCONNECTING`, and keys `Creating` and `Updating`; 0',
  throttle: '`true` for the rates below, or an object with others; never',
  credentials: 'who has which access key id; whoever asks is the root user of `account`',
  anyCredentials:
    'beside `credentials`: an access key id that nobody has is the root user; it is refused',
  signatureSkewMs:
    'how far the time of a [signature](aws-signatures.md) may be from now; 300000, five minutes',
  signatureTime: 'by which time signatures are old; that of the system',
  conditions: 'condition keys of policies that no request shows, for each request; none',
  intercept: 'sees every request and may answer with an exception instead: faults; nothing',
}

const DECISIONS: readonly (readonly [string, string])[] = [
  [
    'A key that is pending deletion is refused with `KMSInvalidStateException`.',
    'The guide allows `DisabledException` too; the service says this today.',
  ],
  [
    'Cancelling the deletion of a key without its material leads to `PendingImport`.',
    'The API says `Disabled` always, and such a key cannot be enabled.',
  ],
  [
    'Keys of services cannot be changed: `AccessDeniedException`.',
    'Their policy lets nobody; the documents name no exception.',
  ],
  [
    'Names that begin with `alias/aws/` are refused with `NotAuthorizedException`.',
    'The documents name no exception; other implementations answer this.',
  ],
  [
    'More items than a list allows in a page are a violated constraint of `limit`.',
    'The model allows 1000 everywhere, the documents of the lists do not.',
  ],
  [
    '`KeySpec` and `CustomerMasterKeySpec` may both be given when they are equal.',
    'The newer name came later; programs send both.',
  ],
  [
    '`GetKeyRotationStatus` answers for keys of origin `EXTERNAL`.',
    'An old table refuses it; since then such keys rotate on demand.',
  ],
  [
    'Wrapped material that does not open, or opens and does not fit the key, is `InvalidCiphertextException`.',
    'The two look the same on purpose. `IncorrectKeyMaterialException` is for what fits and is not the material meant.',
  ],
  [
    'Importing into a disabled key leaves it `Disabled`, unless other material of it is missing.',
    'The documents do not say.',
  ],
  [
    'A multi-Region key may be replicated again where a replica of it was deleted.',
    'The documents speak of Regions without a related key.',
  ],
  [
    '`UpdatePrimaryRegion` wants both keys `Enabled`, and both policies to allow it.',
    'The documents say so of the permission alone.',
  ],
  ['SM2 is not offered.', 'It is for regions in China.'],
]

const NOTES = [
  'Accounts and regions are vaults of the room, which know each other by the tag `aws`. The region is that of the signature, and of the client for a plugin.',
  'Everything is at once: no eventual consistency. Grant tokens are taken and not needed.',
  'A list goes on where it was whatever comes and goes; markers are good for their own list, account and region.',
  'The SDK checks no input. Every bound of the model is checked here, with the text of the service: [`validation`](../../test/faces/aws/validation.test.ts) goes through all of them.',
  'What each operation comes to in each state of its key is data: [`aws-key-states.json`](../../fixtures/lifecycle/aws-key-states.json), gone through by [`key-states`](../../test/faces/aws/key-states.test.ts).',
  'No `date` header is sent: the SDK would take the virtual clock for a skew of its own.',
  'Multi-Region keys are one key in several vaults: [multi-region.md](../multi-region.md). What is imported and rotated: [materials.md](../materials.md).',
  'A key made elsewhere in the room with several purposes shows the first one that the service knows as its `KeyUsage`.',
]

/** What the service calls an error of the room; the text when it is always the same. */
function refusal(name: ErrorCode): readonly string[] {
  const subject = { operation: '', arn: 'KEY_ARN' }
  const said = 'what the room says'
  const fault = faultOf(new StrongroomError(name, said), subject)
  return [
    code(name),
    code(fault.name),
    String(fault.status),
    fault.message === said ? '' : fault.message || 'no text',
  ]
}

const specs = () =>
  namesOf(KEY_SPECS).flatMap((spec) =>
    Object.entries(ALGORITHMS_OF[spec]).map(([usage, algorithms]) => [
      code(spec),
      code(KEY_SPECS[spec]),
      code(usage),
      list(algorithms),
    ]),
  )
const pairs = (words: Readonly<Record<string, string>>) =>
  Object.entries(words).map(([theirs, ours]) => [code(theirs), code(ours)])

const STATES = JSON.parse(
  readFileSync(new URL('../../fixtures/lifecycle/aws-key-states.json', import.meta.url), 'utf8'),
) as StateTable
interface StateTable {
  readonly states: readonly string[]
  readonly outcomes: Readonly<Record<string, { readonly name: string; readonly text: string }>>
  readonly rows: readonly {
    readonly operation: string
    readonly role?: string
    readonly origin?: string
    readonly cells: Readonly<Record<string, string>>
  }[]
}

/** Rows that say the same are one. */
function states(): string {
  const grouped = new Map<string, string[]>()
  for (const { operation, role, origin, cells } of STATES.rows) {
    const more = [role, origin].filter((word) => word !== undefined).join(', ')
    const line = STATES.states.map((state) => cells[state] ?? '').join('|')
    const names = grouped.get(line) ?? []
    names.push(code(operation) + (more === '' ? '' : ` (${more})`))
    grouped.set(line, names)
  }
  return table(
    ['operation', ...STATES.states],
    [...grouped].map(([line, names]) => [names.join(' '), ...line.split('|')]),
  )
}

const outcomes = () =>
  Object.entries(STATES.outcomes).map(([short, { name, text }]) => [
    short,
    code(name),
    text.replace('{arn}', 'KEY_ARN').replace('{origin}', 'ORIGIN'),
  ])

const numbers = (rows: Readonly<Record<string, number>>) =>
  Object.entries(rows).map(([name, value]) => [code(name), value.toLocaleString('en')])

export const awsPage = (): string =>
  page(
    'The AWS face',
    'The official client of AWS KMS runs against a room in-process, unmodified. `awsRequestHandler(room)` is its transport;' +
      ' `awsPlugin(room)` answers before the client serialises and signs; `awsFetch(room)` is a handler for `Request` and' +
      ' `Response`, and `awsHandler(room)` the function over plain data beneath them. `awsSeed` puts fixed keys into a room.',
    EXAMPLE,
    'What is chosen about uses of keys: [aws-uses.md](aws-uses.md). Answers for attested enclaves: [aws-recipient.md](aws-recipient.md).',
    'A room begins to be a KMS with its first request. All faces of a room show the same.',
    '## Operations',
    ...Object.entries(SECTIONS).map(section),
    '## States of keys',
    'What an operation comes to, by the state of its key. An empty cell is a state that such a key is never in.',
    states(),
    table(['', 'exception', 'text'], outcomes()),
    '## Options',
    table(
      ['option', 'what it does; default'],
      Object.entries(OPTIONS).map(([name, what]) => [code(name), what]),
    ),
    '## Quotas and rates',
    'For an account in a region. Beyond a quota: `LimitExceededException`. The room has bounds of its own: 50 aliases and 64' +
      ' tags for a key, whatever the quotas.',
    table(['quota', 'default'], numbers(QUOTAS)),
    'Requests a second, with `throttle`; whatever is not named has 5. `symmetric` is 10,000 or 50,000 in the larger regions.' +
      ' Uses of keys count by the kind of the key, post-quantum ones as `rsa`.',
    table(['operation or group', 'a second'], numbers(RATES)),
    '## Where the documents disagree or are silent',
    table(['here', 'why'], DECISIONS),
    '## Good to know',
    NOTES.map((note) => `- ${note}`).join('\n'),
    '## Words',
    table(['KeySpec', 'spec', 'KeyUsage', 'algorithms'], specs()),
    table(
      ['algorithm', 'ours'],
      pairs({ ...ENCRYPTION_ALGORITHMS, ...SIGNING_ALGORITHMS, ...MAC_ALGORITHMS }),
    ),
    '## Errors',
    'Faults of the client are 400, as the service answers them. An error of the room that is not named is a' +
      ' `KMSInternalException`. `KEY_ARN` is the key that was asked for.',
    table(
      ['ours', 'exception', 'status', 'text, where it is always the same'],
      Object.keys(ERROR_CODES).map((name) => refusal(name as ErrorCode)),
    ),
  )
