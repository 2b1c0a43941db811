/** TABLE of the operations on key policies (contracts: AWS 12, 17). */
import { defaultPolicy } from './access.ts'
import { row, type Call, type Found } from './call.ts'
import { invalidMarker, notFound } from './errors.ts'
import { customerKey } from './managed.ts'
import { KEY_ID, PAGE, POLICY, POLICY_NAME } from './members.ts'
import { flag, may, need } from './shape.ts'

/** A key has one policy. */
const DEFAULT = 'default'

function refuseOtherName(name: string | undefined): void {
  if (name !== undefined && name !== DEFAULT) throw notFound('No such policy exists')
}

const ofKey = (call: Call, { key, vaultId }: Found) => ({
  ...call.asked,
  keyId: key.id,
  vaultId,
})

export const POLICY_ROWS = {
  GetKeyPolicy: row({
    room: ['getKeyPolicy'],
    input: { KeyId: need(KEY_ID), PolicyName: may(POLICY_NAME) },
    answer: async (call) => {
      const found = await call.key(call.input.KeyId)
      const { policy = defaultPolicy(call.caller) } = await call.room.getKeyPolicy(
        ofKey(call, found),
      )
      refuseOtherName(call.input.PolicyName)
      return { Policy: policy, PolicyName: DEFAULT }
    },
  }),

  PutKeyPolicy: row({
    room: ['putKeyPolicy'],
    input: {
      KeyId: need(KEY_ID),
      PolicyName: may(POLICY_NAME),
      Policy: need(POLICY),
      BypassPolicyLockoutSafetyCheck: may(flag),
    },
    answer: async (call) => {
      const { KeyId, Policy: policy, PolicyName } = call.input
      const { BypassPolicyLockoutSafetyCheck: bypassLockoutCheck = false } = call.input
      const found = await customerKey(call, KeyId)
      refuseOtherName(PolicyName)
      await call.room.putKeyPolicy({ ...ofKey(call, found), policy, bypassLockoutCheck })
      return undefined
    },
  }),

  ListKeyPolicies: row({
    room: ['getKeyPolicy'],
    input: { KeyId: need(KEY_ID), ...PAGE },
    answer: async (call) => {
      await call.key(call.input.KeyId)
      if (call.input.Marker !== undefined) throw invalidMarker()
      return { PolicyNames: [DEFAULT], Truncated: false }
    },
  }),
}
