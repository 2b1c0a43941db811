/**
 * From what a request names to keys and versions of the room. A name is an alias: unique in its
 * vault, in whichever case (contracts: Azure 1), and made in one commit with its key.
 */
import { StrongroomError } from '../../base/errors.ts'
import type { Key, Version } from '../../engine/api.ts'
import type { Call } from './call.ts'
import { AzureFault, bad, FAULTS, hsmKeyNotFound, keyNotFound } from './errors.ts'
import { kindOf } from './shapes.ts'

const NAME = /^[0-9a-zA-Z-]{1,127}$/
export const ALIAS_PREFIX = 'alias/azure/'

export const aliasOf = (name: string): string => `${ALIAS_PREFIX}${name.toUpperCase()}`

/** @throws 400 BadParameter */
export function checkName(name: string): string {
  if (!NAME.test(name)) bad(`The request URI contains an invalid name: ${name}`)
  return name
}

/** A name in the case of its first creation; of a key that was named later, as its alias has it. */
export function shownName({ displayName }: Key, alias: string): string {
  return aliasOf(displayName) === alias ? displayName : alias.slice(ALIAS_PREFIX.length)
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof StrongroomError && error.code === 'NOT_FOUND'

/** A key by its name: in use, or deleted and not gone. */
export interface Named {
  readonly key: Key
  /** As ids show it. */
  readonly name: string
  readonly deleted: boolean
}

/** Undefined when there is none, or one of a kind that this service does not have. */
export function namedBy(key: Key, alias: string): Named | undefined {
  const shown = kindOf(key.spec) !== undefined && key.currentVersionId !== undefined
  if (!shown || key.state === 'deleted') return undefined
  return { key, name: shownName(key, alias), deleted: key.state === 'pendingDeletion' }
}

/** Whatever has this name. */
export async function find(call: Call, name = call.keyName): Promise<Named | undefined> {
  const alias = aliasOf(checkName(name))
  try {
    const { room, vaultId, own } = call
    return namedBy(await room.getKey({ ...own, keyId: alias, vaultId }), alias)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

export function notFound(call: Call): AzureFault {
  const named = [call.keyName, ...(call.versionName ? [call.versionName] : [])]
  return call.vault.managedHsm
    ? hsmKeyNotFound(call.url('keys', ...named), call.requestId)
    : keyNotFound(named.join('/'))
}

/** The key that the path names, unless it is deleted. @throws KeyNotFound */
export async function inUse(call: Call): Promise<Named> {
  const named = await find(call)
  if (!named || named.deleted) throw notFound(call)
  return named
}

/** The deleted key that the path names, once its deletion is over. @throws KeyNotFound */
export async function deleted(call: Call): Promise<Named> {
  const named = await find(call)
  if (!named?.deleted || isUnderWay(call, named)) throw notFound(call)
  return named
}

/** When it was deleted: nothing changes a key after that. */
export const deletedAt = ({ key }: Named): number => key.updatedAt.getTime()

/** A deletion takes a while, where the options say so (contracts: Azure 4.4). */
export const isUnderWay = (call: Call, named: Named): boolean =>
  call.face.now < deletedAt(named) + (call.options.deletionMs ?? 0)

/** Refuses to make something of a name that a deleted key still has. */
export function refuseDeleted(call: Call, named: Named): void {
  if (!named.deleted) return
  const { name } = named
  if (isUnderWay(call, named))
    throw new AzureFault(
      FAULTS.beingDeleted,
      `Key ${name} is currently being deleted and cannot be re-created; retry later.`,
    )
  throw new AzureFault(
    FAULTS.deleted,
    `Key ${name} is currently in a deleted but recoverable state, and its name cannot be reused; ` +
      'in this state, the key can only be recovered or purged.',
  )
}

/** The id of a version as URLs show it: of a restored one that under which it was made at first. */
export const shownVersion = ({ id, firstId = id }: Pick<Version, 'id' | 'firstId'>): string =>
  firstId.replaceAll('-', '')

const VERSION = /^[0-9a-fA-F]{32}$/
const UUID = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/

/** Every version of a key, oldest first. */
export async function* versionsOf(call: Call, { key }: Named): AsyncGenerator<Version> {
  const { room, vaultId, own } = call
  let pageToken: string | undefined
  do {
    const page = await room.listKeyVersions({
      ...own,
      keyId: key.id,
      vaultId,
      limit: 1000,
      sortOrder: 'ASC',
      ...(pageToken !== undefined && { pageToken }),
    })
    for (const version of page.items) if (isShown(version, key)) yield version
    pageToken = page.nextPage
  } while (pageToken !== undefined)
}

/** One that is on its way out by itself is gone to this service, which has no word for it. */
const isShown = ({ state }: Version, key: Key): boolean =>
  state === 'enabled' ||
  state === 'disabled' ||
  (state === 'pendingDeletion' && key.state === 'pendingDeletion')

async function versionById(
  call: Call,
  { key }: Named,
  versionId: string,
): Promise<Version | undefined> {
  try {
    const { room, vaultId, own } = call
    return await room.getKeyVersion({ ...own, keyId: key.id, vaultId, versionId })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function versionByName(call: Call, named: Named, text: string): Promise<Version | undefined> {
  const id = text.toLowerCase().replace(UUID, '$1-$2-$3-$4-$5')
  const direct = await versionById(call, named, id)
  if (direct && (direct.firstId ?? id) === id) return direct
  if (named.key.restoredFrom === undefined) return undefined
  for await (const version of versionsOf(call, named)) if (version.firstId === id) return version
  return undefined
}

/** The version that the path names, or the latest. @throws KeyNotFound */
export async function versionOf(call: Call, named: Named): Promise<Version> {
  const { versionName } = call
  if (versionName !== undefined && !VERSION.test(versionName))
    bad(`The request URI contains an invalid version: ${versionName}`)
  const version =
    versionName === undefined
      ? await versionById(call, named, named.key.currentVersionId!)
      : await versionByName(call, named, versionName)
  if (!version || !isShown(version, named.key) || !kindOf(version.spec)) throw notFound(call)
  return version
}
