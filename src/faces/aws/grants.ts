/** TABLE of the operations on grants (contracts: AWS 11, 17). */
import { GRANT_OPERATION_NAMES } from '../../domain/policy/grants.ts'
import { isPrincipalArn } from '../../domain/policy/principals.ts'
import type { Grant } from '../../engine/api.ts'
import { keyArn, rootArn, shownKeyId } from './arn.ts'
import { isMultiRegion, row, type Call } from './call.ts'
import { KmsFault, validation } from './errors.ts'
import { GRANT_TOKENS, KEY_ID, page, PRINCIPAL, SERVICE_PRINCIPAL } from './members.ts'
import { following, paged } from './paging.ts'
import { flag, list, map, may, need, structure, text, words, type Values } from './shape.ts'

const GRANT_ID = text(1, 128)
const FORMED = /^[0-9a-f]{64}$/

/** @throws InvalidGrantIdException */
function formed(id: string): string {
  if (FORMED.test(id)) return id
  throw new KmsFault('InvalidGrantIdException', `Grant ID ${id} is not valid.`)
}

/** One of two members at most; `needed`: one of them. */
function either(
  principal: string | undefined,
  service: string | undefined,
  name: string,
  needed = false,
): string | undefined {
  if (principal !== undefined && service !== undefined)
    validation(`Specify either ${name}Principal or ${name}ServicePrincipal, not both.`)
  const found = principal ?? service
  if (needed && found === undefined)
    validation(`Specify either ${name}Principal or ${name}ServicePrincipal.`)
  if (principal !== undefined && !isPrincipalArn(principal))
    throw new KmsFault('InvalidArnException', `The ARN ${principal} is not that of a principal.`)
  return found
}

const PRINCIPALS = {
  GranteePrincipal: may(PRINCIPAL),
  RetiringPrincipal: may(PRINCIPAL),
  GranteeServicePrincipal: may(SERVICE_PRINCIPAL),
  RetiringServicePrincipal: may(SERVICE_PRINCIPAL),
} as const
type Principals = Values<typeof PRINCIPALS>

const CONSTRAINTS = structure({
  EncryptionContextSubset: may(map),
  EncryptionContextEquals: may(map),
  SourceArn: may(text(20, 512, /^arn:[\w-]+:[\w-]+:[\w-]*:\d{12}:.+$/)),
})
type Constraints = Values<(typeof CONSTRAINTS)['shape']>

function constraintsOf({
  EncryptionContextSubset,
  EncryptionContextEquals,
  SourceArn,
}: Constraints) {
  return {
    ...(EncryptionContextSubset && { contextSubset: EncryptionContextSubset }),
    ...(EncryptionContextEquals && { contextEquals: EncryptionContextEquals }),
    ...(SourceArn !== undefined && { sourceArn: SourceArn }),
  }
}

const namesOf = (given: Principals, constraints: Constraints | undefined) => {
  const { GranteePrincipal, GranteeServicePrincipal } = given
  const { RetiringPrincipal, RetiringServicePrincipal } = given
  const granteePrincipal = either(GranteePrincipal, GranteeServicePrincipal, 'Grantee', true)!
  const retiringPrincipal = either(RetiringPrincipal, RetiringServicePrincipal, 'Retiring')
  if (
    GranteeServicePrincipal !== undefined &&
    (constraints?.SourceArn === undefined || retiringPrincipal === undefined)
  )
    validation('A grant to a service needs the SourceArn constraint and a retiring principal.')
  return { granteePrincipal, ...(retiringPrincipal !== undefined && { retiringPrincipal }) }
}

/** A name without dots and slashes of an ARN is a service. */
const shownPrincipal = (kind: 'Grantee' | 'Retiring', principal: string | undefined): object => {
  if (principal === undefined) return {}
  return principal.startsWith('arn:')
    ? { [`${kind}Principal`]: principal }
    : { [`${kind}Principal`]: principal, [`${kind}ServicePrincipal`]: principal }
}

/** GrantListEntry: of a key in whichever account. */
async function entry(call: Call, grant: Grant): Promise<object> {
  const { constraints, keyId, vaultId } = grant
  const place = (await call.face.placeOf(vaultId, call.caller)) ?? call.caller
  const key = await call.room.getKey({ ...call.own, keyId, vaultId })
  const account = grant.issuingAccount ?? place.account
  return {
    KeyId: keyArn(place, shownKeyId(keyId, isMultiRegion(key))),
    GrantId: grant.id,
    Name: grant.name ?? '',
    CreationDate: grant.createdAt,
    ...shownPrincipal('Grantee', grant.granteePrincipal),
    ...shownPrincipal('Retiring', grant.retiringPrincipal),
    IssuingAccount: rootArn({ ...place, account }),
    Operations: grant.operations,
    ...(constraints && { Constraints: shownConstraints(constraints) }),
  }
}

