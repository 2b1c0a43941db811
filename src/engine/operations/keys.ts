/**
 * Keys: made, described, moved, enabled and disabled, scheduled for deletion, brought back,
 * destroyed.
 */
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import { familyOf, relatives } from '../../domain/family.ts'
import { KEY_TABLE, nextState, type KeyEvent } from '../../domain/lifecycle.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { KeyRecord, KeyStorePlace } from '../../domain/records.ts'
import { resumedIn } from '../../domain/rotation.ts'
import { needPrimary } from '../../domain/permit.ts'
import { settleKey, type KeyView } from '../../domain/settle.ts'
import { note } from '../agenda.ts'
import type { Key } from '../api.ts'
import { writing, type Bodies, type Context } from '../body.ts'
import { deletionTime } from '../deletion.ts'
import { freePlace, keyStorePlace } from '../key-stores.ts'
import { sweepAfter } from '../destroy.ts'
import { pageOfKeys } from '../lists.ts'
import { eachVersion } from '../lookup.ts'
import { beginning, dropBeginning, generate, type Beginning } from '../make.ts'
import { makeKey, saveKey } from '../save.ts'
import type { Tx } from '../tx.ts'
import { clearMaterial } from '../unwrap.ts'
import { keyAnswer } from '../views.ts'
import { nameKey } from './aliases.ts'
import { checkPolicy, putPolicy } from './policies.ts'
import { withPolicy } from './rotations.ts'

type Names =
  | 'createKey'
  | 'getKey'
  | 'listKeys'
  | 'updateKey'
  | 'changeKeyCompartment'
  | 'enableKey'
  | 'disableKey'
  | 'scheduleKeyDeletion'
  | 'cancelKeyDeletion'
  | 'destroyKey'
  | 'tagKey'
  | 'untagKey'

interface Begun extends Beginning {
  readonly keyStore?: KeyStorePlace
}

type StoredState = KeyRecord['state']

/** The stored state after an event of the lifecycle table. */
const after = (key: KeyView, event: KeyEvent): StoredState =>
  nextState('key', KEY_TABLE, key.state, event, key.record.state) as StoredState

