/** The object store in a folder, and backups through any object store. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { directoryObjectStore, Strongroom, type ObjectRef } from '../../src/index.ts'
import { collected, inPieces } from '../engine/backup-support.ts'
import { codeOf, SEAL } from '../engine/support.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'strongroom-objects-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const REFS: readonly ObjectRef[] = [
  { bucket: 'b', object: 'o' },
  { bucket: 'b', object: 'O' },
  { bucket: 'b', object: 'o', namespace: 'n' },
  { bucket: '..', object: '../../etc/passwd' },
  { bucket: 'a/b', object: 'c' },
  { bucket: 'a', object: 'b/c' },
  { bucket: 'x'.repeat(1024), object: 'y'.repeat(1024) },
  { bucket: 'x'.repeat(1024), object: `${'y'.repeat(1023)}z` },
  { bucket: 'Ærø', object: '鍵' },
  { uri: 'https://objects.example/p/secret/n/ns/b/bucket/o/vault.backup' },
  { uri: 'o' },
]

test('every name is an object of its own, below the folder', async () => {
  const path = join(folder(), 'made')
  const objects = directoryObjectStore(path)
  expect(await objects.get(REFS[0]!)).toBeUndefined()
  for (const [i, ref] of REFS.entries()) await objects.put(ref, inPieces(utf8(`object ${i}`), 3))
  for (const [i, ref] of REFS.entries())
    expect(await collected((await objects.get(ref))!)).toEqual(utf8(`object ${i}`))
  expect(readdirSync(join(path, '..'))).toEqual(['made'])
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
  expect(files.filter((entry) => entry.isFile())).toHaveLength(REFS.length)
})

test('an object is replaced whole, or stays as it was', async () => {
  const path = folder()
  const objects = directoryObjectStore(path)
  const [ref] = REFS as [ObjectRef]
  await objects.put(ref, inPieces(utf8('first'), 2))
  await objects.put(ref, inPieces(utf8('second'), 2))
  async function* broken() {
    yield utf8('third')
    throw new Error('cut')
  }
  await expect(objects.put(ref, broken())).rejects.toThrow('cut')
  expect(await collected((await objects.get(ref))!)).toEqual(utf8('second'))
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
  expect(files.filter((entry) => entry.isFile())).toHaveLength(1)
})

test('keys and vaults go to objects and come back from them', async () => {
  const room = await Strongroom.open({ objects: directoryObjectStore(folder()) })
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  const at = { bucket: 'b', object: 'key', namespace: 'n' }
  const key = await room.backupKey({ keyId, to: at })
  expect(Object.keys(key)).toEqual(['key'])
  expect((await room.restoreKey({ from: at })).id).toBe(keyId)
  const uri = { uri: 'https://objects.example/vault' }
  const vault = await room.backupVault({ vaultId, includeKeys: true, to: uri })
  expect(Object.keys(vault)).toEqual(['vault'])
  expect(await codeOf(room.restoreVault({ from: uri }))).toBe('ALREADY_EXISTS')
  expect(await codeOf(room.restoreVault({ from: { uri: 'elsewhere' } }))).toBe('NOT_FOUND')
})

test('an object store that fails is told as such', async () => {
  const objects = {
    put: () => Promise.reject(new Error('full')),
    get: () => Promise.reject(new Error('gone')),
  }
  const room = await Strongroom.open({ objects, seal: SEAL })
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  const at = { uri: 'x' }
  expect(await codeOf(room.backupVault({ vaultId, to: at }))).toBe('UNAVAILABLE')
  expect(await codeOf(room.restoreVault({ from: at }))).toBe('UNAVAILABLE')
})
