/** Key stores: linked, looked at, changed, connected, disconnected, unlinked. */
import { StrongroomError } from '../../base/errors.ts'
import { KEY_STORE_TABLE, nextState, type KeyStoreEvent } from '../../domain/lifecycle.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { KeyStoreRecord } from '../../domain/records.ts'
import { settleKeyStore, type KeyStoreView } from '../../domain/settle.ts'
import { path, range } from '../../format/paths.ts'
import type { ConnectKeyStoreInput, KeyStore, UpdateKeyStoreInput } from '../api.ts'
import { writing, type Bodies } from '../body.ts'
import type { Core } from '../core.ts'
import { newId } from '../ids.ts'
import {
  asking,
  existingStore,
  keysOf,
  LINK_BROKE,
  linked,
  linkOf,
  withSecret,
} from '../key-stores.ts'
import { pageOfKeyStores } from '../lists.ts'
import { eachRow } from '../lookup.ts'
import { matchEtag } from '../retry.ts'
import type { Tx } from '../tx.ts'
import { etagOf, keyStoreAnswer } from '../views.ts'

type Names =
  | 'createKeyStore'
  | 'getKeyStore'
  | 'listKeyStores'
  | 'updateKeyStore'
  | 'connectKeyStore'
  | 'disconnectKeyStore'
  | 'deleteKeyStore'

/** What the link said of a key store as it was at one sequence. */
interface Verdict {
  readonly seq: bigint
  readonly failure?: string
}

export const KEY_STORE_BODIES: Bodies<Names> = {
  createKeyStore: writing<'createKeyStore', string>({
    prepare: async ({ core, input }) => {
      const id = newId(core.provider.random)
      const { vaultId, name, type, settings, secret = NO_SECRET } = input
      const store = { id, vaultId, name, type, settings, secret }
      await asking(() => linkOf(core, type).check(store))
      return id
    },
    run: async ({ core, tx, input, now }, id) => {
      const { vaultId, name, type, settings } = input
      const record: KeyStoreRecord = {
        id,
        vaultId,
        name,
        type,
        settings,
        createdAt: now,
        updatedAt: now,
        connection: 'disconnected',
        since: now,
        settlesAt: now,
      }
      await refuseConflict(core, tx, record)
      return saved(tx, record, input.secret)
    },
  }),
  getKeyStore: async ({ reader, input, now }) =>
    keyStoreAnswer(await existingStore(reader, input.keyStoreId, now)),
  listKeyStores: ({ core, input, vault, now }) => pageOfKeyStores(core, input, vault, now),

  updateKeyStore: writing<'updateKeyStore', Verdict>({
    prepare: async ({ core, reader, input, now }) => {
      const store = await existingStore(reader, input.keyStoreId, now)
      expectState(store, input.whileConnected ? 'describe' : 'configure')
      const next = { ...store, record: { ...store.record, ...changed(input) } }
      const { secret } = input
      if (input.settings !== undefined || secret)
        await withSecret(reader, next, (open) =>
          linkOf(core, open.type).check(secret ? { ...open, secret } : open, linked(store)),
        )
      return { seq: store.seq }
    },
    run: async (context, verdict) => {
      const { core, tx, input } = context
      const store = await still(context, verdict)
      expectState(store, input.whileConnected ? 'describe' : 'configure')
      const record = { ...store.record, ...changed(input) }
      await refuseConflict(core, tx, record)
      return saved(tx, record, input.secret)
    },
  }),
  connectKeyStore: writing<'connectKeyStore', Verdict>({
    prepare: async ({ core, reader, input, now }) => {
      const store = await existingStore(reader, input.keyStoreId, now)
      expectState(store, 'connect')
      if (store.record.connection !== 'disconnected') return { seq: store.seq }
      const link = linkOf(core, store.record.type)
      const failure = await failureOf(() => withSecret(reader, store, (open) => link.connect(open)))
      return { seq: store.seq, ...(failure !== undefined && { failure }) }
    },
    run: async (context, { failure, ...verdict }) => {
      const { tx, input } = context
      const store = await still(context, verdict)
      expectState(store, 'connect')
      if (store.record.connection !== 'disconnected') return keyStoreAnswer(store)
      const connection = failure === undefined ? 'connected' : 'failed'
      const told = { ...moving(store, input, tx.now), connection } as const
      return saved(tx, failure === undefined ? told : { ...told, failure })
    },
  }),
  disconnectKeyStore: {
    run: async (context) => {
      const { tx, input } = context
      const store = await still(context)
      expectState(store, 'disconnect')
      return saved(tx, { ...moving(store, input, tx.now), connection: 'disconnected' })
    },
  },
  deleteKeyStore: {
    run: async (context) => {
      const { core, tx, input } = context
      const store = await still(context)
      expectState(store, 'delete')
      for await (const key of keysOf(core, tx, store.record.id))
        throw new StrongroomError(
          'CONFLICT',
          `keyStoreId: expected a key store without keys, found key ${key.id} in it.`,
        )
      await tx.del('keyStore', path.keyStore(input.vaultId, store.record.id))
      await tx.del('keyStoreSecret', path.keyStoreSecret(input.vaultId, store.record.id))
      return keyStoreAnswer({ ...store, state: 'deleted' })
    },
  },
}

