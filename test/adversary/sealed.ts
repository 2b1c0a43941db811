/** Records of every kind as they lie in a store, opened below the room: as if by its thief. */
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { wipe } from '../../src/base/bytes.ts'
import type { Suite } from '../../src/crypto/provider.ts'
import { openRealm, type OpenedRealm } from '../../src/engine/realm.ts'
import { Records } from '../../src/engine/records.ts'
import { ENVELOPE_HEADER_BYTES } from '../../src/format/envelope.ts'
import { parsePath, path, type ParsedPath } from '../../src/format/paths.ts'
import { RECORD_KIND_NAMES, type RecordKind } from '../../src/format/records.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { EMBEDDED_LIMITS } from '../../src/store/limits.ts'
import type { Store } from '../../src/store/store.ts'
import { PROVIDERS } from '../crypto/support.ts'
import { sharedProvider } from '../helpers/provider.ts'
import type { Form, Forms, Sample } from './forms.ts'
import { sealingLink } from '../helpers/sealing-link.ts'

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
})

export interface Sealed {
  readonly kind: RecordKind
  readonly place: ParsedPath
  readonly key: Uint8Array
  readonly value: Uint8Array
}

const SEAL = { key: new Uint8Array(32).fill(4) }
/** Rows this small make an entry of the journal with many writes go on in a second row. */
const LIMITS = { ...EMBEDDED_LIMITS, maxValueBytes: 9000 }

/** A store with a record of every kind; it stays when the room closes. */
async function furnished(): Promise<Store> {
  const store = createMemoryStore({ limits: LIMITS })
  const lasting = new Proxy(store, {
    get(target, name) {
      if (name === 'close') return async () => undefined
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const clock = new VirtualClock()
  const crypto = await sharedProvider()
  const room = await Strongroom.open({ store: lasting, seal: SEAL, clock, crypto })
  const { id: vaultId } = await room.createVault({ displayName: 'sealed' })
  const made = { vaultId, displayName: 'k', spec: 'AES_256' } as const
  const key = await room.createKey({ ...made, retryToken: 'once', rotation: { everyDays: 30 } })
  await room.createAlias({ keyId: key.id, name: 'alias/k', vaultId })
  const algorithm = 'AES_GCM'
  await room.encrypt({ keyId: key.id, algorithm, plaintext: new Uint8Array(1) })
  const { id: keyId } = await room.createKey({ ...made, origin: 'imported' })
  const wrapping = 'RSA_OAEP_SHA_256'
  await room.getImportParameters({ keyId, wrapping, wrappingSpec: 'RSA_2048' })
  await room.createKey({ ...made, description: 'x'.repeat(1000) })
  await room.putKeyPolicy({ keyId: key.id, policy: POLICY, bypassLockoutCheck: true })
  const granteePrincipal = 'arn:aws:iam::111122223333:role/reader'
  await room.createGrant({ keyId: key.id, granteePrincipal, operations: ['Decrypt'] })
  room.linkKeyStores('EXTERNAL', sealingLink())
  const theirs = { vaultId, name: 'theirs', type: 'EXTERNAL', settings: { at: 'theirs' } } as const
  await room.createKeyStore({ ...theirs, secret: new Uint8Array(16).fill(7) })
  await room.close()
  return lasting
}

export class SealedRecords {
  readonly rows: readonly Sealed[]
  readonly #realm: OpenedRealm
  readonly #records: Records

  private constructor(rows: readonly Sealed[], realm: OpenedRealm, records: Records) {
    this.rows = rows
    this.#realm = realm
    this.#records = records
  }

  static async open(): Promise<SealedRecords> {
    const store = await furnished()
    const realm = await openRealm(store, PROVIDERS.node, SEAL, false)
    const all = { gte: new Uint8Array(1), lt: new Uint8Array(64).fill(255), limit: 10_000 }
    const rows = (await store.scan(all)).rows.flatMap(({ key, value }) => {
      const place = parsePath(key)!
      const kind = RECORD_KIND_NAMES.find((name) => name === kindAt(place))
      return kind ? [{ kind, place, key, value }] : []
    })
    return new SealedRecords(rows, realm, new Records(store, realm.keys, 1))
  }

  /** The record that `value` would be in the place of a row. */
  read({ kind, place, key }: Sealed, value: Uint8Array, suite: Suite | undefined): unknown {
    return this.#records.open(kind, place.vaultId!, key, value, suite)
  }

  /** The suite above each kind: root and erase key, vault key, key key; metadata needs none. */
  suiteOf({ kind, place }: Sealed): Suite | undefined {
    const vaultId = place.vaultId!
    const vaultKey = (): Suite => this.#under(path.vaultKey(vaultId, 1))
    const above: Partial<Record<RecordKind, () => Suite>> = {
      vaultKey: () => this.#realm.keys.vaultWrapping(vaultId, this.#realm.erase.current.key),
      keyKey: vaultKey,
      ticket: vaultKey,
      material: () => this.#under(path.keyKey(vaultId, place.ordinal!)),
    }
    return above[kind]?.()
  }

  #under(at: Uint8Array): Suite {
    const row = this.rows.find(({ key }) => Buffer.compare(key, at) === 0)!
    const read = this.read(row, row.value, this.suiteOf(row))
    const { key } = (read as { readonly record: { readonly key: Uint8Array } }).record
    try {
      return PROVIDERS.node.suite(key)
    } finally {
      wipe(key)
    }
  }
}

/** Further rows of an entry lie in the same range as the first. */
const kindAt = ({ kind, number }: ParsedPath): string =>
  kind === 'journal' && number! > 0 ? 'journalPart' : kind

/** One form for every kind of record: a kind that no row shows fails here. */
export async function openRecords(): Promise<Forms> {
  const sealed = await SealedRecords.open()
  const all = RECORD_KIND_NAMES.map((kind): Form => {
    const rows = sealed.rows.filter((row) => row.kind === kind)
    if (rows.length === 0) throw new Error(`no record of the kind ${kind} in the store`)
    let next = 0
    const make = (): Sample => {
      const row = rows[next++ % rows.length]!
      const suite = sealed.suiteOf(row)
      return {
        bytes: row.value,
        open: (bytes) => sealed.read(row, bytes, suite),
        clearBytes: ENVELOPE_HEADER_BYTES,
      }
    }
    return { name: `record ${kind}`, refusal: 'INTEGRITY', make }
  })
  return { all, close: async () => undefined }
}
