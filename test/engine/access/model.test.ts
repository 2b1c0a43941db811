/** Grants and policies of two keys against a plain model: whoever asks gets the model's answer. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import type { CreatedGrant } from '../../../src/index.ts'
import { stage, type Room } from '../support.ts'
import { allow, ANN, as, BOB, deny, policy, READER, ruleOf, SESSION } from './support.ts'

const PLAINTEXT = utf8('x')
/** Callers, and whom a policy or grant that means them names. */
const NAMED: Readonly<Record<string, string>> = { [ANN]: ANN, [BOB]: BOB, [SESSION]: READER }
const CALLERS = Object.keys(NAMED)
const POLICIES = { none: [], anns: [allow(ANN, '*')], notBob: [deny(BOB, '*')] } as const
type PolicyName = keyof typeof POLICIES

interface Held {
  readonly made: CreatedGrant
  readonly grantee: string
  readonly name: string | undefined
  readonly table: string | undefined
}
interface Model {
  policy: PolicyName
  grants: Held[]
}
interface Real {
  readonly room: Room
  readonly keyIds: readonly string[]
}

type Step = (models: Model[], real: Real) => Promise<void>

const key = fc.nat({ max: 1 })
const grantee = fc.constantFrom(ANN, BOB, READER)
const table = fc.option(fc.constantFrom('orders', 'users'), { nil: undefined })

const put = fc
  .tuple(key, fc.constantFrom<PolicyName>('none', 'anns', 'notBob'))
  .map(([k, name]): Step => async (models, { room, keyIds }) => {
    const statements = POLICIES[name]
    const text = statements.length === 0 ? null : policy(...statements)
    await room.putKeyPolicy({ keyId: keyIds[k]!, policy: text })
    models[k]!.policy = name
  })

const grant = fc
  .tuple(key, grantee, table, fc.option(fc.constantFrom('a', 'b'), { nil: undefined }))
  .map(([k, whom, within, name]): Step => async (models, { room, keyIds }) => {
    const made = await room.createGrant({
      ...{ keyId: keyIds[k]!, granteePrincipal: whom, operations: ['Encrypt'] },
      ...(name !== undefined && { name }),
      ...(within !== undefined && { constraints: { contextSubset: { table: within } } }),
    })
    const { grants } = models[k]!
    const same = grants.find(
      (one) =>
        name !== undefined && one.name === name && one.grantee === whom && one.table === within,
    )
    if (same) expect(made.grant).toEqual(same.made.grant)
    else grants.push({ made, grantee: whom, name, table: within })
  })

const end = fc
  .tuple(key, fc.nat(), fc.constantFrom('revoke', 'retire', 'token'))
  .map(([k, n, how]): Step => async (models, { room, keyIds }) => {
    const { grants } = models[k]!
    if (grants.length === 0) return
    const [gone] = grants.splice(n % grants.length, 1)
    const { grant: held, grantToken } = gone!.made
    const named = { keyId: keyIds[k]!, grantId: held.id }
    if (how === 'revoke') await room.revokeGrant(named)
    else await room.retireGrant(how === 'retire' ? named : { grantToken })
  })

/** What the model says about an encryption. */
function allowed({ policy: name, grants }: Model, who: string, context: { table?: string }) {
  if (name === 'notBob' && who === BOB) return false
  if (name === 'anns' && who === ANN) return true
  return grants.some(
    (one) => one.grantee === NAMED[who] && (one.table === undefined || one.table === context.table),
  )
}

async function compare(models: Model[], { room, keyIds }: Real): Promise<void> {
  for (const [k, model] of models.entries()) {
    const keyId = keyIds[k]!
    for (const who of CALLERS)
      for (const context of [{}, { table: 'orders' }, { table: 'users' }]) {
        const asked = { keyId, plaintext: PLAINTEXT, context, ...as(who) }
        const found = (await ruleOf(room.encrypt(asked))) === 'ok'
        expect([who, context, found]).toEqual([who, context, allowed(model, who, context)])
      }
    const { items } = await room.listGrants({ keyId })
    const ids = model.grants.map(({ made }) => made.grant.id).sort()
    expect(items.map(({ id }) => id)).toEqual(ids)
  }
}

test('any course of policies and grants', async () => {
  const steps = fc.array(fc.oneof(put, grant, grant, end), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (course, reopened) => {
      const s = await stage()
      let { room } = s
      const made = []
      for (const displayName of ['a', 'b'])
        made.push(await room.createKey({ vaultId: s.vaultId, displayName, spec: 'AES_256' }))
      const keyIds = made.map(({ id }) => id)
      const models: Model[] = keyIds.map(() => ({ policy: 'none', grants: [] }))
      for (const step of course) {
        await step(models, { room, keyIds })
        await compare(models, { room, keyIds })
      }
      if (reopened) room = await s.again()
      await compare(models, { room, keyIds })
      expect((await room.verify()).ok).toBe(true)
      await room.close()
    }),
    { numRuns: 15 },
  )
})
