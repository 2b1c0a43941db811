/**
 * What two keys and one alias are when one call follows another: small enough to be believed. Ids
 * and etags are opaque; what no answer told yet is `null` and learned from the first answer that
 * shows it.
 */
import type { ErrorCode } from '../../src/base/errors.ts'
import type { Model } from './linearize.ts'

type Switch = 'enabled' | 'disabled'
interface VersionState {
  readonly id: string | null
  readonly state: Switch
}
interface KeyState {
  readonly state: Switch | 'pendingDeletion'
  /** Where the cancelling of a deletion leads. */
  readonly previous: Switch
  readonly name: string
  readonly mark: string
  readonly etag: string | null
  readonly versions: readonly VersionState[]
}
/** The alias names a key by its place. */
export interface State {
  readonly keys: readonly KeyState[]
  readonly alias: number
}

/** A key by its place, or the one that the alias names. */
export type Target = number | 'alias'

export type Op =
  | {
      readonly act: 'enable' | 'disable' | 'rotate' | 'schedule' | 'cancel'
      readonly key: number
    }
  | { readonly act: 'mark'; readonly key: number; readonly mark: string }
  | {
      readonly act: 'rename'
      readonly key: number
      readonly name: string
      readonly ifMatch?: string
    }
  | {
      readonly act: 'switch'
      readonly key: number
      readonly version: string
      readonly state: Switch
    }
  | { readonly act: 'move'; readonly key: number }
  | { readonly act: 'read' | 'encrypt'; readonly key: Target }
  | { readonly act: 'decrypt'; readonly key: number; readonly version: string }
  | { readonly act: 'list'; readonly key: number }

/** What a key shows of itself. */
export interface SeenKey {
  readonly key: number
  readonly state: string
  readonly name: string
  readonly mark: string
  readonly etag: string
  readonly current: string
}
export interface SeenVersion {
  readonly id: string
  readonly state: string
  readonly number: number
  readonly current: boolean
}

export type Result =
  | { readonly code: ErrorCode }
  | { readonly seen: SeenKey }
  | { readonly version: SeenVersion }
  | { readonly versions: readonly SeenVersion[] }
  /** Which key and version served, or where the alias points now. */
  | { readonly served: { readonly key: number; readonly version: string } }
  | { readonly moved: number }

/** Nothing is known of an answer that never came. */
const UNHEARD: Result = { code: 'OUTCOME_UNKNOWN' }
const refusedAs = (result: Result, code: ErrorCode): boolean =>
  'code' in result && result.code === code

const current = (key: KeyState): VersionState => key.versions.at(-1)!

function withKey(state: State, place: number, change: Partial<KeyState>): State {
  const keys = state.keys.with(place, { ...state.keys[place]!, ...change })
  return { ...state, keys }
}

/** The same value, or one that is learned now; undefined when they differ. */
const agreed = (known: string | null, seen: string): string | undefined =>
  known === null || known === seen ? seen : undefined

/** Learns the id of a version, which no other version may have. */
function learned(key: KeyState, at: number, id: string): KeyState | undefined {
  const version = key.versions[at]
  if (version === undefined || agreed(version.id, id) === undefined) return undefined
  if (version.id === id) return key
  if (key.versions.some((other) => other.id === id)) return undefined
  return { ...key, versions: key.versions.with(at, { ...version, id }) }
}

/** The state in which the key is just as an answer showed it. */
function shown(state: State, place: number, seen: SeenKey): State | undefined {
  const key = state.keys[place]!
  const etag = agreed(key.etag, seen.etag)
  const same =
    seen.key === place &&
    key.state === seen.state &&
    key.name === seen.name &&
    key.mark === seen.mark
  const named = learned(key, key.versions.length - 1, seen.current)
  if (!same || etag === undefined || named === undefined) return undefined
  if (named === key && key.etag === etag) return state
  return withKey(state, place, { ...named, etag })
}

/** After a write that answers the key, or whose answer was lost. */
function written(
  state: State,
  place: number,
  change: Partial<KeyState>,
  result: Result,
): State | undefined {
  const after = withKey(state, place, { ...change, etag: null })
  if (result === UNHEARD) return after
  return 'seen' in result ? shown(after, place, result.seen) : undefined
}

function refused(state: State, result: Result): State | undefined {
  return result === UNHEARD || refusedAs(result, 'INVALID_STATE') ? state : undefined
}

type Step<A extends Op['act']> = (
  state: State,
  op: Extract<Op, { act: A }>,
  result: Result,
) => State | undefined
type Steps = { readonly [A in Op['act']]: Step<A> }

const turn =
  (from: Switch, to: Switch) =>
  (state: State, { key }: Op & { readonly key: number }, result: Result): State | undefined =>
    state.keys[key]!.state === from
      ? written(state, key, { state: to }, result)
      : refused(state, result)

