/** Policies as texts, principals, and ways to ask as one of them. */
import { StrongroomError, type Explanation } from '../../../src/base/errors.ts'
import type { Access } from '../../../src/index.ts'

export const ACCOUNT = '111122223333'
export const OTHER = '444455556666'
export const ROOT = `arn:aws:iam::${ACCOUNT}:root`
export const ANN = `arn:aws:iam::${ACCOUNT}:user/ann`
export const BOB = `arn:aws:iam::${ACCOUNT}:user/bob`
export const READER = `arn:aws:iam::${ACCOUNT}:role/reader`
export const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/reader/monday`

export type Statement = Readonly<Record<string, unknown>>

export const policy = (...statements: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })
export const allow = (
  who: string | readonly string[],
  ...actions: readonly string[]
): Statement => ({
  Effect: 'Allow',
  Principal: { AWS: who },
  Action: actions.map((action) => `kms:${action}`),
  Resource: '*',
})
export const deny = (who: string, ...actions: readonly string[]): Statement => ({
  ...allow(who, ...actions),
  Effect: 'Deny',
})
/** Of a caller: on everything. */
export const mine = (effect: 'Allow' | 'Deny', ...actions: readonly string[]): string =>
  policy({ Effect: effect, Action: actions.map((action) => `kms:${action}`), Resource: '*' })

export interface As {
  readonly principal: string
  readonly access?: Access
}
export const as = (principal: string, access?: Access): As => ({
  principal,
  ...(access && { access }),
})

/** 'ok', or the rule that refused; for other refusals their code. */
export async function ruleOf(call: Promise<unknown>): Promise<string> {
  const explanation = await explanationOf(call)
  return typeof explanation === 'string' ? explanation : explanation.rule
}

export async function explanationOf(call: Promise<unknown>): Promise<string | Explanation> {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error
    return error.code === 'FORBIDDEN' ? error.explain! : error.code
  }
}
