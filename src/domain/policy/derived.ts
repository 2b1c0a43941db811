/**
 * TABLE of the condition keys that the core works out itself, from the request, the key and the
 * clock, in its own words for specs and algorithms; a face gives the words of its cloud instead
 * (contracts: AWS 12).
 */
import type { AttributeValue } from './attributes.ts'
import type { Principal } from './principals.ts'

type Pairs = Readonly<Record<string, string>>

/** Of a request, whatever its operation: what conditions can look at. */
export interface Requested {
  readonly keyId?: string | undefined
  readonly context?: Pairs | undefined
  readonly algorithm?: string | undefined
  readonly messageType?: string | undefined
  readonly pairSpec?: string | undefined
  readonly wrapping?: string | undefined
  readonly bypassLockoutCheck?: boolean | undefined
  readonly granteePrincipal?: string | undefined
  readonly retiringPrincipal?: string | undefined
  readonly operations?: readonly string[] | null | undefined
  readonly constraints?:
    | {
        readonly contextEquals?: Pairs | undefined
        readonly contextSubset?: Pairs | undefined
        readonly sourceArn?: string | undefined
      }
    | undefined
  readonly tags?: Pairs | undefined
  readonly tagNames?: readonly string[] | undefined
}

/** What an attribute can come from. */
export interface Sources {
  readonly principal: Principal
  readonly now: number
  readonly request: Requested
  /** Of the request, wherever it says it. */
  readonly context?: Pairs | undefined
  readonly key?:
    | {
        readonly spec: string
        readonly purposes: readonly string[]
        readonly origin: string
        readonly tags: Pairs
      }
    | undefined
  readonly aliases?: readonly string[] | undefined
  readonly account?: string | undefined
}

type Derive = (sources: Sources) => AttributeValue | undefined

/** Of a request, or of the grant that is to be made. */
const contextOf = ({ context, request: { constraints } }: Sources): Pairs | undefined =>
  context ?? constraints?.contextEquals ?? constraints?.contextSubset

const requestedAlias: Derive = ({ request: { keyId } }) =>
  keyId?.startsWith('alias/') ? keyId : undefined

const constraintType: Derive = ({ request: { constraints } }) => {
  if (!constraints) return undefined
  const { contextEquals, contextSubset, sourceArn } = constraints
  return [
    ...(contextEquals ? ['EncryptionContextEquals'] : []),
    ...(contextSubset ? ['EncryptionContextSubset'] : []),
    ...(sourceArn === undefined ? [] : ['SourceArn']),
  ]
}

/** Of an operation on grants alone: versions have permitted operations too. */
const grantOperations: Derive = ({ request: { granteePrincipal, operations } }) =>
  granteePrincipal === undefined ? undefined : (operations ?? undefined)

const NAMED: ReadonlyMap<string, Derive> = new Map<string, Derive>([
  ['aws:principalarn', ({ principal }) => principal.text],
  ['aws:principalaccount', ({ principal }) => principal.account],
  ['aws:resourceaccount', ({ account }) => account],
  ['aws:currenttime', ({ now }) => new Date(now).toISOString()],
  ['aws:epochtime', ({ now }) => String(Math.floor(now / 1000))],
  [
    'aws:tagkeys',
    ({ request: { tags, tagNames } }) => tagNames ?? (tags ? Object.keys(tags) : undefined),
  ],
  ['kms:calleraccount', ({ principal }) => principal.account],
  ['kms:keyspec', ({ key }) => key?.spec],
  ['kms:keyusage', ({ key }) => key?.purposes],
  ['kms:keyorigin', ({ key }) => key?.origin],
  ['kms:resourcealiases', ({ aliases }) => aliases],
  ['kms:requestalias', requestedAlias],
  ['kms:encryptionalgorithm', ({ request }) => request.algorithm],
  ['kms:signingalgorithm', ({ request }) => request.algorithm],
  ['kms:macalgorithm', ({ request }) => request.algorithm],
  ['kms:messagetype', ({ request }) => request.messageType],
  ['kms:datakeypairspec', ({ request }) => request.pairSpec],
  ['kms:wrappingalgorithm', ({ request }) => request.wrapping],
  [
    'kms:encryptioncontextkeys',
    (sources) => {
      const context = contextOf(sources)
      return context && Object.keys(context)
    },
  ],
  [
    'kms:bypasspolicylockoutsafetycheck',
    ({ request }) => String(request.bypassLockoutCheck ?? false),
  ],
  ['kms:grantoperations', grantOperations],
  ['kms:granteeprincipal', ({ request }) => request.granteePrincipal],
  ['kms:retiringprincipal', ({ request }) => request.retiringPrincipal],
  ['kms:grantconstrainttype', constraintType],
])

/** The rest of the name is a name in one of the pairs, without regard to case. */
const PREFIXED: readonly (readonly [string, (sources: Sources) => Pairs | undefined])[] = [
  ['kms:encryptioncontext:', contextOf],
  ['aws:resourcetag/', ({ key }) => key?.tags],
  ['aws:requesttag/', ({ request }) => request.tags],
]

/** The value of a condition key, by its name in lower case. */
export function derived(name: string, sources: Sources): AttributeValue | undefined {
  const derive = NAMED.get(name)
  if (derive) return derive(sources)
  const found = PREFIXED.find(([prefix]) => name.startsWith(prefix))
  const pairs = found?.[1](sources)
  if (!found || !pairs) return undefined
  const wanted = name.slice(found[0].length)
  const values = Object.entries(pairs).flatMap(([key, value]) =>
    key.toLowerCase() === wanted ? [value] : [],
  )
  return values.length > 1 ? values : values[0]
}

/** The key that needs a look at the names of the key. */
export const RESOURCE_ALIASES = 'kms:resourcealiases'
