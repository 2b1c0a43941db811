/** Key stores: a second layer under somebody else's keys, and what its connection means. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/index.ts'
import type { KeyStoreType } from '../../src/domain/records.ts'
import { refusal as refused, sealingLink, type SealingLink } from '../helpers/sealing-link.ts'
import { codeOf, DAY_MS, flipped, rowsOf, stage, type Room, type Stage } from './support.ts'

const PLAINTEXT = utf8('what is kept')
const CONTEXT = { table: 'orders' }

interface Linked extends Stage {
  readonly link: SealingLink
  readonly keyStoreId: string
}

async function linked(type: KeyStoreType = 'EXTERNAL', connected = true): Promise<Linked> {
  const staged = await stage()
  const { room, vaultId } = staged
  const link = sealingLink()
  room.linkKeyStores(type, link)
  const store = { vaultId, name: 'theirs', type, settings: { at: 'theirs' } }
  const { id: keyStoreId } = await room.createKeyStore({ ...store, secret: utf8('s3cret') })
  if (connected) await room.connectKeyStore({ vaultId, keyStoreId })
  return { ...staged, link, keyStoreId }
}

const keyIn = ({ room, vaultId, keyStoreId }: Linked, keyId?: string) =>
  room.createKey({
    vaultId,
    displayName: 'k',
    spec: 'AES_256',
    keyStore: { id: keyStoreId, ...(keyId !== undefined && { keyId }) },
  })

const ruleOf = async (call: Promise<unknown>): Promise<string | undefined> => {
  try {
    await call
    return 'ok'
  } catch (error) {
    return error instanceof StrongroomError ? error.explain?.rule : String(error)
  }
}

describe('use', () => {
  test('a ciphertext has both layers and opens with both', async () => {
    const world = await linked()
    const { room, link } = world
    const { id: keyId, keyStore } = await keyIn(world, 'external-1')
    expect(keyStore).toEqual({ id: world.keyStoreId, keyId: 'external-1', type: 'EXTERNAL' })
    const made = await room.encrypt({ keyId, plaintext: PLAINTEXT, context: CONTEXT })
    expect([...made.ciphertext.subarray(0, 2)]).toEqual([1, 4])
    const { ciphertext } = made
    expect(await room.decrypt({ ciphertext, context: CONTEXT })).toEqual({
      plaintext: PLAINTEXT,
      keyId,
      versionId: made.versionId,
      algorithm: 'XAES_GCM',
    })
    const [sealed, opened] = link.calls.slice(-2)
    expect(sealed?.use?.asked.operation).toBe('encrypt')
    expect(opened?.use?.asked).toEqual({ operation: 'decrypt', keyId, vaultId: world.vaultId })
    expect(sealed?.secret).toBe('s3cret')
    // Their layer alone is not enough: what they open is a ciphertext of ours.
    expect(Buffer.from(sealed!.use!.data).includes(Buffer.from(PLAINTEXT))).toBe(false)
    link.keys.set('external-1', new Uint8Array(32))
    expect(await codeOf(room.decrypt({ ciphertext, context: CONTEXT }))).toBe('INVALID_CIPHERTEXT')
  })

  test('any changed bit, another context and a bare inner layer do not open', async () => {
    const world = await linked()
    const { room, link } = world
    const { id: keyId } = await keyIn(world, 'external-1')
    const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT, context: CONTEXT })
    const inner = link.calls.at(-1)!.use!.data.slice()
    const opens = (bytes: Uint8Array, context: Record<string, string> = CONTEXT) =>
      codeOf(room.decrypt({ ciphertext: bytes, context }))
    expect(await opens(ciphertext, {})).toBe('INVALID_CIPHERTEXT')
    expect(await opens(inner)).toBe('INVALID_CIPHERTEXT')
    await fc.assert(
      fc.asyncProperty(fc.nat(ciphertext.length - 1), async (at) => {
        expect(await opens(flipped(ciphertext, at))).toBe('INVALID_CIPHERTEXT')
        expect(await opens(ciphertext.subarray(0, at))).toBe('INVALID_CIPHERTEXT')
      }),
      { numRuns: 60 },
    )
  })

  test('data keys, and from one key store to a key without one', async () => {
    const world = await linked()
    const { room, vaultId } = world
    const { id: keyId } = await keyIn(world, 'external-1')
    const { ciphertext, plaintext } = await room.generateDataKey({ keyId, context: CONTEXT })
    expect((await room.decrypt({ ciphertext, context: CONTEXT })).plaintext).toEqual(plaintext)
    const own = await room.createKey({ vaultId, displayName: 'own', spec: 'AES_256' })
    const moved = await room.reEncrypt({ ciphertext, sourceContext: CONTEXT, keyId: own.id })
    expect((await room.decrypt({ ciphertext: moved.ciphertext })).plaintext).toEqual(plaintext)
    const back = await room.reEncrypt({ ciphertext: moved.ciphertext, keyId })
    expect((await room.decrypt({ ciphertext: back.ciphertext })).plaintext).toEqual(plaintext)
  })

  test('a key in use does not go past its key store', async () => {
    const world = await linked()
    const { room, link } = world
    const { id: keyId } = await keyIn(world, 'external-1')
    for (let i = 0; i < 3; i++) await room.encrypt({ keyId, plaintext: PLAINTEXT })
    expect(link.calls.filter(({ method }) => method === 'seal')).toHaveLength(3)
    link.refusing.set('seal', 'OUT_OF_ORDER')
    expect(await ruleOf(room.encrypt({ keyId, plaintext: PLAINTEXT }))).toBe('OUT_OF_ORDER')
  })

  test.each<[string, (room: Room, keyId: string) => Promise<unknown>, string]>([
    ['rotation', (room, keyId) => room.createKeyVersion({ keyId }), 'UNSUPPORTED'],
    [
      'a rotation policy',
      (room, keyId) => room.putRotationPolicy({ keyId, rotation: { everyDays: 90 } }),
      'UNSUPPORTED',
    ],
    [
      'a rotation policy by update',
      (room, keyId) => room.updateKey({ keyId, rotation: { everyDays: 90 } }),
      'UNSUPPORTED',
    ],
    [
      'key pairs',
      (room, keyId) => room.generateDataKeyPair({ keyId, pairSpec: 'EC_P256' }),
      'UNSUPPORTED',
    ],
    [
      'raw AES-GCM',
      (room, keyId) => room.encrypt({ keyId, plaintext: PLAINTEXT, algorithm: 'AES_GCM' }),
      'UNSUPPORTED',
    ],
    [
      'raw AES-CBC to open',
      (room, keyId) =>
        room.decrypt({
          keyId,
          ciphertext: new Uint8Array(16),
          iv: new Uint8Array(16),
          algorithm: 'AES_CBC',
        }),
      'UNSUPPORTED',
    ],
    [
      '4097 bytes',
      (room, keyId) => room.encrypt({ keyId, plaintext: new Uint8Array(4097) }),
      'LIMIT_EXCEEDED',
    ],
    [
      'wrapping',
      (room, keyId) => room.wrapKey({ keyId, plaintext: new Uint8Array(32) }),
      'NOT_PERMITTED_FOR_KEY',
    ],
  ])('%s is not for them', async (_, call, code) => {
    const world = await linked()
    const { id: keyId } = await keyIn(world, 'external-1')
    expect(await codeOf(call(world.room, keyId))).toBe(code)
  })

  test('4096 bytes are', async () => {
    const world = await linked()
    const { id: keyId } = await keyIn(world, 'external-1')
    const plaintext = new Uint8Array(4096).fill(7)
    const { ciphertext } = await world.room.encrypt({ keyId, plaintext })
    expect(ciphertext.length).toBeLessThanOrEqual(6144)
    expect((await world.room.decrypt({ ciphertext })).plaintext).toEqual(plaintext)
  })

  test('random bytes of a connected key store', async () => {
    const { room, vaultId, keyStoreId, link } = await linked('HSM')
    const keyStore = { id: keyStoreId, vaultId }
    const { bytes } = await room.generateRandom({ lengthBytes: 5, keyStore })
    expect(bytes).toEqual(new Uint8Array(5).fill(0xa5))
    await room.disconnectKeyStore({ vaultId, keyStoreId })
    expect(await codeOf(room.generateRandom({ lengthBytes: 5, keyStore }))).toBe('INVALID_STATE')
    room.linkKeyStores('HSM', { ...link, random: undefined } as never)
    expect(await codeOf(room.generateRandom({ lengthBytes: 5, keyStore }))).toBe('UNSUPPORTED')
  })
})

describe('connection', () => {
  /** contracts: AWS 14 and 17; rows: state, then what each operation answers. */
  const STATES: [string, Record<'connect' | 'disconnect' | 'configure' | 'delete', string>][] = [
    ['disconnected', { connect: 'ok', disconnect: 'INVALID_STATE', configure: 'ok', delete: 'ok' }],
    [
      'connecting',
      {
        connect: 'ok',
        disconnect: 'ok',
        configure: 'INVALID_STATE',
        delete: 'INVALID_STATE',
      },
    ],
    [
      'connected',
      { connect: 'ok', disconnect: 'ok', configure: 'INVALID_STATE', delete: 'INVALID_STATE' },
    ],
    [
      'disconnecting',
      {
        connect: 'INVALID_STATE',
        disconnect: 'INVALID_STATE',
        configure: 'INVALID_STATE',
        delete: 'INVALID_STATE',
      },
    ],
    [
      'failed',
      {
        connect: 'INVALID_STATE',
        disconnect: 'ok',
        configure: 'INVALID_STATE',
        delete: 'INVALID_STATE',
      },
    ],
  ]
  const settleMs = 1000

  async function inState(state: string): Promise<Linked> {
    const world = await linked('EXTERNAL', false)
    const { room, vaultId, keyStoreId, link } = world
    const ref = { vaultId, keyStoreId }
    if (state === 'failed') link.refusing.set('connect', 'XKS_PROXY_TIMED_OUT')
    const held = state === 'connecting' ? { settleMs } : {}
    if (state !== 'disconnected') await room.connectKeyStore({ ...ref, ...held })
    if (state === 'disconnecting') await room.disconnectKeyStore({ ...ref, settleMs })
    expect((await room.getKeyStore(ref)).state).toBe(state)
    return world
  }
  const cells = STATES.flatMap(([state, row]) =>
    Object.entries(row).map(([event, code]) => [state, event, code] as const),
  )
  test.each(cells)('%s: %s is %s', async (state, event, code) => {
    const { room, vaultId, keyStoreId } = await inState(state)
    const ref = { vaultId, keyStoreId }
    const calls = {
      connect: () => room.connectKeyStore(ref),
      disconnect: () => room.disconnectKeyStore(ref),
      configure: () => room.updateKeyStore({ ...ref, settings: { at: 'elsewhere' } }),
      delete: () => room.deleteKeyStore(ref),
    }
    expect(await codeOf(calls[event as 'connect']())).toBe(code)
  })

  test('transitions take their time on the clock of the room', async () => {
    const { room, vaultId, keyStoreId, clock } = await linked('EXTERNAL', false)
    const ref = { vaultId, keyStoreId }
    const state = async () => (await room.getKeyStore(ref)).state
    expect((await room.connectKeyStore({ ...ref, settleMs })).state).toBe('connecting')
    clock.advance({ milliseconds: settleMs - 1 })
    expect(await state()).toBe('connecting')
    clock.advance({ milliseconds: 1 })
    expect(await state()).toBe('connected')
    expect((await room.disconnectKeyStore({ ...ref, settleMs })).state).toBe('disconnecting')
    clock.advance({ milliseconds: settleMs })
    expect(await state()).toBe('disconnected')
  })

  test('a refusal shows as failure when the time is over, and goes with the next disconnect', async () => {
    const { room, vaultId, keyStoreId, clock, link } = await linked('EXTERNAL', false)
    const ref = { vaultId, keyStoreId }
    link.refusing.set('connect', 'INVALID_CREDENTIALS')
    const first = await room.connectKeyStore({ ...ref, settleMs })
    expect([first.state, first.failure]).toEqual(['connecting', undefined])
    clock.advance({ milliseconds: settleMs })
    const failed = await room.getKeyStore(ref)
    expect([failed.state, failed.failure]).toEqual(['failed', 'INVALID_CREDENTIALS'])
    const after = await room.disconnectKeyStore(ref)
    expect([after.state, after.failure]).toEqual(['disconnected', undefined])
    link.refusing.clear()
    expect((await room.connectKeyStore(ref)).state).toBe('connected')
  })

  test('a link that breaks is a failure like any other', async () => {
    const { room, vaultId, keyStoreId, link } = await linked('EXTERNAL', false)
    const connect = async () => Promise.reject(new Error('socket hang up'))
    room.linkKeyStores('EXTERNAL', { ...link, connect })
    const { state, failure } = await room.connectKeyStore({ vaultId, keyStoreId })
    expect([state, failure]).toEqual(['failed', 'INTERNAL_ERROR'])
  })

  test('the keys of a key store that is not connected are unavailable (AWS 16)', async () => {
    const world = await linked()
    const { room, vaultId, keyStoreId, clock } = world
    const { id: keyId } = await keyIn(world, 'external-1')
    const { id: other } = await keyIn(world, 'external-2')
    const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    await room.disconnectKeyStore({ vaultId, keyStoreId })
    const state = async (id = keyId) => (await room.getKey({ keyId: id })).state
    expect(await state()).toBe('unavailable')
    const { items } = await room.listKeys({ vaultId })
    expect(items.map((key) => key.state)).toEqual(['unavailable', 'unavailable'])
    expect(await ruleOf(room.encrypt({ keyId, plaintext: PLAINTEXT }))).toBe('key.state')
    expect(await ruleOf(room.decrypt({ ciphertext }))).toBe('key.state')
    const explained = await room.explain({ keyId, operation: 'encrypt' })
    expect(explained.explain?.found).toBe('unavailable')
    await room.createAlias({ keyId, name: 'alias/k', vaultId })
    await room.tagKey({ keyId, tags: { a: 'b' } })
    await room.updateKey({ keyId, description: 'd', whileDisabled: true })
    // What is set now shows once the key store is back.
    expect((await room.disableKey({ keyId })).state).toBe('unavailable')
    const scheduled = await room.scheduleKeyDeletion({ keyId: other })
    expect(scheduled.state).toBe('pendingDeletion')
    await room.connectKeyStore({ vaultId, keyStoreId })
    expect([await state(), await state(other)]).toEqual(['disabled', 'pendingDeletion'])
    await room.enableKey({ keyId })
    expect((await room.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
    clock.advance({ days: 31 })
    expect(await state(other)).toBe('deleted')
  })

  test('an attempt that the link refuses changes nothing', async () => {
    const { room, vaultId, keyStoreId, link } = await linked('EXTERNAL', false)
    const connect = async () => Promise.reject(refused('CLUSTER_NOT_ACTIVE'))
    room.linkKeyStores('EXTERNAL', { ...link, connect })
    const ref = { vaultId, keyStoreId }
    const before = await room.getKeyStore(ref)
    expect(await ruleOf(room.connectKeyStore(ref))).toBe('CLUSTER_NOT_ACTIVE')
    expect(await room.getKeyStore(ref)).toEqual(before)
  })

  test('a key made while the key store is not connected is refused', async () => {
    const world = await linked('EXTERNAL', false)
    expect(await ruleOf(keyIn(world, 'external-1'))).toBe('keyStore.state')
    expect(world.link.calls.map(({ method }) => method)).toEqual(['check'])
  })
})