const shownConstraints = ({
  contextSubset,
  contextEquals,
  sourceArn,
}: NonNullable<Grant['constraints']>): object => ({
  ...(contextSubset && { EncryptionContextSubset: contextSubset }),
  ...(contextEquals && { EncryptionContextEquals: contextEquals }),
  ...(sourceArn !== undefined && { SourceArn: sourceArn }),
})

export const GRANT_ROWS = {
  CreateGrant: row({
    room: ['createGrant'],
    dryRun: 'own',
    input: {
      KeyId: need(KEY_ID),
      ...PRINCIPALS,
      Operations: need(list(words(...GRANT_OPERATION_NAMES))),
      Constraints: may(CONSTRAINTS),
      GrantTokens: may(GRANT_TOKENS),
      Name: may(text(1, 256, /^[a-zA-Z0-9:/_-]+$/)),
      DryRun: may(flag),
    },
    answer: async (call) => {
      const { KeyId, Constraints, Name: name, DryRun: dryRun = false } = call.input
      const operations = [...new Set(call.input.Operations)]
      const principals = namesOf(call.input, Constraints)
      if (operations.length === 0) validation('Grants must contain at least one operation.')
      if (operations.every((one) => one === 'CreateGrant'))
        validation('Grants must not contain only the CreateGrant operation.')
      const { key, vaultId } = await call.key(KeyId)
      const { grant, grantToken } = await call.room.createGrant({
        ...call.asked,
        keyId: key.id,
        vaultId,
        ...principals,
        operations,
        dryRun,
        ...(Constraints && { constraints: constraintsOf(Constraints) }),
        ...(name !== undefined && { name }),
      })
      return { GrantToken: grantToken, GrantId: grant.id }
    },
  }),

  ListGrants: row({
    room: ['listGrants'],
    input: {
      KeyId: need(KEY_ID),
      ...page(100),
      GrantId: may(GRANT_ID),
      GranteePrincipal: may(PRINCIPAL),
      GranteeServicePrincipal: may(SERVICE_PRINCIPAL),
    },
    answer: async (call) => {
      const { KeyId, GrantId, GranteePrincipal, GranteeServicePrincipal } = call.input
      const granteePrincipal = GranteePrincipal ?? GranteeServicePrincipal
      const { key, vaultId } = await call.key(KeyId)
      const { items, nextPage } = await call.room.listGrants({
        ...call.asked,
        ...paged(call.input, 50),
        keyId: key.id,
        vaultId,
        ...(GrantId !== undefined && { grantId: formed(GrantId) }),
        ...(granteePrincipal !== undefined && { granteePrincipal }),
      })
      const Grants = await Promise.all(items.map((grant) => entry(call, grant)))
      return { Grants, ...following(nextPage) }
    },
  }),

  ListRetirableGrants: row({
    room: ['listRetirableGrants'],
    input: {
      ...page(100),
      RetiringPrincipal: may(PRINCIPAL),
      RetiringServicePrincipal: may(SERVICE_PRINCIPAL),
    },
    answer: async (call) => {
      const { RetiringPrincipal, RetiringServicePrincipal } = call.input
      const retiringPrincipal = either(
        RetiringPrincipal,
        RetiringServicePrincipal,
        'Retiring',
        true,
      )!
      const { items, nextPage } = await call.room.listRetirableGrants({
        ...call.asked,
        ...paged(call.input, 50),
        retiringPrincipal,
        vaultIds: await call.face.vaultsIn(call.caller.region),
      })
      const Grants = await Promise.all(items.map((grant) => entry(call, grant)))
      return { Grants, ...following(nextPage) }
    },
  }),

  RetireGrant: row({
    room: ['retireGrant'],
    dryRun: 'own',
    input: {
      GrantToken: may(text(1, 8192)),
      KeyId: may(KEY_ID),
      GrantId: may(GRANT_ID),
      DryRun: may(flag),
    },
    answer: async (call) => {
      const { GrantToken: grantToken, KeyId, GrantId, DryRun: dryRun = false } = call.input
      if (grantToken !== undefined && GrantId === undefined && KeyId === undefined) {
        await call.room.retireGrant({ ...call.asked, grantToken, dryRun })
        return undefined
      }
      if (grantToken !== undefined || KeyId === undefined || GrantId === undefined)
        validation('Specify either a grant token, or a key and a grant ID.')
      const { key, vaultId } = await call.key(KeyId)
      const grantId = formed(GrantId)
      call.grant = grantId
      await call.room.retireGrant({ ...call.asked, keyId: key.id, vaultId, grantId, dryRun })
      return undefined
    },
  }),

  RevokeGrant: row({
    room: ['revokeGrant'],
    dryRun: 'own',
    input: { KeyId: need(KEY_ID), GrantId: need(GRANT_ID), DryRun: may(flag) },
    answer: async (call) => {
      const { KeyId, GrantId, DryRun: dryRun = false } = call.input
      const { key, vaultId } = await call.key(KeyId)
      const grantId = formed(GrantId)
      call.grant = grantId
      await call.room.revokeGrant({ ...call.asked, keyId: key.id, vaultId, grantId, dryRun })
      return undefined
    },
  }),
}