const versionAt = (key: KeyState, id: string): number =>
  key.versions.findIndex((version) => version.id === id)

/** Neither waiting for its end nor at it: with a key, all of its versions wait. */
const isHeld = ({ state }: KeyState): boolean => state !== 'pendingDeletion'

const sees = (key: KeyState, at: number, seen: SeenVersion): boolean =>
  seen.number === at + 1 &&
  seen.state === (isHeld(key) ? key.versions[at]!.state : key.state) &&
  seen.current === (at === key.versions.length - 1)

const STEPS: Steps = {
  enable: turn('disabled', 'enabled'),
  disable: turn('enabled', 'disabled'),

  schedule: (state, { key }, result) => {
    const { state: previous } = state.keys[key]!
    if (previous === 'pendingDeletion') return refused(state, result)
    return written(state, key, { state: 'pendingDeletion', previous }, result)
  },

  cancel: (state, { key }, result) => {
    const before = state.keys[key]!
    if (isHeld(before)) return refused(state, result)
    return written(state, key, { state: before.previous }, result)
  },

  mark: (state, { key, mark }, result) =>
    isHeld(state.keys[key]!) ? written(state, key, { mark }, result) : refused(state, result),

  rename: (state, { key, name, ifMatch }, result) => {
    const before = state.keys[key]!
    // The etag is looked at before the state. One that nobody saw yet is none that a caller names.
    if (ifMatch !== undefined && ifMatch !== before.etag)
      return result === UNHEARD || refusedAs(result, 'ETAG_MISMATCH') ? state : undefined
    if (before.state !== 'enabled') return refused(state, result)
    return written(state, key, { name }, result)
  },

  rotate: (state, { key }, result) => {
    const before = state.keys[key]!
    if (before.state !== 'enabled') return refused(state, result)
    const versions = [...before.versions, { id: null, state: 'enabled' as const }]
    const after = { ...before, versions, etag: null }
    if (result === UNHEARD) return withKey(state, key, after)
    if (!('version' in result)) return undefined
    const at = versions.length - 1
    const named = sees(after, at, result.version) && learned(after, at, result.version.id)
    return named ? withKey(state, key, named) : undefined
  },

  switch: (state, { key, version, state: to }, result) => {
    const before = state.keys[key]!
    const at = versionAt(before, version)
    if (at < 0) return undefined
    if (!isHeld(before)) return refused(state, result)
    const versions = before.versions.with(at, { id: version, state: to })
    const after = { ...before, versions }
    const told =
      result === UNHEARD ||
      ('version' in result && result.version.id === version && sees(after, at, result.version))
    return told ? withKey(state, key, after) : undefined
  },

  move: (state, { key }, result) => {
    if (!isHeld(state.keys[key]!)) return refused(state, result)
    const told = result === UNHEARD || ('moved' in result && result.moved === key)
    return told ? { ...state, alias: key } : undefined
  },

  read: (state, { key }, result) => {
    const place = key === 'alias' ? state.alias : key
    return 'seen' in result ? shown(state, place, result.seen) : undefined
  },

  encrypt: (state, { key }, result) => {
    const place = key === 'alias' ? state.alias : key
    const used = state.keys[place]!
    if (used.state !== 'enabled' || current(used).state !== 'enabled')
      return refusedAs(result, 'INVALID_STATE') ? state : undefined
    if (!('served' in result) || result.served.key !== place) return undefined
    const named = learned(used, used.versions.length - 1, result.served.version)
    return named === used ? state : named && withKey(state, place, named)
  },

  decrypt: (state, { key, version }, result) => {
    const used = state.keys[key]!
    const at = versionAt(used, version)
    if (at < 0) return undefined
    const allowed = used.state === 'enabled' && used.versions[at]!.state === 'enabled'
    const told = allowed ? 'served' in result : refusedAs(result, 'INVALID_STATE')
    return told ? state : undefined
  },

  list: (state, { key }, result) => {
    if (!('versions' in result)) return undefined
    let listed = state.keys[key]!
    if (result.versions.length !== listed.versions.length) return undefined
    for (const [at, seen] of result.versions.entries()) {
      const named = sees(listed, at, seen) ? learned(listed, at, seen.id) : undefined
      if (named === undefined) return undefined
      listed = named
    }
    return listed === state.keys[key] ? state : withKey(state, key, listed)
  },
}

export const sequential = (initial: State): Model<State, Op, Result> => ({
  initial,
  step: (state, op, result, optional) => {
    const step = STEPS[op.act] as Step<Op['act']>
    return step(state, op, optional ? UNHEARD : result)
  },
  key: (state) => JSON.stringify(state),
})
