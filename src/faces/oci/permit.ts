/** Asks the statements, before anything is done or told; a refusal looks like what does not exist. */
import { OWNER } from '../../domain/permit.ts'
import type { Access } from '../../engine/api.ts'
import type { Call } from './call.ts'
import { hidden } from './errors.ts'
import { keyOcid } from './models.ts'
import { keyOf } from './names.ts'
import { NEEDS, type Where } from './permissions.ts'
import type { Facts } from './statements.ts'

/**
 * Whom the statements admit, the room admits too; but a policy that stands at the key itself, made by
 * another face, is asked as well.
 */
export const ADMITTED: Access = {
  identityPolicies: 'all',
  unlessPolicy: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
  }),
}

/** Whether statements have a say: the owner may do all. */
export const isJudged = (user: string | undefined): user is string =>
  user !== undefined && user !== OWNER

/** @throws NotAuthorizedOrNotFound unless the statements allow all that the operation needs */
export async function permit(call: Call, user: string): Promise<void> {
  const { judge } = call.face
  if (!judge) return
  for (const [permission, where] of NEEDS[call.name]!) {
    const { compartmentId, keyId } = await TARGETS[where](call)
    const facts = factsOf(call, keyId)
    if (!judge({ user, permission, compartmentId, facts })) throw hidden()
  }
}

interface Target {
  readonly compartmentId: string
  readonly keyId?: string
}
interface Named {
  readonly compartmentId?: string
  readonly keyId?: string
  readonly includePlaintextKey?: boolean
}

const TARGETS: Readonly<Record<Where, (call: Call) => Promise<Target>>> = {
  vault: async (call) => ({ compartmentId: (await call.vault()).compartmentId }),
  asked: async ({ query, body }) => ({
    compartmentId: ((query as Named).compartmentId ?? (body as Named).compartmentId)!,
  }),
  key: async (call) => {
    const { keyId } = call.body as Named
    const { face, vaultId, asked } = call
    const key = keyId === undefined ? call.key : await keyOf(face, vaultId, keyId, asked)
    return { compartmentId: key.compartmentId, keyId: keyOcid(face, key) }
  },
}

function factsOf({ face, name, vaultId, body }: Call, keyId: string | undefined): Facts {
  const { includePlaintextKey } = body as Named
  return {
    'request.operation': name,
    ...(vaultId !== '' && { 'target.vault.id': face.ids.vault(vaultId) }),
    ...(keyId !== undefined && { 'target.key.id': keyId }),
    ...(includePlaintextKey !== undefined && {
      'request.includeplaintextkey': String(includePlaintextKey),
    }),
  }
}
