/**
 * A multi-Region key lies in several vaults under one id, with the same versions (contracts: AWS 13).
 * Which copy leads is a function of their records: the one with the greatest claim, so that a single
 * commit changes it and a crash between two leaves nothing half done.
 */
import type { KeyRecord } from './records.ts'
import { dueRotations } from './rotation.ts'
import type { KeyView } from './settle.ts'

/** A copy and what is known of the others. */
export interface Family {
  readonly role: 'primary' | 'replica'
  /** The other copies in this store, those that are gone too. */
  readonly others: readonly KeyView[]
}

const isGone = ({ state }: KeyView): boolean => state === 'deleted'

/** Greater claims first; of two that are equal the same one everywhere. */
const before = (a: KeyRecord, b: KeyRecord): boolean =>
  a.primacy === b.primacy ? a.vaultId > b.vaultId : (a.primacy ?? 0) > (b.primacy ?? 0)

/** The copy that leads, or led last: nobody takes over from one that is gone without being told. */
const claimant = (records: readonly KeyRecord[]): KeyRecord | undefined =>
  records
    .filter(({ primacy = 0 }) => primacy > 0)
    .reduce<KeyRecord | undefined>(
      (first, record) => (!first || before(record, first) ? record : first),
      undefined,
    )

/**
 * Until when a copy is on its way into another role: the one that takes the lead, and the one that
 * had it before. Minus infinity for any other.
 */
export function updatingUntil(record: KeyRecord, family: Family | undefined): number {
  if (!family) return -Infinity
  const all = [record, ...family.others.map((other) => other.record)]
  const first = claimant(all)
  const second = claimant(all.filter((copy) => copy !== first))
  return record === first || record === second ? (first?.updatingUntil ?? -Infinity) : -Infinity
}

export function familyOf(record: KeyRecord, others: readonly KeyView[]): Family {
  const leads = claimant([record, ...others.map((other) => other.record)]) === record
  return { role: leads ? 'primary' : 'replica', others }
}

/** The other copies that are not gone. */
export const relatives = ({ family }: KeyView): readonly KeyView[] =>
  family?.others.filter((other) => !isGone(other)) ?? []

/** The copy that leads, when it is another one and not gone. */
export function leaderOf({ record, family }: KeyView): KeyView | undefined {
  if (!family) return undefined
  const first = claimant([record, ...family.others.map((other) => other.record)])
  return family.others.find((other) => other.record === first && !isGone(other))
}

/** The vaults of the copies that are not gone: of the one that leads, and of the others. */
export function regionsOf(view: KeyView): {
  readonly primary: string | undefined
  readonly replicas: readonly string[]
} {
  const leader = view.family?.role === 'primary' ? view : leaderOf(view)
  const copies = [view, ...relatives(view)]
    .filter((copy) => copy !== leader)
    .map(({ record }) => record.vaultId)
  return { primary: leader?.record.vaultId, replicas: copies.sort() }
}

/** A short word that is another one when a key has other copies, or another of them leads. */
export function familyMark(view: KeyView): string {
  const { primary = '', replicas } = regionsOf(view)
  // FNV-1a: nobody gains anything by two that are equal.
  let hash = 0x811c9dc5
  for (const character of [primary, ...replicas].join())
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return (hash >>> 0).toString(36)
}

/** A claim that is greater than all that there are. */
export const nextClaim = ({ record, family }: KeyView): number =>
  Math.max(record.primacy ?? 0, ...(family?.others ?? []).map((o) => o.record.primacy ?? 0)) + 1

/** When a copy went: one that was destroyed did not wait for the time that its deletion names. */
function goneAt({ record, deletionAt }: KeyView): number {
  const destroyedAt = record.state === 'deleted' ? record.deletedAt : undefined
  return destroyedAt ?? deletionAt ?? -Infinity
}

/** When the last of the others was gone; undefined while one is left. */
export const aloneSince = ({ others }: Family): number | undefined =>
  others.every(isGone) ? Math.max(...others.map(goneAt)) : undefined

/** What all copies have in common besides their versions, as the primary has it. */
const SHARED = ['rotation', 'lastRotatedAt', 'onDemandRotations', 'currentVersion'] as const

export function sharedOf(leader: KeyRecord): Pick<KeyRecord, (typeof SHARED)[number]> {
  const { rotation, lastRotatedAt, onDemandRotations, currentVersion } = leader
  return {
    currentVersion,
    ...(rotation && { rotation }),
    ...(lastRotatedAt !== undefined && { lastRotatedAt }),
    ...(onDemandRotations !== undefined && { onDemandRotations }),
  }
}

/** Whether a copy lacks something that the leading one has. One that has more follows nobody. */
export function isBehind(copy: KeyRecord, leader: KeyRecord): boolean {
  if (leader.lastVersion < copy.lastVersion) return false
  return (
    leader.lastVersion > copy.lastVersion ||
    leader.pendingVersion !== copy.pendingVersion ||
    SHARED.some((name) => !same(leader[name], copy[name]))
  )
}

type Members = Readonly<Record<string, unknown>>
const hasMembers = (value: unknown): value is Members => Object(value) === value

/** Of plain data whose members come in any order. */
function same(a: unknown, b: unknown): boolean {
  if (!hasMembers(a) || !hasMembers(b)) return a === b
  return Object.keys({ ...a, ...b }).every((name) => same(a[name], b[name]))
}

/**
 * The copy from which another takes what it lacks: the one that leads, or, when that is gone and not
 * destroyed yet, whichever has the most.
 */
export function sourceOf(view: KeyView): KeyView | undefined {
  const leader = leaderOf(view)
  if (leader) return isBehind(view.record, leader.record) ? leader : undefined
  if (view.family?.role !== 'replica') return undefined
  return view.family.others
    .filter(({ record }) => record.state !== 'deleted')
    .filter(({ record }) => record.lastVersion > view.record.lastVersion)
    .sort((a, b) => b.record.lastVersion - a.record.lastVersion)[0]
}

/** A copy that can take something over: it is not gone, and its vault is whole and led here. */
export const canFollow = ({ state, vault }: KeyView): boolean =>
  state !== 'deleted' && vault.role === 'primary' && vault.state !== 'restoring'

/** From one that is gone nothing is taken but versions. */
export const lacks = ({ record }: KeyView, from: KeyView): boolean =>
  from.state === 'deleted'
    ? record.lastVersion < from.record.lastVersion
    : isBehind(record, from.record)

/** Whether a copy that could be brought up to date is not. */
export const anyBehind = (view: KeyView): boolean =>
  view.family?.role === 'primary' &&
  relatives(view).some((other) => canFollow(other) && lacks(other, view))

/** Whether something is due here, or at the primary, or has not come from there yet. */
export function unsettled(view: KeyView, now: number): boolean {
  if (!view.family) return dueRotations(view, now).length > 0
  if (view.family.role === 'primary') return dueRotations(view, now).length > 0 || anyBehind(view)
  const leader = leaderOf(view)
  const due = leader?.vault.role === 'primary' && dueRotations(leader, now).length > 0
  return due || (canFollow(view) && sourceOf(view) !== undefined)
}
