/**
 * TABLE of what policies are asked about each operation (contracts: AWS 12, 17): the action, whether
 * callers of other accounts may at all, and every condition key with what it comes from.
 */
import type { AttributeValue } from '../../domain/policy/attributes.ts'
import type { Access, KeyFacts, OperationName } from '../../engine/api.ts'
import { keyArn, rootArn, shownKeyId, type Place } from './arn.ts'
import type { Call } from './call.ts'
import type { Face } from './face.ts'
import { KEY_ORIGINS, keySpecOf, keyUsageOf } from './specs.ts'

/** What operations may be asked by callers of other accounts. */
const CROSS_ACCOUNT: ReadonlySet<string> = new Set([
  ...['Encrypt', 'Decrypt', 'ReEncrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'],
  ...['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext', 'GenerateMac', 'VerifyMac'],
  ...['Sign', 'Verify', 'GetPublicKey', 'DeriveSharedSecret', 'Encapsulate', 'Decapsulate'],
  ...['DescribeKey', 'GetKeyRotationStatus', 'CreateGrant', 'ListGrants', 'RetireGrant'],
  ...['RevokeGrant', 'ListRetirableGrants'],
])

/** Operations of which the sight of a key says nothing: they ask by themselves. */
const NO_LOOK: ReadonlySet<string> = new Set([
  ...['ReEncrypt', 'CreateGrant', 'RetireGrant', 'ListAliases'],
])
export const looksAlone = (operation: string): boolean => !NO_LOOK.has(operation)

type Fields = Readonly<Record<string, unknown>>

/** What counts as given where a request says nothing. */
const CIPHER = { EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }
const ISSUED = { GrantIsForAWSResource: false }
const DEFAULTS: Readonly<Record<string, Fields>> = {
  Encrypt: CIPHER,
  Decrypt: CIPHER,
  ReEncrypt: {
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  },
  GenerateDataKey: CIPHER,
  GenerateDataKeyWithoutPlaintext: CIPHER,
  GenerateDataKeyPair: CIPHER,
  GenerateDataKeyPairWithoutPlaintext: CIPHER,
  Sign: { MessageType: 'RAW' },
  Verify: { MessageType: 'RAW' },
  CreateKey: {
    KeySpec: 'SYMMETRIC_DEFAULT',
    KeyUsage: 'ENCRYPT_DECRYPT',
    Origin: 'AWS_KMS',
    MultiRegion: false,
    BypassPolicyLockoutSafetyCheck: false,
  },
  ReplicateKey: { BypassPolicyLockoutSafetyCheck: false },
  PutKeyPolicy: { BypassPolicyLockoutSafetyCheck: false },
  EnableKeyRotation: { RotationPeriodInDays: 365 },
  ScheduleKeyDeletion: { PendingWindowInDays: 30 },
  CreateGrant: ISSUED,
  ListGrants: ISSUED,
  RevokeGrant: ISSUED,
}

/** Condition keys by the members that they show; the first that is there counts. */
const MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['kms:encryptionalgorithm', ['EncryptionAlgorithm']],
  ['kms:signingalgorithm', ['SigningAlgorithm']],
  ['kms:macalgorithm', ['MacAlgorithm']],
  ['kms:keyagreementalgorithm', ['KeyAgreementAlgorithm']],
  ['kms:messagetype', ['MessageType']],
  ['kms:datakeypairspec', ['KeyPairSpec']],
  ['kms:expirationmodel', ['ExpirationModel']],
  ['kms:validto', ['ValidTo']],
  ['kms:wrappingalgorithm', ['WrappingAlgorithm']],
  ['kms:wrappingkeyspec', ['WrappingKeySpec']],
  ['kms:bypasspolicylockoutsafetycheck', ['BypassPolicyLockoutSafetyCheck']],
  ['kms:grantoperations', ['Operations']],
  ['kms:granteeprincipal', ['GranteePrincipal', 'GranteeServicePrincipal']],
  ['kms:retiringprincipal', ['RetiringPrincipal', 'RetiringServicePrincipal']],
  ['kms:grantisforawsresource', ['GrantIsForAWSResource']],
  ['kms:primaryregion', ['PrimaryRegion']],
  ['kms:replicaregion', ['ReplicaRegion']],
  ['kms:rotationperiodindays', ['RotationPeriodInDays']],
  ['kms:schedulekeydeletionpendingwindowindays', ['PendingWindowInDays']],
])

