/** Lists of grants, in the order of their ids: pages stay right while grants come and go. */
import { fromHex, toHex } from '../base/bytes.ts'
import { LIMITS } from '../domain/limits.ts'
import { granteeKey } from '../domain/policy/principals.ts'
import type { GrantRecord } from '../domain/records.ts'
import type { KeyView } from '../domain/settle.ts'
import { parsePath, range, type PathRange } from '../format/paths.ts'
import type { Grant, ListGrantsInput, ListRetirableGrantsInput, Page } from './api.ts'
import { grantStart } from './books.ts'
import type { Core } from './core.ts'
import { page, readToken, scopeOf, type Position } from './lists.ts'
import { eachRow, eachVaultId, keyView, placeOf, vaultView } from './lookup.ts'

export function grantAnswer(record: GrantRecord, vaultId: string): Grant {
  const { createdAt, ...rest } = record
  return Object.freeze({ ...rest, vaultId, createdAt: new Date(createdAt) } as Grant)
}

interface Found {
  readonly item: Grant
  readonly at: Position
}

/** Rows of a range behind a position, which is a store key in hex. */
const behind = ({ gte, lt }: PathRange, after: Position | undefined): PathRange => {
  const key = after && fromHex(String(after[0]))
  return { gte: key ? new Uint8Array([...key, 0]) : gte, lt }
}

export async function pageOfGrants(
  core: Core,
  query: ListGrantsInput,
  { record }: KeyView,
): Promise<Page<Grant>> {
  const { limit = LIMITS.pageSizeDefault, grantId, granteePrincipal } = query
  const { vaultId, ordinal, id } = record
  const scope = scopeOf('grants', query)
  const all =
    granteePrincipal === undefined
      ? range.grants(vaultId, ordinal)
      : range.grantsTo(vaultId, ordinal, grantStart(core, id, granteeKey(granteePrincipal)))
  const found: Found[] = []
  const wanted = ({ id: own, granteePrincipal: grantee }: GrantRecord): boolean =>
    (grantId ?? own) === own && (granteePrincipal ?? grantee) === grantee
  for await (const row of eachRow(core, behind(all, readToken(core, scope, query.pageToken)))) {
    const grant = core.records.open('grant', vaultId, row.key, row.value).record
    if (!wanted(grant)) continue
    if (found.push({ item: grantAnswer(grant, vaultId), at: [toHex(row.key), ''] }) > limit) break
  }
  return page(core, scope, found, limit)
}

/** Vault after vault, in the order of their ids. */
export async function pageOfRetirable(
  core: Core,
  query: ListRetirableGrantsInput,
  now: number,
): Promise<Page<Grant>> {
  const { limit = LIMITS.pageSizeDefault, retiringPrincipal } = query
  const scope = scopeOf('retirable grants', query)
  const after = readToken(core, scope, query.pageToken)
  const key = after && fromHex(String(after[0]))
  const from = key && parsePath(key)?.vaultId
  const found: Found[] = []
  const wanted = granteeKey(retiringPrincipal)
  for (const vaultId of await vaultsOf(core, query)) {
    if (from !== undefined && vaultId < from) continue
    const bounds = behind(range.allGrants(vaultId), vaultId === from ? after : undefined)
    for await (const row of eachRow(core, bounds)) {
      const grant = core.records.open('grant', vaultId, row.key, row.value).record
      const { retiringPrincipal: retiring } = grant
      if (retiring === undefined || granteeKey(retiring) !== wanted) continue
      if (!(await lives(core, vaultId, placeOf(row).ordinal!, now))) continue
      found.push({ item: grantAnswer(grant, vaultId), at: [toHex(row.key), ''] })
      if (found.length > limit) return page(core, scope, found, limit)
    }
  }
  return page(core, scope, found, limit)
}

async function vaultsOf(core: Core, { vaultIds }: ListRetirableGrantsInput): Promise<string[]> {
  if (vaultIds) {
    const cells = await Promise.all(vaultIds.map((id) => core.cell(id)))
    return cells.map(({ id }) => id).sort()
  }
  const found: string[] = []
  for await (const vaultId of eachVaultId(core)) found.push(vaultId)
  return found
}

async function lives(core: Core, vaultId: string, ordinal: number, now: number): Promise<boolean> {
  const reader = core.reader(await core.cell(vaultId))
  const key = await keyView(core, reader, await vaultView(reader, now), ordinal, now)
  return key.state !== 'deleted'
}
