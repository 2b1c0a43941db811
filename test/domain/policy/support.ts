/** Short ways to policies, questions and cases. */
import { decide, type Case, type Decision } from '../../../src/domain/policy/decide.ts'
import { LayeredAttributes, type GivenAttributes } from '../../../src/domain/policy/attributes.ts'
import { parsePolicy, type Policy, type PolicyKind } from '../../../src/domain/policy/document.ts'
import { grantOf } from '../../../src/domain/policy/grants.ts'
import { parsePrincipal } from '../../../src/domain/policy/principals.ts'
import type { GrantRecord } from '../../../src/domain/records.ts'

export const ACCOUNT = '111122223333'
export const OTHER = '444455556666'
export const ROOT = `arn:aws:iam::${ACCOUNT}:root`
export const ANN = `arn:aws:iam::${ACCOUNT}:user/ann`
export const READER = `arn:aws:iam::${ACCOUNT}:role/reader`
export const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/reader/monday`
export const STRANGER = `arn:aws:iam::${OTHER}:user/eve`
export const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`

export type StatementJson = Readonly<Record<string, unknown>>

/** A statement that says everything but what is given. */
export const statement = (given: StatementJson = {}): StatementJson => ({
  Effect: 'Allow',
  Principal: '*',
  Action: 'kms:*',
  Resource: '*',
  ...given,
})
export const document = (...statements: readonly StatementJson[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })
export const policy = (kind: PolicyKind, ...statements: readonly StatementJson[]): Policy =>
  parsePolicy(document(...statements), kind)
/** Of a caller: without anybody whom it means. */
export const own = ({ Principal: _, ...given }: StatementJson = {}): StatementJson => {
  const { Principal: __, ...rest } = statement(given)
  return rest
}

export interface Asked {
  readonly key?: readonly StatementJson[]
  readonly identity?: readonly StatementJson[] | 'all'
  readonly grants?: readonly Partial<GrantRecord>[]
  readonly principal?: string
  readonly action?: string
  readonly resource?: string
  readonly attributes?: GivenAttributes
  readonly context?: Readonly<Record<string, string>>
  readonly child?: Case['child']
  readonly account?: string
  readonly sameAccountOnly?: boolean
}

export const grantRecord = (given: Partial<GrantRecord> = {}): GrantRecord => ({
  id: 'ab'.repeat(32),
  keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
  granteePrincipal: ANN,
  operations: ['Decrypt'],
  createdAt: 0,
  ...given,
})

export const caseOf = (asked: Asked): Case => ({
  principal: parsePrincipal(asked.principal ?? ANN),
  action: asked.action ?? 'kms:Decrypt',
  resource: asked.resource ?? KEY,
  attributes: new LayeredAttributes([asked.attributes]),
  context: asked.context,
  child: asked.child,
  keyPolicy: asked.key && policy('key', ...asked.key),
  identityPolicies:
    asked.identity === 'all'
      ? 'all'
      : asked.identity
        ? [policy('identity', ...asked.identity)]
        : [],
  grants: (asked.grants ?? []).map((grant) => grantOf(grantRecord(grant))),
  account: asked.account ?? ACCOUNT,
  sameAccountOnly: asked.sameAccountOnly,
})

export const decided = (asked: Asked): Decision => decide(caseOf(asked))
export const ruled = (asked: Asked): string => decided(asked).rule