/** Of a key that is only made now; of others the key itself tells. */
const OF_NEW_KEY: ReadonlyMap<string, readonly string[]> = new Map([
  ['kms:keyspec', ['KeySpec', 'CustomerMasterKeySpec']],
  ['kms:customermasterkeyspec', ['KeySpec', 'CustomerMasterKeySpec']],
  ['kms:keyusage', ['KeyUsage']],
  ['kms:customermasterkeyusage', ['KeyUsage']],
  ['kms:keyorigin', ['Origin']],
  ['kms:multiregion', ['MultiRegion']],
])

/** The side of a re-encryption that is asked about; of other operations there is one. */
type Side = 'Source' | 'Destination' | ''

function shown(value: unknown): AttributeValue | undefined {
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(String)
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

type Pairs = Readonly<Record<string, string>>

/** Of the request, or of the grant that it asks for. */
function contextOf(input: Fields, side: Side): Pairs | undefined {
  const { EncryptionContextEquals, EncryptionContextSubset } = (input['Constraints'] ??
    {}) as Readonly<Record<string, Pairs>>
  const own = input[`${side}EncryptionContext`] as Pairs | undefined
  return own ?? EncryptionContextEquals ?? EncryptionContextSubset
}

/** Tags that are added, as a name and a value each. */
function tagsOf(input: Fields): Pairs | undefined {
  const tags = input['Tags'] as
    readonly { readonly TagKey: string; readonly TagValue: string }[] | undefined
  return tags && Object.fromEntries(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))
}

/** The value of a name that a condition key ends in, without regard to case. */
function within(pairs: Pairs | undefined, name: string): AttributeValue | undefined {
  const values = Object.entries(pairs ?? {}).flatMap(([key, value]) =>
    key.toLowerCase() === name ? [value] : [],
  )
  return values.length > 1 ? values : values[0]
}

const ALIAS = /^(?:arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:)?(alias\/.+)$/

const CONSTRAINTS = ['EncryptionContextEquals', 'EncryptionContextSubset', 'SourceArn'] as const

interface Sight {
  readonly call: Call
  readonly input: Fields
  readonly side: Side
}
type Derive = (sight: Sight) => AttributeValue | undefined

/** Condition keys that are more than a member of the request. */
const NAMED: ReadonlyMap<string, Derive> = new Map<string, Derive>([
  [
    'kms:encryptioncontextkeys',
    ({ input, side }) => {
      const context = contextOf(input, side)
      return context && Object.keys(context)
    },
  ],
  [
    'kms:requestalias',
    ({ input, side }) => ALIAS.exec(String(input[`${side}KeyId`] ?? input['TargetKeyId']))?.[1],
  ],
  [
    'kms:grantconstrainttype',
    ({ input }) => {
      const constraints = input['Constraints'] as object | undefined
      return constraints && CONSTRAINTS.filter((name) => name in constraints)
    },
  ],
  [
    'aws:tagkeys',
    ({ input }) => {
      const tags = tagsOf(input)
      return tags ? Object.keys(tags) : shown(input['TagKeys'])
    },
  ],
  ['kms:reencryptonsamekey', ({ call }) => shown(call.onSameKey)],
  ['aws:requestedregion', ({ call }) => call.caller.region],
])

/** Condition keys whose end is a name in what they show. */
const PREFIXED: readonly (readonly [string, (sight: Sight) => Pairs | undefined])[] = [
  ['kms:encryptioncontext:', ({ input, side }) => contextOf(input, side)],
  ['aws:requesttag/', ({ input }) => tagsOf(input)],
  ['kms:recipientattestation:', ({ call }) => call.proved],
]
const RECIPIENT = 'kms:recipientattestation:'