const NO_SECRET = new Uint8Array(0)

const changed = ({ name, settings }: UpdateKeyStoreInput) => ({
  ...(name !== undefined && { name }),
  ...(settings !== undefined && { settings }),
})

/** On the way to another connection; why the last one failed is told no more. */
function moving(
  { record }: KeyStoreView,
  { settleMs = 0 }: ConnectKeyStoreInput,
  now: number,
): KeyStoreRecord {
  const { failure: _, ...rest } = record
  return { ...rest, since: now, settlesAt: now + settleMs }
}

const expectState = ({ state }: KeyStoreView, event: KeyStoreEvent) =>
  nextState('keyStore', KEY_STORE_TABLE, state, event)

/** The key store in this transaction; what the link was asked about must not have changed since. */
async function still(
  { tx, input, now }: { tx: Tx; input: { keyStoreId: string; ifMatch?: string }; now: number },
  verdict?: Verdict,
): Promise<KeyStoreView> {
  const store = await existingStore(tx, input.keyStoreId, now)
  if (input.ifMatch !== undefined) matchEtag(input.ifMatch, etagOf(store))
  if (verdict && store.seq !== verdict.seq)
    throw new StrongroomError(
      'CONFLICT',
      'keyStoreId: expected a key store that nobody changes meanwhile, found it changed.',
    )
  return store
}

/** Why the link cannot connect; one that breaks down is a failure too. */
async function failureOf(connect: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await connect()
  } catch (error) {
    if (error instanceof StrongroomError && error.explain?.rule === LINK_BROKE) return LINK_BROKE
    throw error
  }
}

async function saved(tx: Tx, record: KeyStoreRecord, secret?: Uint8Array): Promise<KeyStore> {
  const { vaultId, id } = record
  if (secret) await tx.put('keyStoreSecret', path.keyStoreSecret(vaultId, id), { material: secret })
  const entry = await tx.put('keyStore', path.keyStore(vaultId, id), {
    ...record,
    updatedAt: tx.now,
  })
  return keyStoreAnswer(settleKeyStore(entry, tx.now))
}

/** Names are unique in a vault, and so is what the link says. */
async function refuseConflict(core: Core, tx: Tx, record: KeyStoreRecord): Promise<void> {
  await tx.cell.tail.catch(() => undefined)
  const others: KeyStoreView[] = []
  for await (const { key, value } of eachRow(core, range.keyStores(tx.cell.id))) {
    const view = settleKeyStore(core.records.open('keyStore', tx.cell.id, key, value), tx.now)
    if (view.record.id !== record.id) others.push(view)
  }
  if (others.some(({ record: { name } }) => name === record.name))
    throw new StrongroomError(
      'ALREADY_EXISTS',
      'name: expected one that no other key store of the vault has, got one that is taken.',
    )
  if (others.length >= LIMITS.keyStoresPerVaultMax)
    throw new StrongroomError(
      'LIMIT_EXCEEDED',
      `Key stores: expected at most ${LIMITS.keyStoresPerVaultMax} in a vault, found as many.`,
    )
  const self = linked(settleKeyStore({ record, seq: 0n }, tx.now))
  await asking(async () => linkOf(core, record.type).conflict?.(self, others.map(linked)))
}
