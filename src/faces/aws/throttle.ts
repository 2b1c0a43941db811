/**
 * Request rates (contracts: AWS 10.6), as the service counts them: by account, region and operation;
 * uses of keys by the kind of the key. A bucket holds the requests of one second and fills steadily.
 */
import type { Call } from './call.ts'
import { KmsFault } from './errors.ts'
import type { Used } from './use.ts'

/** Requests a second, by operation, `GenerateDataKeyPair` with its spec, or group. */
export type Rates = Readonly<Record<string, number>>

const MANAGEMENT_RATE = 5

/** TABLE of operations and groups that have other rates than management has. */
export const RATES: Rates = {
  EnableKeyRotation: 15,
  PutKeyPolicy: 15,
  DeleteAlias: 15,
  CreateGrant: 50,
  DescribeKey: 2000,
  GetPublicKey: 2000,
  ListResourceTags: 2000,
  GetKeyPolicy: 1000,
  GetKeyRotationStatus: 1000,
  ListAliases: 500,
  ListKeys: 500,
  ListGrants: 100,
  ListKeyPolicies: 100,
  ListKeyRotations: 100,
  ListRetirableGrants: 100,
  GetParametersForImport: 0.25,
  'GenerateDataKeyPair RSA_2048': 1,
  'GenerateDataKeyPair RSA_3072': 0.5,
  'GenerateDataKeyPair RSA_4096': 0.1,
  'GenerateDataKeyPair ECC_NIST_P256': 25,
  'GenerateDataKeyPair ECC_SECG_P256K1': 25,
  'GenerateDataKeyPair ECC_NIST_P384': 10,
  'GenerateDataKeyPair ECC_NIST_P521': 5,
  symmetric: 5500,
  rsa: 500,
  ecc: 300,
  customKeyStore: 1800,
}

/** The rate of group `symmetric` in larger regions. */
const SYMMETRIC_BY_REGION: Rates = {
  'us-east-1': 50_000,
  'us-west-2': 50_000,
  'eu-west-1': 50_000,
  'us-east-2': 10_000,
  'ap-southeast-1': 10_000,
  'ap-southeast-2': 10_000,
  'ap-northeast-1': 10_000,
  'eu-central-1': 10_000,
  'eu-west-2': 10_000,
}

/** Operations that use a key, or make random bytes: the kind of the key says which rate they have. */
const USES: ReadonlySet<string> = new Set([
  'Encrypt',
  'Decrypt',
  'ReEncrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateRandom',
  'GenerateMac',
  'VerifyMac',
  'Sign',
  'Verify',
  'DeriveSharedSecret',
  'Encapsulate',
  'Decapsulate',
])

/** By the first word of the spec; post-quantum keys count like RSA. */
const GROUPS: Readonly<Record<string, string>> = {
  SYMMETRIC: 'symmetric',
  HMAC: 'symmetric',
  ECC: 'ecc',
}
const groupOf = ({ spec, storeId }: Used): string =>
  storeId === undefined ? (GROUPS[spec?.split('_')[0] ?? 'SYMMETRIC'] ?? 'rsa') : 'customKeyStore'

export const THROTTLED =
  'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.'

interface Bucket {
  tokens: number
  at: number
}

export class Throttle {
  readonly #buckets = new Map<string, Bucket>()
  /** Requests whose use of a key is counted: the first key of two says what they count as. */
  readonly #counted = new WeakSet<Call>()

  /**
   * Counts a request, unless the key that it uses says what it counts as.
   * @throws ThrottlingException
   */
  admit(call: Call): void {
    const { name } = call
    const { KeyId, KeyPairSpec, DestinationKeyId } = call.input as Readonly<Record<string, unknown>>
    if (!USES.has(name)) this.#take(call, pairRate(name, KeyPairSpec))
    else if (KeyId === undefined && DestinationKeyId === undefined) this.#use(call, 'symmetric')
  }

  /** Counts the use of a key. */
  admitUse(call: Call, used: Used): void {
    if (USES.has(call.name)) this.#use(call, groupOf(used), used.storeId)
  }

  #use(call: Call, group: string, storeId?: string): void {
    if (this.#counted.has(call)) return
    this.#counted.add(call)
    this.#take(call, group, storeId)
  }

  /** `one` of several that have the rate each. */
  #take(call: Call, name: string, one = ''): void {
    const { region, account } = call.caller
    const perSecond = rateOf(call, name)
    const now = call.face.now
    const full = Math.max(1, perSecond)
    const id = `${account} ${region} ${name} ${one}`
    const bucket = this.#buckets.get(id) ?? { tokens: full, at: now }
    this.#buckets.set(id, bucket)
    bucket.tokens = Math.min(full, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    if (bucket.tokens < 1) throw new KmsFault('ThrottlingException', THROTTLED)
    bucket.tokens -= 1
  }
}

/** Both operations that make pairs count as one, by what they make. */
function pairRate(name: string, spec: unknown): string {
  if (!name.startsWith('GenerateDataKeyPair')) return name
  const rate = `GenerateDataKeyPair ${String(spec)}`
  return Object.hasOwn(RATES, rate) ? rate : 'ecc'
}

function rateOf({ options, caller }: Call, name: string): number {
  const own = typeof options.throttle === 'object' ? options.throttle : {}
  if (Object.hasOwn(own, name)) return own[name]!
  const regional = name === 'symmetric' ? SYMMETRIC_BY_REGION[caller.region] : undefined
  return regional ?? RATES[name] ?? MANAGEMENT_RATE
}
