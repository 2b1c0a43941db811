/** TABLE of the operations on aliases (contracts: AWS 10.2, 17). */
import { SPECS, type Spec } from '../../domain/algorithms.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { Alias } from '../../engine/api.ts'
import { arnOf, parseName, shownKeyId } from './arn.ts'
import { isMultiRegion, row, type Call, type Found } from './call.ts'
import { KmsFault, validation } from './errors.ts'
import { customerKey } from './managed.ts'
import { ALIAS_NAME, KEY_ID, page } from './members.ts'
import { following, paged } from './paging.ts'
import { quotaOf } from './quotas.ts'
import { may, need } from './shape.ts'
import { keyUsageOf } from './specs.ts'

const NAME = /^alias\/[A-Za-z0-9/_-]+$/
const PREFIX = 'alias/'
const RESERVED = 'alias/aws/'

/**
 * An alias that the account may have, made the subject of what follows.
 * @throws ValidationException, NotAuthorizedException for names of services
 */
function named(call: Call, name: string): string {
  if (!name.startsWith(PREFIX))
    validation(
      `Alias must start with the prefix "${PREFIX}". Please see ` +
        'https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    )
  if (!NAME.test(name)) validation(`${name} contains invalid characters for an alias`)
  if (name.startsWith(RESERVED)) throw new KmsFault('NotAuthorizedException')
  call.alias = arnOf(call.caller, name)
  return name
}

function target(call: Call, given: string): Promise<Found> {
  if (parseName(given, call.caller).kind === 'alias')
    validation('Aliases must refer to keys. Not aliases')
  return customerKey(call, given)
}

/** The input of the room for an alias that leads to a key. */
const leading = (call: Call, name: string, { key, vaultId }: Found) => ({
  ...call.asked,
  name,
  keyId: key.id,
  vaultId,
  perKeyMax: Math.min(quotaOf(call.options, 'aliasesPerKey'), LIMITS.aliasesPerKeyMax),
})

/** Symmetric, asymmetric or HMAC. */
const GROUPS: Readonly<Partial<Record<(typeof SPECS)[Spec]['family'], string>>> = {
  aes: 'symmetric',
  hmac: 'HMAC',
}
const kindOf = ({ key }: Found): string =>
  `${GROUPS[SPECS[key.spec].family] ?? 'asymmetric'} ${keyUsageOf(key.purposes)}`

function refuseOtherKind(current: Found, next: Found): void {
  if (kindOf(current) !== kindOf(next))
    validation(
      'The current and the new KMS key must be of the same type (both symmetric, both asymmetric ' +
        `or both HMAC) and have the same key usage: found ${kindOf(current)} and ${kindOf(next)}.`,
    )
}

async function entry(call: Call, { name, keyId, vaultId, createdAt, updatedAt }: Alias) {
  const key = await call.room.getKey({ ...call.own, keyId, vaultId })
  return {
    AliasName: name,
    AliasArn: arnOf(call.caller, name),
    TargetKeyId: shownKeyId(keyId, isMultiRegion(key)),
    CreationDate: createdAt,
    LastUpdatedDate: updatedAt,
  }
}

const ON_TARGET = { AliasName: need(ALIAS_NAME), TargetKeyId: need(KEY_ID) } as const

export const ALIAS_ROWS = {
  CreateAlias: row({
    room: ['createAlias'],
    input: ON_TARGET,
    answer: async (call) => {
      const name = named(call, call.input.AliasName)
      const found = await target(call, call.input.TargetKeyId)
      await call.room.createAlias(leading(call, name, found))
      return undefined
    },
  }),

  UpdateAlias: row({
    room: ['updateAlias'],
    input: ON_TARGET,
    answer: async (call) => {
      const name = named(call, call.input.AliasName)
      const current = await call.key(name, { aliases: true })
      const next = await target(call, call.input.TargetKeyId)
      refuseOtherKind(current, next)
      await call.room.updateAlias(leading(call, name, next))
      return undefined
    },
  }),

  DeleteAlias: row({
    room: ['deleteAlias'],
    input: { AliasName: need(ALIAS_NAME) },
    answer: async (call) => {
      const name = named(call, call.input.AliasName)
      await call.room.deleteAlias({ ...call.asked, name, vaultId: await call.vault() })
      return undefined
    },
  }),

  ListAliases: row({
    room: ['listAliases'],
    input: { KeyId: may(KEY_ID), ...page(100) },
    answer: async (call) => {
      const { KeyId } = call.input
      const found = KeyId === undefined ? undefined : await call.key(KeyId)
      const { items, nextPage } = await call.room.listAliases({
        ...call.asked,
        ...paged(call.input, 50),
        vaultId: found?.vaultId ?? (await call.vault()),
        ...(found && { keyId: found.key.id }),
      })
      const Aliases = await Promise.all(items.map((alias) => entry(call, alias)))
      return { Aliases, ...following(nextPage) }
    },
  }),
}