describe('management', () => {
  test('no answer, journal entry or stored row shows the secret', async () => {
    const world = await linked()
    const { room, vaultId, keyStoreId, store } = world
    const shown = [
      await room.getKeyStore({ vaultId, keyStoreId }),
      await room.listKeyStores({ vaultId }),
      await room.updateKeyStore({
        vaultId,
        keyStoreId,
        secret: utf8('s3cret'),
        whileConnected: true,
        retryToken: 'once',
      }),
    ] as unknown[]
    for await (const entry of room.journal()) shown.push(entry)
    const text = JSON.stringify(shown, (_, value: unknown) =>
      typeof value === 'bigint'
        ? `${value}`
        : value instanceof Uint8Array
          ? Buffer.from(value).toString('latin1')
          : value,
    )
    expect(text).not.toContain('s3cret')
    expect(text).toContain('theirs')
    for (const { value } of await rowsOf(store))
      expect(Buffer.from(value).includes('s3cret')).toBe(false)
  })

  test('survives a restart, connection, secret, keys and all', async () => {
    const world = await linked()
    const { vaultId, keyStoreId, link } = world
    const { id: keyId } = await keyIn(world, 'external-1')
    const { ciphertext } = await world.room.encrypt({ keyId, plaintext: PLAINTEXT })
    const before = await world.room.getKeyStore({ vaultId, keyStoreId })
    const room = await world.again()
    expect(await room.getKeyStore({ vaultId, keyStoreId })).toEqual(before)
    expect(await ruleOf(room.decrypt({ ciphertext }))).toBe('NOT_LINKED')
    room.linkKeyStores('EXTERNAL', link)
    expect((await room.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
    expect(link.calls.at(-1)?.secret).toBe('s3cret')
    expect((await room.verify()).finding).toBeUndefined()
    await room.close()
  })

  test('names and what the link compares are unique in a vault', async () => {
    const { room, vaultId, keyStoreId } = await linked()
    const make = (name: string, at: string) =>
      room.createKeyStore({ vaultId, name, type: 'EXTERNAL', settings: { at } })
    expect(await codeOf(make('theirs', 'elsewhere'))).toBe('ALREADY_EXISTS')
    expect(await ruleOf(make('other', 'theirs'))).toBe('SETTINGS_IN_USE')
    const other = await make('other', 'elsewhere')
    const rename = room.updateKeyStore({ vaultId, keyStoreId: other.id, name: 'theirs' })
    expect(await codeOf(rename)).toBe('ALREADY_EXISTS')
    await room.disconnectKeyStore({ vaultId, keyStoreId })
    await room.updateKeyStore({ vaultId, keyStoreId, name: 'theirs' })
  })

  test('two at once of one name: one is made', async () => {
    const { room, vaultId } = await linked()
    const make = (at: string) =>
      room.createKeyStore({ vaultId, name: 'other', type: 'EXTERNAL', settings: { at } })
    const codes = await Promise.all([codeOf(make('a')), codeOf(make('b'))])
    expect(codes.sort()).toEqual(['ALREADY_EXISTS', 'ok'])
  })

  test('ten in a vault, in pages', async () => {
    const { room, vaultId } = await linked()
    const make = (i: number) =>
      room.createKeyStore({ vaultId, name: `${i}`, type: 'EXTERNAL', settings: { i } })
    for (let i = 1; i < 10; i++) await make(i)
    expect(await codeOf(make(10))).toBe('LIMIT_EXCEEDED')
    const names: string[] = []
    let pageToken: string | undefined
    do {
      const page = await room.listKeyStores({ vaultId, limit: 4, ...(pageToken && { pageToken }) })
      names.push(...page.items.map(({ name }) => name))
      pageToken = page.nextPage
    } while (pageToken !== undefined)
    expect(names.sort()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', 'theirs'])
  })

  test('what the link refuses is not linked', async () => {
    const { room, vaultId, link } = await linked()
    link.refusing.set('check', 'XKS_PROXY_INVALID_RESPONSE')
    const make = room.createKeyStore({ vaultId, name: 'x', type: 'EXTERNAL', settings: null })
    expect(await ruleOf(make)).toBe('XKS_PROXY_INVALID_RESPONSE')
    expect((await room.listKeyStores({ vaultId })).items).toHaveLength(1)
  })

  test('a change is checked against what was, and takes the new secret', async () => {
    const { room, vaultId, keyStoreId, link } = await linked('EXTERNAL', false)
    const settings = { at: 'elsewhere' }
    await room.updateKeyStore({ vaultId, keyStoreId, settings, secret: utf8('newer') })
    expect(link.calls.at(-1)).toMatchObject({
      method: 'check',
      secret: 'newer',
      before: { settings: { at: 'theirs' } },
    })
    await room.connectKeyStore({ vaultId, keyStoreId })
    expect(link.calls.at(-1)).toMatchObject({ method: 'connect', secret: 'newer' })
  })

  test('a key that is named belongs to one key; once that is gone, to another', async () => {
    const world = await linked()
    const { room, clock } = world
    const { id: keyId } = await keyIn(world, 'external-1')
    expect(await ruleOf(keyIn(world, 'external-1'))).toBe('KEY_IN_USE')
    await room.scheduleKeyDeletion({ keyId })
    expect(await ruleOf(keyIn(world, 'external-1'))).toBe('KEY_IN_USE')
    clock.advance({ days: 31 })
    expect((await keyIn(world, 'external-1')).state).toBe('enabled')
  })

  test('a key store goes once it has no keys, those pending deletion counted', async () => {
    const world = await linked()
    const { room, vaultId, keyStoreId, clock } = world
    const { id: keyId } = await keyIn(world, 'external-1')
    await room.disconnectKeyStore({ vaultId, keyStoreId })
    const remove = () => room.deleteKeyStore({ vaultId, keyStoreId })
    expect(await codeOf(remove())).toBe('CONFLICT')
    const deletionAt = new Date(clock.now() + 7 * DAY_MS)
    await room.scheduleKeyDeletion({ keyId, deletionAt })
    expect(await codeOf(remove())).toBe('CONFLICT')
    clock.advance({ days: 7 })
    expect((await remove()).state).toBe('deleted')
    expect(await codeOf(room.getKeyStore({ vaultId, keyStoreId }))).toBe('NOT_FOUND')
    expect(await codeOf(remove())).toBe('NOT_FOUND')
  })

  test.each<[string, object, string]>([
    ['another spec', { spec: 'AES_128' }, 'INVALID_ARGUMENT'],
    ['an HMAC key', { spec: 'HMAC_256' }, 'INVALID_ARGUMENT'],
    ['another purpose', { purposes: ['encrypt', 'wrap'] }, 'INVALID_ARGUMENT'],
    ['import', { origin: 'imported' }, 'INVALID_ARGUMENT'],
    ['rotation', { rotation: { everyDays: 90 } }, 'INVALID_ARGUMENT'],
    ['a key that may leave', { protectionMode: 'SOFTWARE' }, 'INVALID_ARGUMENT'],
  ])('a key of a key store: not %s', async (_, change, code) => {
    const { room, vaultId, keyStoreId } = await linked()
    const key = { vaultId, displayName: 'k', spec: 'AES_256', keyStore: { id: keyStoreId } }
    expect(await codeOf(room.createKey({ ...key, ...change } as never))).toBe(code)
  })

  test('what is no link is refused', async () => {
    const { room } = await linked()
    for (const link of [null, {}, { check: () => undefined }] as never[])
      expect(() => room.linkKeyStores('HSM', link)).toThrow('link: expected an object')
    expect(() => room.linkKeyStores('OTHER' as never, undefined)).toThrow('type: expected one of')
  })

  test('deleting the vault lets go of the secret', async () => {
    const { room, vaultId, clock, store } = await linked()
    await room.scheduleVaultDeletion({ vaultId })
    clock.advance({ days: 31 })
    await room.tick()
    const letters = (await rowsOf(store)).map(({ key }) => String.fromCharCode(key[0]!))
    expect(letters.filter((letter) => letter === 'X' || letter === 'Z')).toEqual([])
    expect((await room.verify()).finding).toBeUndefined()
  })
})
