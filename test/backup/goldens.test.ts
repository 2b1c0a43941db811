/**
 * Whole blobs of format version 1 that open for ever: `fixtures/formats/backup-v1`. They are only
 * added to; `GOLDENS=add` makes them where they are missing and touches none that is there.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { collected, keyBlob, vaultBlob } from '../engine/backup-support.ts'
import { stage, type Room } from '../engine/support.ts'

const FOLDER = fileURLToPath(new URL('../../fixtures/formats/backup-v1/', import.meta.url))
const SEAL = { key: Uint8Array.from({ length: 32 }, (_, i) => i) }
const PLAIN = utf8('what was encrypted with version 1')
const CONTEXT = { table: 'orders' }

interface Told {
  readonly vaultId: string
  readonly aes: string
  readonly ec: string
  readonly ciphertexts: readonly string[]
  readonly signature: string
}

if (process.env['GOLDENS'] === 'add' && !existsSync(FOLDER)) await make()

async function make(): Promise<void> {
  const { room } = await stage()
  const realm = await collected(room.exportRealm({ seal: SEAL }))
  const { id: vaultId } = await room.createVault({ displayName: 'golden', tags: { a: 'b' } })
  const createKey = (displayName: string, spec: 'AES_256' | 'EC_P256', more: object = {}) =>
    room.createKey({ vaultId, displayName, spec, ...more })
  const { id: aes } = await createKey('aes', 'AES_256', {
    rotation: { everyDays: 3650 },
    definedTags: { ops: { level: 3 } },
  })
  const { id: ec } = await createKey('ec', 'EC_P256')
  const encrypted = async (): Promise<string> => {
    const { ciphertext } = await room.encrypt({ keyId: aes, plaintext: PLAIN, context: CONTEXT })
    return toHex(ciphertext)
  }
  const first = await encrypted()
  await room.createKeyVersion({ keyId: aes, tags: { nr: '2' } })
  const ciphertexts = [first, await encrypted()]
  const { signature } = await room.sign({ keyId: ec, message: PLAIN })
  await room.createAlias({ keyId: aes, name: 'alias/golden' })
  const told: Told = { vaultId, aes, ec, ciphertexts, signature: toHex(signature) }
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(`${FOLDER}told.json`, `${JSON.stringify(told, null, 2)}\n`)
  writeFileSync(`${FOLDER}realm.backup`, realm)
  writeFileSync(`${FOLDER}vault.backup`, await vaultBlob(room, vaultId))
  writeFileSync(`${FOLDER}vault-alone.backup`, await vaultBlob(room, vaultId, false))
  writeFileSync(`${FOLDER}key.backup`, await keyBlob(room, aes))
}

const blobOf = (name: string): Uint8Array => new Uint8Array(readFileSync(`${FOLDER}${name}.backup`))
const told = JSON.parse(readFileSync(`${FOLDER}told.json`, 'utf8')) as Told

const opened = (crypto: 'node' | 'portable'): Promise<Room> =>
  Strongroom.importRealm({
    from: blobOf('realm'),
    seal: SEAL,
    open: { clock: new VirtualClock(), crypto },
  })

async function expectOpens(room: Room): Promise<void> {
  for (const hex of told.ciphertexts) {
    const { plaintext } = await room.decrypt({ ciphertext: fromHex(hex)!, context: CONTEXT })
    expect(plaintext).toEqual(PLAIN)
  }
  expect((await room.verify()).ok).toBe(true)
}

test.each(['node', 'portable'] as const)(
  'realm and vault open with the provider %s',
  async (crypto) => {
    const room = await opened(crypto)
    const vault = await room.restoreVault({ blob: blobOf('vault') })
    expect(vault).toMatchObject({ id: told.vaultId, displayName: 'golden', tags: { a: 'b' } })
    await expectOpens(room)
    const signature = fromHex(told.signature)!
    expect((await room.verify({ keyId: told.ec, message: PLAIN, signature })).valid).toBe(true)
    expect((await room.getKey({ keyId: 'alias/golden', vaultId: vault.id })).id).toBe(told.aes)
  },
)

test('a vault alone, and the key after it', async () => {
  const room = await opened('node')
  await room.restoreVault({ blob: blobOf('vault-alone') })
  const key = await room.restoreKey({ blob: blobOf('key') })
  expect(key).toMatchObject({ id: told.aes, rotation: { everyDays: 3650 } })
  expect(key.definedTags).toEqual({ ops: { level: 3 } })
  const { items } = await room.listKeyVersions({ keyId: told.aes })
  expect(items.map(({ number, tags }) => [number, tags])).toEqual([
    [2, { nr: '2' }],
    [1, {}],
  ])
  await expectOpens(room)
})
