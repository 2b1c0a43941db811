/** Whoever can write to the store changes rows, moves them, brings older ones back, takes some away: what is seen, and when. */
import { beforeAll, describe, expect, test } from 'vitest'
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { PATHS, uuidToBytes, type PathKind } from '../../src/format/paths.ts'
import type { Row, Store } from '../../src/store/store.ts'
import { complaints } from './audit.ts'
import { wrapFor } from './judge.ts'
import { codeOf, flipped, rowsOf, SEAL, snapshotOf, stage, storeWith } from './support.ts'
import type { Room, Snapshot } from './support.ts'

const PLAINTEXT = utf8('what must not be lost')
const REQUEST = { displayName: 'again', spec: 'AES_256', retryToken: 'once' } as const

/** Two vaults with the same things in each: two of everything that a vault may have two of. */
interface Vault {
  readonly vaultId: string
  readonly keyId: string
  readonly versionId: string
  readonly imported: string
  readonly importToken: Uint8Array
  readonly wrapped: Uint8Array
  readonly ciphertext: Uint8Array
}

async function furnish(room: Room): Promise<Vault> {
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  const rotation = { everyDays: 10 }
  const make = async (name: string): Promise<string> => {
    const key = await room.createKey({ vaultId, displayName: name, spec: 'AES_256', rotation })
    await room.createAlias({ keyId: key.id, name: `alias/${name}` })
    await room.createKeyVersion({ keyId: key.id, retryToken: `rotate ${name}` })
    return key.id
  }
  const keyId = await make('one')
  await make('two')
  await room.createKey({ vaultId, ...REQUEST })
  const asked = { displayName: 'i', spec: 'AES_256', origin: 'imported' } as const
  const { id: imported } = await room.createKey({ vaultId, ...asked })
  const parameters = {
    keyId: imported,
    wrapping: 'RSA_OAEP_SHA_256',
    wrappingSpec: 'RSA_2048',
  } as const
  await room.getImportParameters(parameters)
  const { importToken, publicKey } = await room.getImportParameters(parameters)
  const wrapped = wrapFor('RSA_OAEP_SHA_256', publicKey, new Uint8Array(32).fill(1))
  const { ciphertext, versionId } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
  return { vaultId, keyId, versionId, imported, importToken, wrapped, ciphertext }
}

interface Kind {
  /** The operation that looks at such a record; absent: opening the room does. */
  readonly probe?: (room: Room, vault: Vault) => Promise<unknown>
  /** What comes of it when the record is not there. */
  readonly deleted: string
}
const decrypt = (room: Room, { ciphertext }: Vault): Promise<unknown> =>
  room.decrypt({ ciphertext })
const KINDS: Readonly<Partial<Record<PathKind, Kind>>> = {
  vault: { probe: (room, { vaultId }) => room.getVault({ vaultId }), deleted: 'INTEGRITY' },
  vaultKey: { probe: decrypt, deleted: 'INTEGRITY' },
  key: { probe: (room, { keyId }) => room.getKey({ keyId }), deleted: 'INTEGRITY' },
  keyKey: { probe: decrypt, deleted: 'INTEGRITY' },
  version: {
    probe: (room, { keyId, versionId }) => room.getKeyVersion({ keyId, versionId }),
    deleted: 'INTEGRITY',
  },
  material: { probe: decrypt, deleted: 'INTEGRITY' },
  // An index or alias that is gone looks like one that never was: only the sums tell.
  index: { probe: (room, { keyId }) => room.getKey({ keyId }), deleted: 'NOT_FOUND' },
  alias: {
    probe: (room, { vaultId }) => room.getKey({ keyId: 'alias/one', vaultId }),
    deleted: 'NOT_FOUND',
  },
  retry: { probe: (room, { vaultId }) => room.createKey({ vaultId, ...REQUEST }), deleted: 'ok' },
  ticket: {
    probe: (room, { imported: keyId, importToken, wrapped }) =>
      room.importKeyMaterial({ keyId, importToken, wrapped }),
    deleted: 'INVALID_IMPORT_TOKEN',
  },
  agenda: { probe: (room) => room.tick(), deleted: 'ok' },
  head: { deleted: 'INTEGRITY' },
  realmHead: { deleted: 'INTEGRITY' },
}
const NAMES = Object.keys(KINDS) as PathKind[]

let rows: Snapshot['rows']
let side: Snapshot['side']
let vaults: readonly [Vault, Vault]
/** Rows as they were some changes earlier. */
let earlier: readonly Row[]
const clock = new VirtualClock()

beforeAll(async () => {
  const { room, store } = await stage(undefined, { clock })
  vaults = [await furnish(room), await furnish(room)]
  earlier = await rowsOf(store)
  for (const { keyId, vaultId } of vaults) {
    await room.updateVault({ vaultId, displayName: 'newer' })
    await room.updateKey({ keyId, description: 'newer' })
    await room.updateAlias({ keyId, name: 'alias/one', vaultId })
    const { items } = await room.listKeyVersions({ keyId })
    for (const { id: versionId } of items)
      await room.updateKeyVersion({ keyId, versionId, tags: { newer: 'yes' } })
  }
  await room.close()
  ;({ rows, side } = await snapshotOf(store))
})

