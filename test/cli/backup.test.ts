/** `backup`, `restore`, `export-realm` and `import-realm`: files, codes, and what comes back. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { cli, failureOf, stocked, type Sandbox } from './cli.ts'

let box: Sandbox
let keyId: string
let vaultId: string
const text = 'what was encrypted before'

beforeAll(async () => {
  box = await stocked()
  keyId = String((await box.json('key', 'show', 'files'))['id'])
  vaultId = String((await box.json('vault', 'show', 'shop'))['id'])
  writeFileSync(box.path('plain'), text)
  await box.json('encrypt', 'plain', '--key', 'files', '-o', 'sealed')
})

test('a key goes into a file and comes back', async () => {
  const made = await box.json('backup', 'key', 'files', '--out', 'key.backup')
  const bytes = readFileSync(box.path('key.backup'))
  expect(made).toEqual({ output: 'key.backup', bytes: bytes.length, key: keyId })
  expect(bytes.toString()).toMatch(/^-----BEGIN STRONGROOM BACKUP-----\n/)
  expect(statSync(box.path('key.backup')).mode & 0o777).toBe(0o600)
  const md5 = createHash('md5').update(bytes).digest('base64')
  const restored = await box.json('restore', 'key', 'key.backup', '--md5', md5)
  expect(restored).toMatchObject({ key: keyId, state: 'enabled', restoredFrom: keyId })
  const fresh = await box.json('restore', 'key', 'key.backup', '--new-ids')
  expect(fresh['key']).not.toBe(keyId)
  expect(fresh['restoredFrom']).toBe(keyId)
})

test('the file is named after what is in it, and replaced by force alone', async () => {
  const made = await box.json('backup', 'vault', 'shop', '--include-keys')
  expect(made).toMatchObject({ output: `${vaultId}.backup`, includeKeys: true })
  expect((await box.fails(4, 'backup', 'vault', 'shop')).code).toBe('ALREADY_EXISTS')
  await box.json('backup', 'vault', 'shop', '--include-keys', '--force')
  expect((await box.fails(4, 'restore', 'vault', `${vaultId}.backup`)).code).toBe('ALREADY_EXISTS')
})

test('through a pipe', async () => {
  const out = await box.alone(['backup', 'key', keyId, '--out', '-'])
  expect(out).toMatchObject({ code: 0, stderr: '' })
  const back = await box.alone(['restore', 'key', '-', '--json'], { input: out.bytes })
  expect(JSON.parse(back.stdout)).toMatchObject({ key: keyId })
  expect((await box.fails(2, 'backup', 'key', keyId, '--out', '-')).code).toBe('INVALID_ARGUMENT')
})

describe('refused', () => {
  test('what is changed, cut, of another kind or not there', async () => {
    await box.json('backup', 'key', keyId, '--out', 'good')
    const good = readFileSync(box.path('good'))
    writeFileSync(box.path('cut'), good.subarray(0, 300))
    const changed = Buffer.from(good)
    changed[500]! ^= 1
    writeFileSync(box.path('changed'), changed)
    expect((await box.fails(5, 'restore', 'key', 'cut')).code).toBe('TRUNCATED_BACKUP')
    expect((await box.fails(5, 'restore', 'key', 'changed')).code).toBe('INVALID_BACKUP')
    expect((await box.fails(5, 'restore', 'vault', 'good')).code).toBe('WRONG_BACKUP_KIND')
    expect((await box.fails(2, 'restore', 'key', 'nowhere')).code).toBe('INVALID_ARGUMENT')
    const md5 = createHash('md5').update('x').digest('base64')
    const told = await box.fails(5, 'restore', 'key', 'good', '--md5', md5)
    expect(told.code).toBe('CONTENT_MISMATCH')
  })

  test('nothing stays of a backup that fails', async () => {
    const before = readdirSync(box.folder)
    await box.fails(3, 'backup', 'key', 'nobody', '--out', 'nobody.backup')
    expect(readdirSync(box.folder)).toEqual(before)
  })

  test('an export without a seal of its own, or with two', async () => {
    const seals = ['--export-key-file', 'a', '--export-passphrase-file', 'b']
    expect((await box.fails(2, 'export-realm', 'x')).code).toBe('INVALID_ARGUMENT')
    expect((await box.fails(2, 'export-realm', 'x', ...seals)).code).toBe('INVALID_ARGUMENT')
    expect(existsSync(box.path('x'))).toBe(false)
  })
})

test('a store moves to another folder, with another seal', async () => {
  writeFileSync(box.path('moving'), randomBytes(32))
  writeFileSync(box.path('other'), randomBytes(32))
  const seal = ['--export-key-file', box.path('moving')]
  const made = await box.json('export-realm', 'realm.backup', ...seal)
  const there = ['--data', box.path('there'), '--key-file', box.path('other'), '--json']
  const options = { cwd: box.folder }
  const wrong = ['--export-key-file', box.path('other')]
  const refused = await cli(['import-realm', 'realm.backup', ...wrong, ...there], options)
  expect(failureOf(refused, 5).code).toBe('WRONG_SEAL')
  const ran = await cli(['import-realm', 'realm.backup', ...seal, ...there], options)
  expect(ran.stderr).toBe('')
  expect(JSON.parse(ran.stdout)).toEqual({
    path: box.path('there'),
    commits: made['commits'],
    verified: true,
  })
  const opened = await cli(['decrypt', 'sealed', '-o', 'opened', ...there], options)
  expect(opened).toMatchObject({ code: 0, stderr: '' })
  expect(readFileSync(box.path('opened'), 'utf8')).toBe(text)
  const again = await cli(['import-realm', 'realm.backup', ...seal, ...there], options)
  expect(failureOf(again, 4).code).toBe('STORE_EXISTS')
})
