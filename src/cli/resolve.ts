/** Vaults and keys by id, alias or display name, wherever a command line names one. */
import type { Strongroom } from '../index.ts'
import type { Key, Page, Vault } from '../engine/api.ts'
import { StrongroomError } from '../base/errors.ts'
import { printable } from './report.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** All items of a list, page by page. */
export async function all<T>(list: (pageToken?: string) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let page = await list()
  items.push(...page.items)
  while (page.nextPage !== undefined) {
    page = await list(page.nextPage)
    items.push(...page.items)
  }
  return items
}

const paged = (pageToken?: string) => ({
  limit: 1000,
  sortBy: 'DISPLAYNAME' as const,
  ...(pageToken !== undefined && { pageToken }),
})

export const allVaults = (room: Strongroom): Promise<Vault[]> =>
  all((token) => room.listVaults(paged(token)))

export const allKeys = (room: Strongroom, vaultId: string): Promise<Key[]> =>
  all((token) => room.listKeys({ vaultId, ...paged(token) }))

/** The vault of that id or name; without a name, the only one that there is. */
export async function findVault(room: Strongroom, name: string | undefined): Promise<Vault> {
  if (name !== undefined && UUID.test(name)) return room.getVault({ vaultId: name })
  const vaults = await allVaults(room)
  if (name !== undefined) return only('vault', name, named(vaults, name))
  const living = vaults.filter(({ state }) => state === 'active')
  if (living.length === 1) return living[0]!
  throw new StrongroomError(
    'INVALID_ARGUMENT',
    `vault: expected --vault, because there are ${living.length} active vaults.`,
  )
}

/** The key of that id, `alias/NAME` or display name, in one vault or in all. */
export async function findKey(
  room: Strongroom,
  name: string,
  vaultName: string | undefined,
): Promise<Key> {
  const vault = vaultName === undefined ? undefined : await findVault(room, vaultName)
  const vaultId = vault && { vaultId: vault.id }
  if (UUID.test(name)) return room.getKey({ keyId: name, ...vaultId })
  const vaults = vault ? [vault] : await allVaults(room)
  const found = name.startsWith('alias/')
    ? await aliased(room, vaults, name)
    : named((await Promise.all(vaults.map(({ id }) => allKeys(room, id)))).flat(), name)
  return only('key', name, found)
}

async function aliased(room: Strongroom, vaults: readonly Vault[], name: string): Promise<Key[]> {
  const found = await Promise.all(
    vaults.map(async ({ id }) => {
      const aliases = await all((token) => room.listAliases({ vaultId: id, ...pageOf(token) }))
      return aliases.filter((alias) => alias.name === name)
    }),
  )
  return Promise.all(found.flat().map(({ keyId, vaultId }) => room.getKey({ keyId, vaultId })))
}

const pageOf = (pageToken?: string) => ({
  limit: 1000,
  ...(pageToken !== undefined && { pageToken }),
})

interface Named {
  readonly id: string
  readonly displayName: string
  readonly state: string
}

/** What is destroyed gives its name free: it counts only when nothing else has that name. */
function named<T extends Named>(items: readonly T[], name: string): T[] {
  const same = items.filter(({ displayName }) => displayName === name)
  const living = same.filter(({ state }) => state !== 'deleted')
  return living.length > 0 ? living : same
}

function only<T extends Named>(what: string, name: string, found: readonly T[]): T {
  const shown = printable(name)
  if (found.length === 1) return found[0]!
  if (found.length === 0)
    throw new StrongroomError('NOT_FOUND', `${what}: there is none with the id or name ${shown}.`)
  const ids = found.slice(0, 5).map(({ id }) => id)
  const count = found.length
  throw new StrongroomError(
    'INVALID_ARGUMENT',
    `${what}: expected one by that name, but ${count} are called ${shown}: ` +
      `use an id, as ${ids.join(', ')}.`,
  )
}