const keyText = (key: Uint8Array): string => Buffer.from(key).toString('hex')
/** The vault stands behind the letter, in an index behind the id. */
const isOf = (kind: PathKind, { key }: Row, vaultId?: string): boolean => {
  if (key[0] !== PATHS[kind][0].charCodeAt(0)) return false
  if (vaultId === undefined || kind === 'realmHead') return true
  const at = kind === 'index' ? 17 : 1
  return Buffer.compare(key.subarray(at, at + 16), uuidToBytes(vaultId)) === 0
}
const ofKind = (kind: PathKind, vaultId?: string): Row[] =>
  rows.filter((row) => isOf(kind, row, vaultId))

/** A store with these rows instead: `undefined` takes one away. */
async function changed(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<Store> {
  const changed = rows.flatMap((row) => {
    if (!changes.has(keyText(row.key))) return [row]
    const value = changes.get(keyText(row.key))
    return value ? [{ ...row, value }] : []
  })
  return storeWith({ rows: changed, side })
}

/** What comes of opening such a store and looking at the record. */
async function look(kind: PathKind, store: Store): Promise<string> {
  const { probe } = KINDS[kind]!
  let room: Room
  try {
    room = await Strongroom.open({ store, seal: SEAL, clock })
  } catch (error) {
    return (error as { code: string }).code
  }
  const code = probe ? await codeOf(probe(room, vaults[0])) : 'opened'
  await room.close()
  return code
}
const changing = (
  targets: readonly Row[],
  value: (row: Row, i: number) => Uint8Array | undefined,
) => changed(new Map(targets.map((row, i) => [keyText(row.key), value(row, i)])))

test('untouched, everything is found', async () => {
  for (const kind of NAMES) {
    const store = await changed(new Map())
    expect(await complaints(store)).toEqual([])
    expect(await look(kind, store)).toBe(KINDS[kind]!.probe ? 'ok' : 'opened')
  }
})

describe.each(NAMES)('a record of kind %s', (kind) => {
  const mine = (): Row[] => ofKind(kind, vaults[0].vaultId)

  test('with one bit changed anywhere does not open', async () => {
    // Negative: from the end of each row, since rows of one kind differ in length.
    for (const at of [0, 1, 2, 3, 10, 11, 34, 35, 66, 67, -33, -17, -1]) {
      const store = await changing(mine(), ({ value }) => flipped(value, at))
      expect([at, await look(kind, store)]).toEqual([at, 'INTEGRITY'])
      expect(await complaints(store)).not.toEqual([])
    }
  })

  test('cut short or lengthened does not open', async () => {
    const cuts = [0, 1, 10, 11, 82].map((size) => (value: Uint8Array) => value.slice(0, size))
    const longer = (value: Uint8Array): Uint8Array => new Uint8Array([...value, 0])
    for (const change of [...cuts, longer, (value: Uint8Array) => value.slice(0, -1)]) {
      const store = await changing(mine(), ({ value }) => change(value))
      expect(await look(kind, store)).toBe('INTEGRITY')
    }
  })

  // There is one head of a realm, and no other place for it.
  const others = kind === 'realmHead' ? [] : [kind]
  test.each(others)('in the place of another %s does not open', async () => {
    // One of another place in the same vault where there are several, and one of the same place in another vault.
    const [own, theirs] = [mine(), ofKind(kind, vaults[1].vaultId)]
    const swaps = [theirs.map(({ value }) => value)]
    if (own.length > 1) swaps.push([...own.slice(1), own[0]!].map(({ value }) => value))
    for (const values of swaps) {
      const store = await changing(own, (_, i) => values[i]!)
      expect(await look(kind, store)).toBe('INTEGRITY')
      expect(await complaints(store)).not.toEqual([])
    }
  })

  test('that is gone', async () => {
    const store = await changing(mine(), () => undefined)
    expect(await complaints(store)).not.toEqual([])
    expect(await look(kind, store)).toBe(KINDS[kind]!.deleted)
  })
})

describe('an older self', () => {
  const older = new Map<string, Uint8Array>()
  const replay = (kinds: readonly PathKind[]) => {
    for (const { key, value } of earlier) older.set(keyText(key), value)
    const targets = rows.filter((row) => kinds.some((kind) => isOf(kind, row)))
    return changing(targets, ({ key, value }) => older.get(keyText(key)) ?? value)
  }

  // It was true once, at its place: only the sums of the head know that it is not any more.
  test.each(['vault', 'key', 'version', 'alias'] as const)('of a %s: the sums', async (kind) => {
    const store = await replay([kind])
    expect(await look(kind, store)).toBe('ok')
    expect(await complaints(store)).not.toEqual([])
  })

  test('of vault heads: at open', async () => {
    expect(await look('head', await replay(['head']))).toBe('INTEGRITY')
  })

  test('of all heads together: at open, by the anchor', async () => {
    expect(await look('head', await replay(['head', 'realmHead']))).toBe('ROLLED_BACK')
  })

  test('of everything: at open, by the anchor', async () => {
    const store = await replay(Object.keys(PATHS) as PathKind[])
    expect(await look('head', store)).toBe('ROLLED_BACK')
    const room = await Strongroom.open({ store, seal: SEAL, clock, acceptRollback: true })
    const [{ keyId, ciphertext }] = vaults
    expect((await room.getKey({ keyId })).description).toBe('')
    expect((await room.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
    await room.close()
    expect(await look('head', store)).toBe('opened')
  })
})

test('a record that was never written is not believed', async () => {
  const [{ vaultId }] = vaults
  const [row] = ofKind('index', vaultId)
  const key = row!.key.slice()
  key[1]! ^= 1
  const store = await changed(new Map())
  const token = new Uint8Array(16)
  await store.commit({ checks: [], puts: [{ key, value: row!.value }], dels: [], token })
  expect(await complaints(store)).not.toEqual([])
})