export const KEY_BODIES: Bodies<Names> = {
  createKey: writing<'createKey', Begun>({
    prepare: async (context) => {
      const { core, input } = context
      if (input.policy !== undefined) core.books.document(input.policy, 'key')
      const { origin = 'internal', spec, material } = input
      const keyStore = await keyStorePlace(context)
      const begun = await beginning(core, input.id, () => {
        if (origin === 'internal')
          return material
            ? clearMaterial(core.provider, material, spec)
            : generate(core.provider, spec)
        if (material) invalidArgument('material', `none for a key of origin ${origin}`, material)
        return undefined
      })
      return { ...begun, ...(keyStore && { keyStore }) }
    },
    run: async (context, { material, keyStore }) => {
      const { core, tx, vault, input } = context
      const { origin = 'internal', material: _, alias, ...rest } = input
      const store = keyStore && (await freePlace(context, keyStore))
      const made = await makeKey(core, tx, vault, {
        input: rest,
        origin,
        ...(material && { material }),
        ...(keyStore && { keyStore }),
      })
      const key = settleKey(made, vault, tx.now, {
        ...(store && { keyStore: store }),
        ...(input.multiRegion && { family: familyOf(made.record, []) }),
      })
      if (alias !== undefined) await nameKey(core, tx, key.record, alias)
      if (input.policy !== undefined) {
        checkPolicy(core, input, key, input.policy, input.bypassLockoutCheck)
        await putPolicy(tx, key, input.policy)
      }
      return keyAnswer(key)
    },
    dispose: dropBeginning,
  }),
  getKey: async ({ key }) => keyAnswer(key),
  listKeys: ({ core, input, vault, now }) => pageOfKeys(core, input, vault, now),

  updateKey: {
    run: async ({ tx, key, input }) => {
      const { displayName, description, tags, definedTags, olderVersions, rotation } = input
      if (rotation !== undefined) needPrimary('updateKey', key)
      const record = rotation === undefined ? key.record : await withPolicy(tx, key, rotation)
      return answerSaved(
        tx,
        { ...key, record },
        {
          ...(displayName !== undefined && { displayName }),
          ...(description !== undefined && { description }),
          ...(tags && { tags }),
          ...(definedTags && { definedTags }),
          ...(olderVersions && { olderVersions }),
        },
      )
    },
  },
  changeKeyCompartment: {
    run: ({ tx, key, input }) => answerSaved(tx, key, { compartmentId: input.compartmentId }),
  },
  tagKey: {
    run: ({ tx, key, input }) => {
      const tags = Object.fromEntries([
        ...Object.entries(key.record.tags),
        ...Object.entries(input.tags),
      ])
      const { tagsMax = LIMITS.tagsMax } = input
      if (Object.keys(tags).length > tagsMax)
        throw new StrongroomError(
          'LIMIT_EXCEEDED',
          `tags: expected at most ${tagsMax} on a key, got more.`,
        )
      return answerSaved(tx, key, { tags })
    },
  },
  untagKey: {
    run: ({ tx, key, input }) => {
      const kept = Object.entries(key.record.tags).filter(
        ([name]) => !input.tagNames.includes(name),
      )
      return answerSaved(tx, key, { tags: Object.fromEntries(kept) })
    },
  },

  enableKey: {
    run: async ({ tx, key, input, now }) => {
      const event = input.idempotent ? 'ensureEnabled' : 'enable'
      const record = resumedIn(key, { ...key.record, state: after(key, event) }, now)
      await note(tx, record)
      return answerSaved(tx, { ...key, record }, {})
    },
  },
  disableKey: {
    run: ({ tx, key, input }) => {
      const event = input.idempotent ? 'ensureDisabled' : 'disable'
      return answerSaved(tx, key, { state: after(key, event) })
    },
  },

  scheduleKeyDeletion: {
    run: async (context) => {
      const { tx, key, input, now } = context
      const at = deletionTime(now, input.deletionAt, input.windowDaysMax)
      await refuseLaterVersions(context, at)
      const waits = key.family?.role === 'primary' && relatives(key).length > 0
      nextState('key', KEY_TABLE, key.state, waits ? 'scheduleAfterReplicas' : 'schedule')
      const deletion = { at, scheduledAt: now, ...(waits && { waits }) }
      await note(tx, { ...key.record, deletion })
      return answerSaved(tx, key, { deletion })
    },
  },
  cancelKeyDeletion: {
    run: async ({ tx, key, input, now }) => {
      const { deletion: _, ...rest } = key.record
      const disabling = input.restoreTo === 'disabled' && rest.state === 'enabled'
      const state = after(key, disabling ? 'cancelToDisabled' : 'cancel')
      const record = resumedIn(key, { ...rest, state }, now)
      await note(tx, record)
      return answerSaved(tx, { ...key, record }, {})
    },
  },
  destroyKey: {
    run: async ({ core, tx, key, now }) => {
      const record: KeyRecord = {
        ...key.record,
        state: after(key, 'destroy'),
        deletedAt: now,
        updatedAt: now,
      }
      await sweepAfter(core, tx, record)
      return answerSaved(tx, { ...key, record }, {})
    },
  },
}

async function answerSaved(tx: Tx, key: KeyView, change: Partial<KeyRecord>): Promise<Key> {
  const entry = await saveKey(tx, { ...key.record, ...change })
  return keyAnswer(settleKey(entry, key.vault, tx.now, key))
}

/**
 * A version that goes later than its key contradicts it: the mirror of the vault's rule (contracts:
 * OCI 5.4).
 */
async function refuseLaterVersions(
  { core, tx, key, now }: Context<'scheduleKeyDeletion'> & { tx: Tx },
  at: number,
): Promise<void> {
  await tx.cell.tail.catch(() => undefined)
  for await (const { record, state } of eachVersion(core, key, now)) {
    if (state !== 'pendingDeletion' || record.deletion === undefined || record.deletion.at <= at)
      continue
    throw new StrongroomError(
      'CONFLICT',
      'deletionAt: expected no version of the key to be deleted later, found version ' +
        `${record.id} at ${new Date(record.deletion.at).toISOString()}.`,
    )
  }
}
