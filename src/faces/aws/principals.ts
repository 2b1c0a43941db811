/** Who has which access key id (contracts: AWS 3, 12). */
import { accountOf } from '../../domain/policy/principals.ts'
import { rootArn, type Place } from './arn.ts'
import { KmsFault } from './errors.ts'
import type { AwsOptions } from './options.ts'

/** Somebody who may ask, by an access key id. */
export interface AwsCredential {
  /** Of a user, a session, or the root of an account. */
  readonly arn: string
  /** With it signatures are verified. */
  readonly secretAccessKey?: string
  /** Of a session: the one that requests have to bring. */
  readonly sessionToken?: string
  /**
   * What the account of the principal allows it: policies of IAM as texts or objects. Default `all`:
   * key policies and grants alone decide.
   */
  readonly identityPolicies?: readonly (string | object)[] | 'all'
}

/** A caller as decisions know it. */
export interface Identity {
  readonly account: string
  readonly principal: string
  readonly identityPolicies: readonly string[] | 'all'
}

/** Documents are compiled by their texts: those of an object are always the same. */
const texts = new WeakMap<object, string>()

function textOf(document: string | object): string {
  if (typeof document === 'string') return document
  const known = texts.get(document)
  if (known !== undefined) return known
  const text = JSON.stringify(document)
  texts.set(document, text)
  return text
}

/** The root user of the account that stands for all of whom nothing is known. */
const anybody = ({ account, region }: Place): Identity => ({
  account,
  principal: rootArn({ account, region }),
  identityPolicies: 'all',
})

/**
 * Whose an access key id is.
 * @throws UnrecognizedClientException, MissingAuthenticationTokenException
 */
export function identityOf(
  { credentials, anyCredentials }: AwsOptions,
  accessKeyId: string | undefined,
  place: Place,
): Identity {
  if (!credentials) return anybody(place)
  const known =
    accessKeyId !== undefined && Object.hasOwn(credentials, accessKeyId)
      ? credentials[accessKeyId]
      : undefined
  if (known) {
    const { arn, identityPolicies = 'all' } = known
    return {
      account: accountOf(arn) ?? place.account,
      principal: arn,
      identityPolicies: identityPolicies === 'all' ? 'all' : identityPolicies.map(textOf),
    }
  }
  if (anyCredentials) return anybody(place)
  if (accessKeyId === undefined)
    throw new KmsFault('MissingAuthenticationTokenException', 'Missing Authentication Token')
  throw new KmsFault(
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  )
}
