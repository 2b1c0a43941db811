/** Callers with names: who they are, and clients that sign as them. */
import type { KMSClient } from '@aws-sdk/client-kms'
import { Strongroom, VirtualClock } from '../../../src/index.ts'
import type { AwsCredential, AwsOptions } from '../../../src/faces/aws/index.ts'
import { sharedProvider } from '../../helpers/provider.ts'
import { ACCOUNT, REGION, START, TRANSPORTS } from './world.ts'

export const OTHER = '444455556666'
export const ARNS = {
  root: `arn:aws:iam::${ACCOUNT}:root`,
  ann: `arn:aws:iam::${ACCOUNT}:user/ann`,
  bob: `arn:aws:iam::${ACCOUNT}:user/bob`,
  reader: `arn:aws:sts::${ACCOUNT}:assumed-role/reader/monday`,
  eve: `arn:aws:iam::${OTHER}:user/eve`,
} as const
export type Who = keyof typeof ARNS
export const READER = `arn:aws:iam::${ACCOUNT}:role/reader`

export interface Cast {
  readonly room: Strongroom
  readonly clock: VirtualClock
  /** A client that signs as one of them, or with any other access key; in the Region of the world. */
  readonly as: (who: string, region?: string) => KMSClient
}

/** What their accounts allow them; who is not named may do everything that key policies allow. */
export type Allowances = Partial<Record<Who, AwsCredential['identityPolicies']>>

export async function cast(
  transport: keyof typeof TRANSPORTS = 'handler',
  allowances: Allowances = {},
  options: AwsOptions = {},
): Promise<Cast> {
  const clock = new VirtualClock(START)
  const room = await Strongroom.open({ clock, region: REGION, crypto: await sharedProvider() })
  const credentials = Object.fromEntries(
    Object.entries(ARNS).map(([who, arn]) => {
      const identityPolicies = allowances[who as Who]
      return [who, { arn, ...(identityPolicies && { identityPolicies }) }]
    }),
  )
  const as = (who: string, region = REGION): KMSClient =>
    TRANSPORTS[transport]!(
      room,
      { credentials, ...options, ...(transport === 'plugin' && { accessKeyId: who }) },
      { region, credentials: { accessKeyId: who, secretAccessKey: 'secret' } },
    )
  return { room, clock, as }
}

export const policy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })
export const allow = (AWS: string | readonly string[], Action: string | string[] = 'kms:*') => ({
  Effect: 'Allow',
  Principal: { AWS },
  Action,
  Resource: '*',
})
export const deny = (AWS: string, Action: string | string[] = 'kms:*') => ({
  ...allow(AWS, Action),
  Effect: 'Deny',
})
export const own = (Action: string | string[], Resource = '*', Effect = 'Allow'): string =>
  policy({ Effect, Action, Resource })

export const denied = (arn: string, action: string, resource: string, because: string): string =>
  `AccessDeniedException: User: ${arn} is not authorized to perform: kms:${action} on resource: ` +
  `${resource} ${because}`
export const NOT_BY_KEY = (action: string): string =>
  `because no resource-based policy allows the kms:${action} action`
export const NOT_BY_IDENTITY = (action: string): string =>
  `because no identity-based policy allows the kms:${action} action`
