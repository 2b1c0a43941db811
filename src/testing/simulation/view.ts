/** A vault as it reads, and as the model says that it must read; both as plain data. */
import type { Strongroom } from '../../engine/room.ts'
import * as m from '../model.ts'

export interface VersionSeen {
  readonly number: number
  readonly state: string
  readonly current: boolean
  readonly deletionAt: number | undefined
}

export interface KeySeen {
  readonly name: string
  readonly spec: string
  readonly state: string
  readonly description: string
  readonly tags: Readonly<Record<string, string>>
  readonly deletionAt: number | undefined
  readonly rotates: number | undefined
  readonly nextAt: number | undefined
  readonly versions: readonly VersionSeen[]
}

export interface VaultSeen {
  readonly state: string
  readonly deletionAt: number | undefined
  readonly keys: readonly KeySeen[]
  readonly aliases: Readonly<Record<string, string>>
}

/** Ids, which only the room knows, by name of the key and number of the version. */
export interface Ids {
  readonly key: string
  readonly versions: ReadonlyMap<number, string>
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : 1
const byNumber = (a: { readonly number: number }, b: { readonly number: number }): number =>
  a.number - b.number

const sorted = (record: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

/** A deadline is promised only while something is still to happen. */
const pending = (state: string, at: Date | number | undefined): number | undefined =>
  state === 'pendingDeletion' ? Number(at) : undefined

export async function seenIn(
  room: Strongroom,
  vaultId: string,
): Promise<{ seen: VaultSeen; ids: ReadonlyMap<string, Ids> }> {
  const { items: keys } = await room.listKeys({ vaultId, limit: 1000 })
  const ids = new Map<string, Ids>()
  const names = new Map<string, string>()
  const seen: KeySeen[] = []
  for (const key of keys) {
    const { id, displayName: name, spec, state, description, tags, rotation } = key
    const { items } = await room.listKeyVersions({ keyId: id, limit: 1000 })
    names.set(id, name)
    ids.set(name, { key: id, versions: new Map(items.map((one) => [one.number, one.id])) })
    const versions = items
      .map((one) => ({
        number: one.number,
        state: one.state,
        current: one.current,
        deletionAt: pending(one.state, one.deletionAt),
      }))
      .sort(byNumber)
    seen.push({
      name,
      spec,
      state,
      description,
      tags: sorted(tags),
      deletionAt: pending(state, key.deletionAt),
      rotates: rotation?.everyDays,
      nextAt: state === 'enabled' ? rotation?.nextRotationAt?.getTime() : undefined,
      versions,
    })
  }
  const vault = await room.getVault({ vaultId })
  const { items: aliases } = await room.listAliases({ vaultId, limit: 1000 })
  const named = aliases.map(({ name, keyId }) => [name, names.get(keyId) ?? '?'] as const)
  return {
    seen: {
      state: vault.state,
      deletionAt: pending(vault.state, vault.deletionAt),
      keys: seen.sort(byName),
      aliases: sorted(Object.fromEntries(named)),
    },
    ids,
  }
}

export function predictedView(vault: m.ModelVault): VaultSeen {
  const state = m.vaultState(vault)
  const named = [...vault.aliases].map(([name, key]) => [name, key.displayName] as const)
  return {
    state,
    deletionAt: pending(state, vault.deletionAt),
    keys: vault.keys.map(predictedKey).sort(byName),
    aliases: sorted(Object.fromEntries(named)),
  }
}

function predictedKey(key: m.ModelKey): KeySeen {
  const state = m.keyState(key)
  return {
    name: key.displayName,
    spec: key.spec,
    state,
    description: key.description,
    tags: sorted(key.tags),
    deletionAt: pending(state, m.keyDeletionAt(key)),
    rotates: key.rotation?.everyDays,
    nextAt: state === 'enabled' ? key.rotation?.nextAt : undefined,
    versions: key.versions.map((version) => {
      const its = m.versionState(version)
      return {
        number: version.number,
        state: its,
        current: version === key.current,
        deletionAt: pending(its, m.versionDeletionAt(version)),
      }
    }),
  }
}
