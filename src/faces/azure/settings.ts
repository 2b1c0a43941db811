/** What a key has that only this face knows: kept with it, as defined tags of a namespace. */
import type { Json } from '../../domain/records.ts'
import type { Key } from '../../engine/api.ts'
import { NAMESPACE } from './face.ts'
import type { KeptPolicy } from './release-policy.ts'
import type { KeptRotation } from './rotation-policy.ts'

export interface Settings {
  readonly releasePolicy?: KeptPolicy
  readonly rotation?: KeptRotation
}

export const settingsOf = ({ definedTags }: Pick<Key, 'definedTags'>): Settings =>
  definedTags[NAMESPACE] ?? {}

/** The defined tags of a key with other settings; those of others stay. */
export function withSettings(
  { definedTags }: Pick<Key, 'definedTags'>,
  change: Settings,
): { readonly definedTags: Key['definedTags'] } {
  const own = { ...definedTags[NAMESPACE], ...change } as unknown as Record<string, Json>
  return { definedTags: { ...definedTags, [NAMESPACE]: own } }
}
