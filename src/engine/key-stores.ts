/** Keys of key stores: how their stores are found, asked, and take part in every use. */
import * as c from '../base/check.ts'
import { concat, wipe } from '../base/bytes.ts'
import { invalidArgument, StrongroomError } from '../base/errors.ts'
import { LIMITS } from '../domain/limits.ts'
import { KEY_STORE_TYPES, type KeyStorePlace, type KeyStoreType } from '../domain/records.ts'
import type { KeyStoreView } from '../domain/settle.ts'
import {
  ciphertextAad,
  CIPHERTEXT_HEADER_BYTES,
  linkedHeader,
  parseCiphertext,
} from '../format/ciphertext.ts'
import { canonicalContext, type Context as Pairs } from '../format/context.ts'
import { path, range } from '../format/paths.ts'
import type { Input } from './api.ts'
import type { Context } from './body.ts'
import { notFound, type Core, type Reader } from './core.ts'
import type { KeyStoreLink, LinkedKeyStore, OpenKeyStore } from './key-store-link.ts'
import { eachRow, keyStoreView } from './lookup.ts'
import { damaged } from './records.ts'
import type { Tx } from './tx.ts'
import type { InUse } from './use-key.ts'

const METHODS = ['check', 'connect', 'createKey', 'seal', 'open'] as const
const LINK = c.object({ type: c.oneOf(KEY_STORE_TYPES), link: c.optional(c.port(...METHODS)) })

/** Reads what `linkKeyStores` is handed. */
export function readKeyStoreLink(core: Core, type: unknown, link: unknown): void {
  const read = c.readInput(LINK, { type, link }) as { type: KeyStoreType; link?: KeyStoreLink }
  if (read.link) core.keyStoreLinks.set(read.type, read.link)
  else core.keyStoreLinks.delete(read.type)
}

export function linkOf(core: Core, type: KeyStoreType): KeyStoreLink {
  const link = core.keyStoreLinks.get(type)
  if (link) return link
  throw failed('NOT_LINKED', `a link to key stores of type ${type}`, 'none')
}

const failed = (rule: string, expected: string, found: string, cause?: unknown): StrongroomError =>
  new StrongroomError('KEY_STORE_FAILED', `Key store: expected ${expected}, found ${found}.`, {
    cause,
    explain: { operation: 'keyStore', rule, expected, found },
  })

/** The reason when a link throws what it should not. */
export const LINK_BROKE = 'INTERNAL_ERROR'

/** Asks a link; what it throws is a failure of the key store, whatever it is. */
export async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'KEY_STORE_FAILED') throw error
    throw failed(LINK_BROKE, 'an answer of the link', 'a failure', error)
  }
}

export const linked = ({ record }: KeyStoreView): LinkedKeyStore => {
  const { id, vaultId, name, type, settings } = record
  return { id, vaultId, name, type, settings }
}

/** Hands a key store with what opens it to `use`, and wipes that. */
export async function withSecret<T>(
  reader: Reader,
  store: KeyStoreView,
  use: (open: OpenKeyStore) => Promise<T>,
): Promise<T> {
  const { vaultId, id } = store.record
  const entry = await reader.get('keyStoreSecret', path.keyStoreSecret(vaultId, id))
  const secret = new Uint8Array(entry?.record.material ?? [])
  try {
    return await asking(() => use({ ...linked(store), secret }))
  } finally {
    wipe(secret)
  }
}

/** A key store of the vault, or NOT_FOUND. */
export async function existingStore(reader: Reader, id: string, now: number) {
  const store = await keyStoreView(reader, id, now)
  if (!store) throw notFound('keyStore', id)
  return store
}

export async function connectedStore(reader: Reader, id: string, now: number, operation: string) {
  const store = await existingStore(reader, id, now)
  if (store.state === 'connected') return store
  const explain = { rule: 'keyStore.state', expected: 'connected', found: store.state, operation }
  throw new StrongroomError(
    'INVALID_STATE',
    `keyStore: ${operation} expected state connected, found state ${store.state}.`,
    { explain },
  )
}

type Creating = Context<'createKey'>

/** The place of a new key in its key store, which is asked for it; undefined without one. */
export async function keyStorePlace({
  core,
  reader,
  input,
  now,
}: Creating): Promise<KeyStorePlace | undefined> {
  if (!input.keyStore) return undefined
  checkStored(input)
  const { id, keyId } = input.keyStore
  const store = await connectedStore(reader, id, now, 'createKey')
  const link = linkOf(core, store.record.type)
  return {
    id,
    keyId: await withSecret(reader, store, (open) =>
      link.createKey(open, keyId === undefined ? {} : { keyId }),
    ),
  }
}

/** What the key store takes part in: encryption under one AES-256 key, and nothing else. */
function checkStored(input: Input<'createKey'>): void {
  if (input.spec !== 'AES_256') invalidArgument('spec', 'AES_256 in a key store', input.spec)
  if (input.purposes?.some((purpose) => purpose !== 'encrypt'))
    invalidArgument('purposes', 'encrypt alone in a key store', input.purposes)
  if ((input.origin ?? 'internal') !== 'internal')
    invalidArgument('origin', 'internal in a key store', input.origin)
  if ((input.protectionMode ?? 'HSM') !== 'HSM')
    invalidArgument('protectionMode', 'HSM in a key store', input.protectionMode)
  if (input.rotation) invalidArgument('rotation', 'none in a key store', input.rotation)
}

