/** Grants: made, listed, retired by those whom they name, revoked by who rules (contracts: AWS 11). */
import { concat, toHex, utf8 } from '../../base/bytes.ts'
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import { LIMITS } from '../../domain/limits.ts'
import { objectionTo } from '../../domain/policy/grants.ts'
import { accountOf, granteeKey } from '../../domain/policy/principals.ts'
import type { GrantRecord } from '../../domain/records.ts'
import type { KeyView } from '../../domain/settle.ts'
import { path } from '../../format/paths.ts'
import { encodeValue } from '../../format/records.ts'
import { authorizeRetiring } from '../access.ts'
import type { CreateGrantInput, Grant, OperationName, RetireGrantInput } from '../api.ts'
import type { Bodies } from '../body.ts'
import { grantStart } from '../books.ts'
import { notFound, type Core, type Reader } from '../core.ts'
import { countGrants, grantsOf } from '../grant-count.ts'
import { grantAnswer, pageOfGrants, pageOfRetirable } from '../grant-lists.ts'
import { readGrantToken, writeGrantToken } from '../grant-tokens.ts'
import type { Tx } from '../tx.ts'

type Names = 'createGrant' | 'listGrants' | 'listRetirableGrants' | 'retireGrant' | 'revokeGrant'

export const GRANT_BODIES: Bodies<Names> = {
  createGrant: {
    run: async ({ core, tx, key, input }) => {
      const record = newGrant(core, tx, key, input)
      const existing = await tx.get('grant', at(key, record.id))
      if (existing && !input.dryRun) return created(core, key, existing.record)
      if (!existing) await refuseTooMany(tx, key)
      refuseDryRun(input.dryRun)
      await tx.put('grant', at(key, record.id), record)
      await count(tx, key, 1)
      return created(core, key, record)
    },
  },
  listGrants: ({ core, input, key }) => pageOfGrants(core, input, key),
  listRetirableGrants: ({ core, input, now }) => pageOfRetirable(core, input, now),
  retireGrant: {
    run: async ({ core, tx, key, input }) => {
      const { id, createdAt } = named(core, input)
      const grant = await existingGrant(tx, key, id)
      if (createdAt !== undefined && createdAt !== grant.createdAt) throw notFound('grant', id)
      await tx.cell.tail.catch(() => undefined)
      await authorizeRetiring(core, tx.cell, input, key, grant)
      return removed(tx, key, grant, input.dryRun)
    },
  },
  revokeGrant: {
    run: async ({ tx, key, input }) =>
      removed(tx, key, await existingGrant(tx, key, input.grantId), input.dryRun),
  },
}

/** Operations whose input may name the key by something else: its id is filled in. */
export const NAMED_BY: Partial<Record<OperationName, (core: Core, input: never) => object>> = {
  retireGrant: (core, input: RetireGrantInput) => {
    const { grantToken, keyId, grantId } = input
    if (grantToken !== undefined) {
      if (grantId !== undefined) invalidArgument('grantId', 'nothing beside a token', grantId)
      return { ...input, keyId: keyId ?? readGrantToken(core, grantToken).keyId }
    }
    if (keyId === undefined) invalidArgument('keyId', 'the key of the grant, or a token', keyId)
    if (grantId === undefined) invalidArgument('grantId', 'the id of a grant, or a token', grantId)
    return input
  },
}

/** The grant that is meant, and the moment that a token tells. */
function named(core: Core, { grantToken, grantId }: RetireGrantInput) {
  if (grantToken === undefined) return { id: grantId!, createdAt: undefined }
  const { grantId: id, createdAt } = readGrantToken(core, grantToken)
  return { id, createdAt }
}

const at = ({ record }: KeyView, id: string): Uint8Array =>
  path.grant(record.vaultId, record.ordinal, id)

async function existingGrant(reader: Reader, key: KeyView, id: string): Promise<GrantRecord> {
  const entry = await reader.get('grant', at(key, id))
  if (!entry) throw notFound('grant', id)
  return entry.record
}

/** What the input asks for, with the id that it would have. */
function newGrant(
  core: Core,
  tx: Tx,
  { record: key }: KeyView,
  input: CreateGrantInput,
): GrantRecord {
  const { granteePrincipal, retiringPrincipal, operations, name, principal } = input
  const constraints = constraintsOf(input)
  const terms = { operations, ...(constraints && { constraints }) }
  const objection = objectionTo(terms, key)
  if (objection)
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      `${objection.path}: expected ${objection.expected}, got ${objection.found}.`,
    )
  const issuingAccount =
    (principal === undefined ? undefined : accountOf(principal)) ?? input.access?.account
  const start = grantStart(core, key.id, granteeKey(granteePrincipal))
  const own = {
    granteePrincipal,
    ...(retiringPrincipal !== undefined && { retiringPrincipal }),
    ...terms,
  }
  return {
    id: toHex(concat(start, restOf(core, key.id, name, own))),
    keyId: key.id,
    ...own,
    ...(name !== undefined && { name }),
    createdAt: tx.now,
    ...(principal !== undefined && { issuedBy: principal }),
    ...(issuingAccount !== undefined && { issuingAccount }),
  }
}

function constraintsOf({ constraints }: CreateGrantInput): GrantRecord['constraints'] | undefined {
  if (!constraints || Object.keys(constraints).length === 0) return undefined
  if (constraints.contextEquals && constraints.contextSubset)
    invalidArgument('constraints', 'one context at most', constraints)
  return constraints
}

/**
 * The second half of an id: of its own, or, with a name, a keyed hash of name and terms: the same
 * name with the same terms finds the grant that is there.
 */
function restOf(
  core: Core,
  keyId: string,
  name: string | undefined,
  { operations, ...terms }: Pick<GrantRecord, 'operations' | 'granteePrincipal'>,
): Uint8Array {
  if (name !== undefined) {
    const all = encodeValue([name, { ...terms, operations: [...operations].sort() }])
    return core.keys.lookup.compute(utf8('grant'), utf8(keyId), all).subarray(0, 16)
  }
  const random = new Uint8Array(16)
  core.provider.random.fill(random)
  return random
}

async function refuseTooMany(tx: Tx, { record }: KeyView): Promise<void> {
  if ((await grantsOf(tx, record.ordinal)) < LIMITS.grantsPerKeyMax) return
  throw new StrongroomError(
    'LIMIT_EXCEEDED',
    `Grants: expected at most ${LIMITS.grantsPerKeyMax} for one key, found as many.`,
  )
}

/** Keeps the number of grants, and lets nobody go on with what was decided before. */
async function count(tx: Tx, { record }: KeyView, change: number): Promise<void> {
  await countGrants(tx, record.ordinal, change)
  tx.touch(record.id)
}

async function removed(
  tx: Tx,
  key: KeyView,
  grant: GrantRecord,
  dryRun: boolean | undefined,
): Promise<Grant> {
  refuseDryRun(dryRun)
  await tx.del('grant', at(key, grant.id))
  await count(tx, key, -1)
  return grantAnswer(grant, key.record.vaultId)
}

const created = (core: Core, key: KeyView, record: GrantRecord) =>
  Object.freeze({
    grant: grantAnswer(record, key.record.vaultId),
    grantToken: writeGrantToken(core, record),
  })

function refuseDryRun(dryRun: boolean | undefined): void {
  if (!dryRun) return
  throw new StrongroomError(
    'DRY_RUN',
    'dryRun: expected to change nothing, and nothing was changed; it would have succeeded.',
  )
}