function attribute(name: string, sight: Sight): AttributeValue | undefined {
  const { call, input, side } = sight
  const told = call.surroundings[name]
  if (told !== undefined) return told
  const derive = NAMED.get(name)
  if (derive) return derive(sight)
  const of = MEMBERS.get(name) ?? (call.name === 'CreateKey' ? OF_NEW_KEY.get(name) : undefined)
  if (of) {
    const defaults = DEFAULTS[call.name] ?? {}
    const sided = of.map((member) => `${side}${member}`)
    const members = side === '' ? of : [...sided, ...of]
    const value = members.map((member) => input[member] ?? defaults[member])
    return shown(value.find((each) => each !== undefined))
  }
  const prefixed = PREFIXED.find(([start]) => name.startsWith(start))
  if (!prefixed) return undefined
  const [start, pairsOf] = prefixed
  const pairs = pairsOf(sight)
  return start === RECIPIENT ? within(pairs, name) : within(pairs, name.slice(start.length))
}

/** What is asked about a request: for a re-encryption by the key that opens or that seals. */
export function accessOf(call: Call, operation?: OperationName): Access {
  const { name, caller } = call
  const input = call.input as Fields
  const side: Side = name !== 'ReEncrypt' ? '' : operation === 'decrypt' ? 'Source' : 'Destination'
  const action = side === '' ? name : side === 'Source' ? 'ReEncryptFrom' : 'ReEncryptTo'
  const context = contextOf(input, side)
  const grantTokens = input['GrantTokens'] as readonly string[] | undefined
  // Member by member: it is made for every request, and most have none of what is optional.
  const access: Writable<Access> = {
    action: `kms:${action}`,
    attributes: (key) => attribute(key, { call, input, side }),
    resource: call.alias ?? resourceOf(input),
    account: caller.account,
    identityPolicies: caller.identityPolicies,
    describe: call.face.describer(caller),
  }
  if (context) access.context = context
  if (grantTokens) access.grantTokens = grantTokens
  if (!CROSS_ACCOUNT.has(name)) access.sameAccountOnly = true
  if (call.alias !== undefined) access.also = [{ action: `kms:${name}`, resource: call.alias }]
  if (name in MAKING) access.also = alsoOf(name, input)
  return access
}

type Writable<T> = { -readonly [N in keyof T]: T[N] }

/** What else makes a key, of those that make one. */
const MAKING: Readonly<Record<string, readonly string[]>> = {
  CreateKey: [],
  ReplicateKey: ['kms:CreateKey'],
}
const alsoOf = (name: string, input: Fields): NonNullable<Access['also']> =>
  [...MAKING[name]!, ...(input['Tags'] === undefined ? [] : ['kms:TagResource'])].map((action) => ({
    action,
    resource: '*',
  }))

/** Where no key is asked for. */
const resourceOf = (input: Fields): string =>
  (input['RetiringPrincipal'] as string | undefined) ?? '*'

/** A policy lets its account decide, unless somebody gave another one (contracts: AWS 12). */
export const defaultPolicy = (place: Place): string => `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "${rootArn(place)}"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`

/** A key in the words of AWS; the same function for the same caller, whose answers are kept. */
export function describing(face: Face, caller: Place): NonNullable<Access['describe']> {
  return (key: KeyFacts) => {
    const place = face.placeKnown(key.vaultId) ?? caller
    const spec = keySpecOf(key.spec) ?? key.spec
    const usage = keyUsageOf(key.purposes) ?? ''
    const { multiRegion } = key
    return {
      resource: keyArn(place, shownKeyId(key.id, multiRegion !== undefined)),
      account: place.account,
      unlessPolicy: defaultPolicy(place),
      attributes: {
        'kms:KeySpec': spec,
        'kms:CustomerMasterKeySpec': spec,
        'kms:KeyUsage': usage,
        'kms:CustomerMasterKeyUsage': usage,
        'kms:KeyOrigin': KEY_ORIGINS[key.origin],
        'kms:MultiRegion': String(multiRegion !== undefined),
        ...(multiRegion && { 'kms:MultiRegionKeyType': multiRegion.role.toUpperCase() }),
        'aws:ResourceAccount': place.account,
      },
    }
  }
}
