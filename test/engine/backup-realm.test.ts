/** `exportRealm` and `importRealm`: a store moves whole, or not at all. */
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../src/base/bytes.ts'
import { parsePath } from '../../src/format/paths.ts'
import { Strongroom } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { PORTABLE_LIMITS } from '../../src/store/limits.ts'
import { faultyStore } from '../../src/testing/index.ts'
import { armoured, collected, dearmoured, inPieces, keyBlob } from './backup-support.ts'
import { codeOf, flipped, freshPath, lasting, rowsOf, SEAL, stage } from './support.ts'

const MOVING = { key: new Uint8Array(32).fill(3) }
const PLAIN = utf8('what was encrypted before')

async function world() {
  const staged = await stage()
  const { room, vaultId } = staged
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAIN })
  const { id: destroyed } = await room.createKey({ vaultId, displayName: 'd', spec: 'AES_256' })
  await room.destroyKey({ keyId: destroyed })
  const backup = await keyBlob(room, keyId)
  return { ...staged, keyId, ciphertext, destroyed, backup }
}

test('everything is there: keys, journal, head, and its backups open', async () => {
  const { room, clock, keyId, ciphertext, destroyed, backup } = await world()
  const from = inPieces(await collected(room.exportRealm({ seal: MOVING })), 1000)
  const store = lasting(createMemoryStore())
  const open = { store, seal: SEAL, clock }
  const moved = await Strongroom.importRealm({ from, seal: MOVING, open })
  expect(moved.head()).toEqual(room.head())
  expect(await moved.verify()).toEqual(await room.verify())
  expect((await moved.decrypt({ ciphertext })).plaintext).toEqual(PLAIN)
  expect((await moved.getKey({ keyId: destroyed })).state).toBe('deleted')
  expect((await moved.restoreKey({ blob: backup })).id).toBe(keyId)
  const operations = async (of: Strongroom) => {
    const names: string[] = []
    for await (const { operation } of of.journal()) names.push(operation)
    return names
  }
  expect((await operations(moved)).slice(0, 3)).toEqual((await operations(room)).slice(0, 3))
  await moved.createKeyVersion({ keyId })
  await moved.close()
  const again = await Strongroom.open(open)
  expect((await again.decrypt({ ciphertext })).plaintext).toEqual(PLAIN)
})

test('from disk to disk, while writers go on', async () => {
  const path = freshPath()
  const room = await Strongroom.open({ path, seal: SEAL })
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAIN })
  const head = room.head()
  const stream = room.exportRealm({ seal: MOVING })
  const pieces: Uint8Array[] = []
  for await (const piece of stream) {
    pieces.push(piece)
    if (pieces.length === 1) await room.createKeyVersion({ keyId })
  }
  const open = { path: freshPath(), seal: { key: new Uint8Array(32).fill(1) } }
  const moved = await Strongroom.importRealm({ from: concat(...pieces), seal: MOVING, open })
  expect(moved.head()).toEqual(head)
  expect((await moved.decrypt({ ciphertext })).plaintext).toEqual(PLAIN)
  await moved.close()
  await room.close()
  const again = await Strongroom.open({ ...open, create: 'never' })
  expect((await again.verify()).ok).toBe(true)
  await again.close()
})

test('into the smallest store, in commits that it takes', async () => {
  const { room, clock, ciphertext } = await world()
  const from = room.exportRealm({ seal: MOVING })
  const store = createMemoryStore({ limits: PORTABLE_LIMITS })
  const moved = await Strongroom.importRealm({ from, seal: MOVING, open: { store, clock } })
  expect((await moved.decrypt({ ciphertext })).plaintext).toEqual(PLAIN)
})

describe('refused', () => {
  test('another seal, a store that is not empty, bad input', async () => {
    const { room, store, clock } = await world()
    const from = await collected(room.exportRealm({ seal: MOVING }))
    const empty = () => ({ store: lasting(createMemoryStore()), seal: SEAL, clock })
    const imported = (given: object) =>
      codeOf(Strongroom.importRealm({ from, seal: MOVING, open: empty(), ...given }))
    expect(await imported({ seal: { key: new Uint8Array(32) } })).toBe('WRONG_SEAL')
    expect(await imported({ seal: { passphrase: 'x' } })).toBe('WRONG_SEAL')
    expect(await imported({ open: { store, seal: SEAL } })).toBe('STORE_EXISTS')
    expect(await imported({ from: 'text' })).toBe('INVALID_ARGUMENT')
    expect(await imported({ open: { ...empty(), cachedKeys: 0 } })).toBe('INVALID_ARGUMENT')
    expect(await codeOf(collected(room.exportRealm({ seal: {} } as never)))).toBe(
      'INVALID_ARGUMENT',
    )
    await room.close()
    expect(await codeOf(collected(room.exportRealm({ seal: MOVING })))).toBe('CLOSED')
  })

  test('the export of a store that lacks one of its records', async () => {
    const { room, store } = await world()
    const whole = (await collected(room.exportRealm({ seal: MOVING }))).length
    expect(whole).toBeGreaterThan(1000)
    const material = (await rowsOf(store)).find(({ key }) => parsePath(key)?.kind === 'material')!
    const token = new Uint8Array(16).fill(9)
    await store.commit({ checks: [], puts: [], dels: [material.key], token })
    expect(await codeOf(collected(room.exportRealm({ seal: MOVING })))).toBe('INTEGRITY')
  })

  test('a changed or cut export, and the store stays empty', async () => {
    const { room } = await world()
    const from = await collected(room.exportRealm({ seal: MOVING }))
    const bytes = dearmoured(from)
    const bad = [
      from.slice(0, from.length / 2),
      armoured(bytes.subarray(0, bytes.length - 1)),
      armoured(flipped(bytes, -1)),
      armoured(flipped(bytes, 400)),
      armoured(flipped(bytes, 70)),
    ]
    for (const each of bad) {
      const store = lasting(createMemoryStore())
      const open = { store, seal: SEAL }
      const code = await codeOf(Strongroom.importRealm({ from: each, seal: MOVING, open }))
      expect(['INVALID_BACKUP', 'TRUNCATED_BACKUP', 'WRONG_SEAL']).toContain(code)
      expect(await rowsOf(store)).toEqual([])
      expect(await codeOf(Strongroom.open(open))).toBe('ok')
    }
  })
})

test('cut off at any call of the store: no store, or the whole one', async () => {
  const { room, clock, ciphertext } = await world()
  const from = await collected(room.exportRealm({ seal: MOVING }))
  for (let nth = 1; ; nth++) {
    const base = lasting(createMemoryStore())
    const store = faultyStore(base)
    store.plan({ method: 'any', nth, kind: 'before', lasting: true })
    const open = { store, seal: SEAL, clock }
    const code = await codeOf(Strongroom.importRealm({ from, seal: MOVING, open }))
    if (code === 'ok') break
    const opened = await Strongroom.open({ store: base, seal: SEAL, clock }).catch(() => undefined)
    const whole = opened && (await codeOf(opened.decrypt({ ciphertext })))
    // A new realm in an empty store, the whole one, or a refusal: never a part.
    if (whole === 'ok') expect((await opened!.verify()).ok).toBe(true)
    else if (opened) expect((await opened.listVaults({})).items).toEqual([])
    await opened?.close()
  }
})
