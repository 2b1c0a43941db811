/** What touches the store: durable writes beside the bare disk, and reads that must not grow with the store. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { LONG_WARM_UP_MS, SEAL, built, callers, folder } from './room.js'
import { openSeeded, seeded } from './seeded.js'
import { repeatAwaited } from './raw.js'

const SMALL = 1000
/** No slower than 1.5 times: the ratio of times, the other way round. */
const FLAT = { '1,000 keys': 1 / 1.5 }

/** Counts what the engine hands to the store. */
function counting(store, bytes) {
  const { commit } = store
  store.commit = (batch) => {
    for (const { key, value } of batch.puts) bytes.total += key.length + value.length
    return commit.call(store, batch)
  }
  return store
}

/** Appends and syncs: the least that a durable write can cost on this disk. */
function rawDisk(path, bytes) {
  const fd = openSync(join(path, 'raw'), 'a', 0o600)
  const record = new Uint8Array(bytes).fill(1)
  return {
    run: (n) => {
      for (let i = 0; i < n; i++) {
        writeSync(fd, record)
        fdatasyncSync(fd)
      }
    },
    close: () => closeSync(fd),
  }
}

const PROBES = 20

const durable = (count, least) => ({
  name: `create-key-${count}`,
  title: `durable createKey, ${count === 1 ? '1 caller' : `${count} callers`}`,
  budget: { 'raw disk': least },
  metric: 'wall',
  warmUpMs: LONG_WARM_UP_MS,
  async setup() {
    const { Strongroom } = await built('index.js')
    const { openLevelStore } = await built('store/level.js')
    const { path, clean } = await folder()
    const bytes = { total: 0 }
    const store = counting(await openLevelStore({ path: join(path, 'store') }), bytes)
    const room = await Strongroom.open({ store, seal: SEAL })
    const { id: vaultId } = await room.createVault({ displayName: 'bench' })
    const create = () => room.createKey({ vaultId, displayName: 'orders', spec: 'AES_256' })
    await create()
    bytes.total = 0
    for (let i = 0; i < PROBES; i++) await create()
    const raw = rawDisk(path, Math.round(bytes.total / PROBES))
    return {
      subject: callers(count, create),
      baselines: { 'raw disk': raw.run },
      async close() {
        raw.close()
        await room.close()
        await clean()
      },
    }
  },
})

/** The same call in a small and in a large store. */
const flat = ({ name, title, make, metric = 'cpu' }) => ({
  name,
  title: (keys) => `${title}, ${keys.toLocaleString('en')} keys`,
  budget: FLAT,
  metric,
  stores: true,
  async setup({ keys }) {
    const [few, many] = [await make(await seeded(SMALL)), await make(await seeded(keys))]
    return {
      subject: many.run,
      baselines: { '1,000 keys': few.run },
      async close() {
        await few.close()
        await many.close()
      },
    }
  },
})

const opening = async (store) => ({
  run: repeatAwaited(async () => (await openSeeded(store)).close()),
  close() {},
})

/** Ids in an order that a cache of a few entries cannot follow. */
const reading = (cachedKeys, pick) => async (store) => {
  const room = await openSeeded(store, { cachedKeys })
  let turn = 0
  return {
    run: repeatAwaited(() => room.getKey({ keyId: pick(store.ids, turn++) })),
    close: () => room.close(),
  }
}

const listing = async (store) => {
  const room = await openSeeded(store, { cachedKeys: 1 })
  const page = () => room.listKeys({ vaultId: store.vaultId, limit: 100 })
  return { run: repeatAwaited(page), close: () => room.close() }
}

export const STORE = [
  durable(1, 0.4),
  durable(64, 5),
  flat({ name: 'open', title: 'open and close a store', metric: 'wall', make: opening }),
  flat({
    name: 'get-key-cold',
    title: 'getKey, not cached',
    metric: 'wall',
    make: reading(1, (ids, turn) => ids[(turn * 7919) % ids.length]),
  }),
  flat({ name: 'get-key-cached', title: 'getKey, cached', make: reading(1000, (ids) => ids[0]) }),
  flat({ name: 'list-keys', title: 'listKeys, page of 100', metric: 'wall', make: listing }),
]
