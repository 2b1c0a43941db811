/** `log`, `checkpoint`, `prune`, `verify-log`, `reseal`. */
import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkpointText, parseCheckpoint } from '../../src/audit/checkpoint.ts'
import { Strongroom } from '../../src/index.ts'
import { cli, failureOf, start, stocked, type Json } from './cli.ts'

test('the journal is told, signed, let go and verified', async () => {
  const box = await stocked()
  const lines = await box.run(['log', '--json'])
  expect(lines).toMatchObject({ code: 0, stderr: '' })
  const entries = lines.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Json)
  expect(entries.map(({ operation }) => operation)).toEqual([
    'createVault',
    'createKey',
    'createAlias',
  ])
  expect(entries.map(({ sequence }) => sequence)).toEqual(['1', '2', '3'])
  const plain = await box.run(['log', '--vault', 'shop', '--from', '2'])
  expect(plain.stdout.split('\n').filter(Boolean)).toHaveLength(2)
  expect(plain.stdout).toMatch(
    /^ +2 {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}createKey {2}key [0-9a-f-]{36}\n/,
  )

  const checkpoint = await box.json('checkpoint', '--since', '1')
  expect(checkpoint).toMatchObject({ sequence: '3' })
  expect(checkpoint['proof']).toHaveLength(2)
  const text = String(checkpoint['note']).split('\n\n')[0]!
  expect(parseCheckpoint(`${text}\n`)?.size).toBe(3n)
  expect(checkpointText(parseCheckpoint(`${text}\n`)!)).toBe(`${text}\n`)

  expect(await box.json('prune', '--until', '2')).toMatchObject({ sequence: '2' })
  expect((await box.fails(3, 'log', '--from', '1')).code).toBe('NOT_FOUND')
  const whole = await box.json('verify-log')
  expect(whole).toMatchObject({ ok: true, commits: 1, vaults: 1 })

  for (const args of [['log', '--from', 'one'], ['prune'], ['prune', '--until', '-1']])
    expect(failureOf(await cli([...args, '--json']), 2).code).toBe('INVALID_ARGUMENT')

  // A byte in the middle of the largest file of the database.
  const files = (await filesIn(box.path('store'))).filter((name) => /\.(log|ldb)$/.test(name))
  const sizes = await Promise.all(files.map(async (name) => (await stat(name)).size))
  const target = files[sizes.indexOf(Math.max(...sizes))]!
  const bytes = await readFile(target)
  bytes[bytes.length >> 1]! ^= 0xff
  await writeFile(target, bytes)
  const wrong = await box.run(['verify-log', '--json'])
  expect(wrong.code).toBe(6)
  expect(`${wrong.stdout}${wrong.stderr}`).toMatch(/finding|error/)
})

test('--uses tells what was done with keys, and what was said of it', async () => {
  const box = await stocked()
  const seal = { key: await readFile(box.path('key')) }
  const room = await Strongroom.open({ path: box.path('store'), seal, audit: 'all' })
  const { items } = await room.listVaults({})
  const [key] = (await room.listKeys({ vaultId: items[0]!.id })).items
  const use = { keyId: key!.id, plaintext: new Uint8Array(1), note: { job: 'nightly\n' } }
  await room.encrypt(use)
  await room.disableKey({ keyId: key!.id })
  await room.encrypt({ ...use, principal: 'mallory' }).catch(() => undefined)
  await room.close()
  const { stdout } = await box.run(['log', '--uses'])
  const told = stdout.split('\n').filter((line) => line.startsWith('        '))
  expect(told.map((line) => line.trim().split(/ {2}/).slice(1))).toEqual([
    ['encrypt', 'ok', `key ${key!.id}`, '{"job":"nightly\\n"}'],
    ['encrypt', 'FORBIDDEN', 'by mallory', `key ${key!.id}`, '{"job":"nightly\\n"}'],
  ])
  expect((await box.run(['log'])).stdout).not.toContain('nightly')
  expect((await box.run(['log', '--json'])).stdout).toContain('"note":{"job":"nightly\\n"}')
})

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
}

test('another seal opens the same store, and the old one does not', async () => {
  const box = await stocked()
  await writeFile(box.path('next'), randomBytes(32))
  expect((await box.fails(2, 'reseal')).message).toContain('--new-key-file')
  expect(await box.json('reseal', '--new-key-file', 'next')).toEqual({ resealed: true })
  expect((await box.fails(5, 'vault', 'list')).code).toBe('WRONG_SEAL')
  const opened = await cli([
    'vault',
    'list',
    '--data',
    box.path('store'),
    '--key-file',
    box.path('next'),
  ])
  expect(opened).toMatchObject({ code: 0 })
  expect(opened.stdout).toContain('shop')
})

test('--follow shows what was, waits, and ends with its reader', async () => {
  const box = await stocked()
  const seal = ['--data', box.path('store'), '--key-file', box.path('key')]
  const child = await start(['log', '--follow', ...seal], { cwd: box.folder })
  let seen = ''
  // Its output stays open: a reader who leaves would end it by itself.
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (seen.includes('createAlias')) resolve()
    })
  })
  expect(child.exitCode).toBeNull()
  const ended = new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))
  child.kill('SIGINT')
  expect(await ended).toBe('SIGINT')
})
