/** Key policies: read, put, removed (contracts: AWS 12). */
import { StrongroomError } from '../../base/errors.ts'
import { keepsControl } from '../../domain/policy/decide.ts'
import type { PolicyRecord } from '../../domain/records.ts'
import type { KeyView } from '../../domain/settle.ts'
import { path } from '../../format/paths.ts'
import { caseOf, isOwner, questionOf, type AskedFor } from '../access.ts'
import type { KeyPolicy } from '../api.ts'
import type { Bodies } from '../body.ts'
import type { Core, Reader } from '../core.ts'
import type { Entry } from '../records.ts'
import { matchEtag } from '../retry.ts'
import type { Tx } from '../tx.ts'
import { etagOf } from '../views.ts'

type Names = 'getKeyPolicy' | 'putKeyPolicy'

export const POLICY_BODIES: Bodies<Names> = {
  getKeyPolicy: async ({ reader, key }) => answer(key, await policyOf(reader, key)),
  putKeyPolicy: {
    run: async ({ core, tx, key, input }) => {
      if (input.ifMatch !== undefined) {
        const found = await policyOf(tx, key)
        matchEtag(input.ifMatch, found ? etagOf(found) : 'none')
      }
      const { policy } = input
      checkPolicy(core, input, key, policy ?? undefined, input.bypassLockoutCheck)
      return answer(key, await putPolicy(tx, key, policy))
    },
  },
}

const at = ({ record }: KeyView): Uint8Array => path.policy(record.vaultId, record.ordinal)

const policyOf = (reader: Reader, key: KeyView) => reader.get('policy', at(key))

/** Writes or removes the policy of a key; permits that were given have to be asked for again. */
export async function putPolicy(
  tx: Tx,
  key: KeyView,
  text: string | null,
): Promise<Entry<PolicyRecord> | undefined> {
  const { id: keyId } = key.record
  tx.touch(keyId)
  if (text !== null) return tx.put('policy', at(key), { keyId, text, updatedAt: tx.now })
  await tx.del('policy', at(key))
  return undefined
}

/**
 * What a policy has to be before it counts: readable, and one that leaves the caller in control.
 * @throws INVALID_POLICY, LIMIT_EXCEEDED, POLICY_LOCKOUT
 */
export function checkPolicy(
  core: Core,
  asked: AskedFor,
  key: KeyView,
  text: string | undefined,
  bypass = false,
): void {
  const policy = text === undefined ? undefined : core.books.document(text, 'key')
  if (isOwner(asked) || bypass) return
  const question = questionOf(core, 'putKeyPolicy', asked)
  const book = core.books.bookOf(key)
  const given = { ...caseOf(core, question, book), action: PUT_KEY_POLICY }
  const next = policy ?? given.keyPolicy
  if (next && keepsControl(next, given)) return
  throw new StrongroomError(
    'POLICY_LOCKOUT',
    'policy: expected one that lets its caller change it again, got one that shuts out ' +
      `${given.principal.text}.`,
  )
}
const PUT_KEY_POLICY = 'kms:PutKeyPolicy'

function answer({ record }: KeyView, found: Entry<PolicyRecord> | undefined): KeyPolicy {
  if (!found) return Object.freeze({ keyId: record.id })
  const { text: policy, updatedAt } = found.record
  const etag = etagOf({ seq: found.seq })
  return Object.freeze({ keyId: record.id, policy, updatedAt: new Date(updatedAt), etag })
}