/** The key store, still connected; a key that was named must not be in use already. */
export async function freePlace(
  { core, tx, input, now }: Creating & { readonly tx: Tx },
  { id, keyId }: KeyStorePlace,
): Promise<KeyStoreView> {
  const store = await connectedStore(tx, id, now, 'createKey')
  if (input.keyStore?.keyId === undefined) return store
  for await (const record of keysOf(core, tx, id))
    if (record.keyStore?.keyId === keyId)
      throw failed('KEY_IN_USE', 'a key that no other key uses', `it in use by ${record.id}`)
  return store
}

/** The keys of a key store, those pending deletion too: a pass over all keys of the vault. */
export async function* keysOf(core: Core, tx: Tx, keyStoreId: string) {
  await tx.cell.tail.catch(() => undefined)
  for await (const { key, value } of eachRow(core, range.keys(tx.cell.id))) {
    const { record } = core.records.open('key', tx.cell.id, key, value)
    const gone = record.state === 'deleted' || (record.deletion && record.deletion.at <= tx.now)
    if (record.keyStore?.id === keyStoreId && !gone) yield record
  }
}

export interface Asking {
  readonly plaintext?: Uint8Array
  readonly context?: Pairs
  readonly principal?: string
  readonly requestId?: string
}

/** The second layer over a ciphertext of our own, made by the key store. */
export async function sealLinked(core: Core, inUse: InUse, input: Asking, data: Uint8Array) {
  const header = linkedHeader(inUse.permitted.version.record.id)
  const sealed = await using(core, inUse, input, header, (link, store, use) =>
    link.seal(store, { ...use, data }),
  )
  return concat(header, sealed)
}

/** Takes the second layer off; undefined for what does not open. */
export async function openLinked(
  core: Core,
  inUse: InUse,
  input: Asking,
  ciphertext: Uint8Array,
): Promise<Uint8Array | undefined> {
  const header = ciphertext.subarray(0, CIPHERTEXT_HEADER_BYTES)
  const data = ciphertext.subarray(CIPHERTEXT_HEADER_BYTES)
  const inner = await using(core, inUse, input, header, (link, store, use) =>
    link.open(store, { ...use, data }),
  )
  const parsed = inner && parseCiphertext(inner)
  const ours = parsed && !parsed.linked && parsed.versionId === inUse.permitted.version.record.id
  return ours ? inner : undefined
}

async function using<T>(
  core: Core,
  { operation, permitted, reader }: InUse,
  { context, principal, requestId }: Asking,
  header: Uint8Array,
  use: (
    link: KeyStoreLink,
    store: OpenKeyStore,
    use: Omit<Parameters<KeyStoreLink['seal']>[1], 'data'>,
  ) => Promise<T>,
): Promise<T> {
  const { id: keyId, vaultId, keyStore: place } = permitted.key.record
  const { keyStore } = permitted.key
  if (!place || !keyStore) throw damaged('a key that may be used has no key store')
  const link = linkOf(core, keyStore.record.type)
  const asked = {
    operation,
    keyId,
    vaultId,
    ...(principal !== undefined && { principal }),
    ...(requestId !== undefined && { requestId }),
  }
  const aad = ciphertextAad(header, canonicalContext(context))
  return withSecret(reader, keyStore, (store) =>
    use(link, store, { storeKeyId: place.keyId, aad, asked }),
  )
}

/** Private keys of pairs are longer than what a key store takes (AWS: unsupported). */
export function refusePairs({ operation, permitted }: InUse): void {
  if (!permitted.key.record.keyStore) return
  const expected = 'a key without a key store'
  const found = 'a key of a key store'
  const explain = { operation, rule: 'key.store', expected, found }
  throw new StrongroomError('UNSUPPORTED', `${operation}: expected ${expected}, found ${found}.`, {
    explain,
  })
}

/** What only our own form of ciphertext can carry. */
export function refuseUnlinked({ permitted }: InUse, algorithm: string, plaintext?: Uint8Array) {
  if (!permitted.key.record.keyStore) return
  if (algorithm !== 'XAES_GCM')
    throw new StrongroomError(
      'UNSUPPORTED',
      `algorithm: expected XAES_GCM with a key of a key store, got ${algorithm}.`,
    )
  if (plaintext && plaintext.length > LIMITS.linkedPlaintextBytesMax)
    throw new StrongroomError(
      'LIMIT_EXCEEDED',
      `plaintext: expected at most ${LIMITS.linkedPlaintextBytesMax} bytes with a key of a key ` +
        `store, got ${plaintext.length}.`,
    )
}

/** Bytes from the random source of a connected key store. */
export async function randomOf(
  core: Core,
  { id, vaultId }: { readonly id: string; readonly vaultId: string },
  lengthBytes: number,
): Promise<Uint8Array> {
  const reader = core.reader(await core.cell(vaultId))
  const store = await existingStore(reader, id, core.now())
  const link = linkOf(core, store.record.type)
  if (!link.random)
    throw new StrongroomError(
      'UNSUPPORTED',
      `keyStore: expected one that gives random bytes, got one of type ${store.record.type}.`,
    )
  await connectedStore(reader, id, core.now(), 'generateRandom')
  const bytes = await withSecret(reader, store, (open) => link.random!(open, lengthBytes))
  if (bytes.length === lengthBytes) return bytes
  throw failed(LINK_BROKE, `${lengthBytes} random bytes`, `${bytes.length} bytes`)
}
