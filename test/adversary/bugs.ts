/**
 * Defects on purpose, each of a kind that was found in systems like this one: a campaign that does
 * not find them would not find ours either.
 */
import { StrongroomError } from '../../src/base/errors.ts'
import type { UpdateKeyInput } from '../../src/engine/api.ts'
import { Hot } from '../../src/engine/hot.ts'
import { Mutex } from '../../src/engine/mutex.ts'
import { Tx } from '../../src/engine/tx.ts'
import type { Strongroom } from '../../src/index.ts'
import { StoreError, type Commit, type Store } from '../../src/store/store.ts'
import type { Bug } from './clients.ts'

/** Replaces one method of a class until undone. */
function replaced<T extends object, N extends keyof T>(
  prototype: T,
  name: N,
  make: (before: T[N]) => T[N],
): () => void {
  const before = prototype[name]
  prototype[name] = make(before)
  return () => {
    prototype[name] = before
  }
}

/** An object with some methods of its own; the others act on the original. */
function instead<T extends object>(target: T, own: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(_, name) {
      if (typeof name === 'string' && Object.hasOwn(own, name)) return own[name]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

const whenCommitting = (commit: (store: Store, input: Commit) => Promise<{ version: bigint }>) => ({
  store: (store: Store): Store =>
    instead(store, { commit: (input: Commit) => commit(store, input) }),
})

const failedAs = (error: unknown, kind: StoreError['kind']): boolean =>
  error instanceof StoreError && error.kind === kind

/** The etag is compared before the write instead of with it. */
const checkThenAct = (room: Strongroom): Strongroom =>
  instead(room, {
    updateKey: async ({ ifMatch, ...input }: UpdateKeyInput) => {
      if (ifMatch !== undefined && (await room.getKey({ keyId: input.keyId })).etag !== ifMatch)
        throw new StrongroomError('ETAG_MISMATCH', 'ifMatch: another one was there.')
      return room.updateKey(input)
    },
  })

const REPEATED = [
  'enableKey',
  'disableKey',
  'scheduleKeyDeletion',
  'cancelKeyDeletion',
  'createKeyVersion',
  'tagKey',
  'updateKey',
  'updateKeyVersion',
  'updateAlias',
] as const

/** Asks again without a token when nobody knows what came of the first time. */
function blindly(room: Strongroom): Strongroom {
  const again = (name: (typeof REPEATED)[number]) => {
    const call = room[name].bind(room) as (input: object) => Promise<unknown>
    return async ({ retryToken: _, ...input }: { retryToken?: string }): Promise<unknown> => {
      try {
        return await call(input)
      } catch (error) {
        if (!(error instanceof StrongroomError) || error.code !== 'OUTCOME_UNKNOWN') throw error
        await room.recover()
        return call(input)
      }
    }
  }
  return instead(room, Object.fromEntries(REPEATED.map((name) => [name, again(name)])))
}

export const BUGS: Readonly<Record<string, Bug>> = {
  'no precondition check in the commit': { room: checkThenAct },

  'no lock among the writers of a vault': {
    patch: () => replaced(Mutex.prototype, 'run', () => (body) => body()),
  },

  'a permit that outlives the commit': {
    patch: () => replaced(Hot.prototype, 'drop', () => () => undefined),
  },

  'an unknown outcome told as a failure': whenCommitting(async (store, input) => {
    try {
      return await store.commit(input)
    } catch (error) {
      if (!failedAs(error, 'unknown')) throw error
      throw new StoreError('unavailable', 'Nothing was applied, it says.')
    }
  }),

  'a blind retry': { room: blindly },

  'an answer before the commit': {
    patch: () =>
      replaced(
        Tx.prototype,
        'submit',
        (submit) =>
          async function (this: Tx) {
            submit.call(this).catch(() => undefined)
          },
      ),
  },

  'a conflict taken for a success': whenCommitting(async (store, input) => {
    try {
      return await store.commit(input)
    } catch (error) {
      if (!failedAs(error, 'conflict')) throw error
      return { version: await store.head() }
    }
  }),
}
