/**
 * AWS managed keys: those that services of an account use, made when one is first asked for by
 * `alias/aws/SERVICE` (contracts: AWS 10.2, 17 DescribeKey). The account sees them, and no more.
 */
import type { Key } from '../../engine/api.ts'
import { deniedText } from './denied.ts'
import type { Named } from './arn.ts'
import type { Call, Found } from './call.ts'
import { KmsFault } from './errors.ts'
import { NAMESPACE } from './face.ts'

const SERVICE_ALIAS = /^alias\/aws\/([a-z0-9][a-z0-9-]{0,39})$/
const ROTATION_DAYS = 365

/** True for keys of services. */
export const isManaged = ({ definedTags }: Key): boolean =>
  Object.hasOwn(definedTags[NAMESPACE] ?? {}, 'service')

/** The key of a service of the caller's account, made if the name is one. */
export async function managedKey(
  { room, own, caller }: Call,
  vaultId: string,
  { kind, account, name }: Named,
): Promise<Key | undefined> {
  const [, service] = SERVICE_ALIAS.exec(name) ?? []
  if (kind !== 'alias' || service === undefined || account !== caller.account) return undefined
  // The tokens make one key of it, whoever else asks for it now, or asked and was cut off.
  const key = await room.createKey({
    ...own,
    vaultId,
    displayName: name,
    description: `Default key that protects my ${service} data when no other key is defined`,
    spec: 'AES_256',
    purposes: ['encrypt'],
    definedTags: { [NAMESPACE]: { service } },
    rotation: { everyDays: ROTATION_DAYS },
    retryToken: `key of ${name}`,
  })
  await room.createAlias({ ...own, vaultId, keyId: key.id, name, retryToken: `name of ${name}` })
  return key
}

/**
 * A key by its id or ARN that is the caller's to change.
 * @throws AccessDeniedException for keys of services, whose policy lets nobody
 */
export async function customerKey(call: Call, given: string): Promise<Found> {
  const found = await call.key(given)
  if (!isManaged(found.key)) return found
  const refusal = { rule: 'keyPolicy.silent', action: `kms:${call.name}`, resource: found.arn }
  throw new KmsFault('AccessDeniedException', deniedText(call.caller.principal, refusal))
}
