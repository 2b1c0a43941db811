/**
 * `init`, `vault` and `key`: the life of both, by id, name and alias, for people and for programs.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Json, Sandbox } from './cli.ts'
import { alone, cli, failureOf, sandbox } from './cli.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const DAY_MS = 86_400_000
const daysFromNow = (time: unknown) => (Date.parse(String(time)) - Date.now()) / DAY_MS

describe('usage', () => {
  test('help and version go to stdout', async () => {
    const help = await alone(['--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    for (const name of ['init', 'vault', 'key', 'encrypt', 'decrypt', 'sign', 'verify', 'demo'])
      expect(help.stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
    expect(await alone(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' })
  })

  test.each([
    [['frobnicate'], 'unknown command'],
    [['vault', 'frobnicate'], 'unknown command'],
    [['vault', 'create'], 'missing required argument'],
    [['vault', 'list', '--frobnicate'], 'unknown option'],
    [['key', 'create', 'a', '--spec', 'AES_255'], '--spec'],
    [['key', 'create', 'a', '--purpose', 'dance'], '--purpose'],
    [['key', 'delete', 'a', '--days', '6'], '--days'],
    [['key', 'delete', 'a', '--days', '31'], '--days'],
    [['vault', 'delete', 'a', '--days', '7.5'], '--days'],
    [['encrypt', 'a'], '--key'],
    [['encrypt', 'a', '--key', 'k', '--context', 'novalue'], '--context'],
    [['encrypt', 'a', '--key', 'k', '--context', 'a=1', '--context', 'a=2'], 'each name once'],
    [['verify', 'a', '--key', 'k'], '--signature'],
    [['sign', 'a', '--key', 'k', '--algorithm', 'MD5'], '--algorithm'],
  ])('%j is refused before anything is opened', async (args, what) => {
    const failure = failureOf(await cli([...args, '--json']), 2)
    expect(failure.code).toBe('INVALID_ARGUMENT')
    expect(failure.message).toContain(what)
  })

  test('the same for people: one line, and what to do', async () => {
    const plain = await alone(['vault', 'list', '--frobnicate'])
    expect(plain).toMatchObject({ code: 2, stdout: '' })
    expect(plain.stderr).toMatch(/^error INVALID_ARGUMENT: .*\n {2}Correct the named input\.\n$/)
  })

  test('a group without a command shows its help and fails', async () => {
    const ran = await alone(['vault'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain('create <name>')
  })
})

describe('init', () => {
  test('makes a store once; nothing else makes one', async () => {
    const box = await sandbox()
    expect((await box.fails(3, 'vault', 'list')).code).toBe('STORE_MISSING')
    expect((await box.fails(3, 'vault', 'list')).remedy).toContain('strongroom init')
    expect(await box.json('init')).toEqual({ path: box.path('store') })
    expect(await box.fails(4, 'init')).toMatchObject({ code: 'STORE_EXISTS' })
    expect(await box.json('vault', 'list')).toEqual({ vaults: [] })
    expect((await box.alone(['vault', 'list'])).stdout).toBe('No vaults.\n')
  })

  test('STRONGROOM_DATA names the store, --data goes before it', async () => {
    const box = await sandbox()
    await box.json('init')
    const args = ['vault', 'list', '--json', '--key-file', box.path('key')]
    const env = { STRONGROOM_DATA: box.path('store') }
    expect(await cli(args, { env })).toMatchObject({ code: 0 })
    const other = await cli([...args, '--data', box.path('other')], { env })
    expect(failureOf(other, 3).code).toBe('STORE_MISSING')
  })
})

describe('vaults', () => {
  let box: Sandbox
  let shop: Json
  beforeAll(async () => {
    box = await sandbox()
    await box.json('init')
    shop = await box.json('vault', 'create', 'shop')
  })

  test('create answers the vault', async () => {
    expect(shop).toMatchObject({ displayName: 'shop', state: 'active' })
    expect(shop['id']).toMatch(UUID)
    expect(Math.abs(daysFromNow(shop['createdAt']))).toBeLessThan(1)
    const text = (await box.run(['vault', 'show', 'shop'])).stdout
    expect(text).toContain(`id        ${String(shop['id'])}\n`)
    expect(text).toContain('keys      0\n')
  })

  test('show finds it by id, by name, and alone without either', async () => {
    const wanted = { id: shop['id'], usage: { keyCount: 0 } }
    expect(await box.json('vault', 'show', String(shop['id']))).toMatchObject(wanted)
    expect(await box.json('vault', 'show', 'shop')).toMatchObject(wanted)
    expect(await box.json('vault', 'show')).toMatchObject(wanted)
    expect((await box.fails(3, 'vault', 'show', 'nowhere')).code).toBe('NOT_FOUND')
    const unknown = '00000000-0000-4000-8000-000000000000'
    expect((await box.fails(3, 'vault', 'show', unknown)).code).toBe('NOT_FOUND')
  })

  test('delete waits the days that it is told, undelete cancels', async () => {
    const gone = await box.json('vault', 'delete', 'shop', '--days', '7')
    expect(gone).toMatchObject({ state: 'pendingDeletion' })
    expect(daysFromNow(gone['deletionAt'])).toBeCloseTo(7, 1)
    const refused = await box.fails(4, 'key', 'create', 'k', '--vault', 'shop')
    expect(refused).toMatchObject({ code: 'INVALID_STATE', explain: { found: 'pendingDeletion' } })
    expect(await box.json('vault', 'undelete', 'shop')).toMatchObject({ state: 'active' })
    const later = await box.json('vault', 'delete', 'shop')
    expect(daysFromNow(later['deletionAt'])).toBeCloseTo(30, 1)
    await box.json('vault', 'undelete', 'shop')
    expect((await box.fails(4, 'vault', 'undelete', 'shop')).code).toBe('INVALID_STATE')
  })

  test('a name that two vaults have is refused, with their ids', async () => {
    const twin = await sandbox()
    await twin.json('init')
    const first = await twin.json('vault', 'create', 'same')
    const second = await twin.json('vault', 'create', 'same')
    const { code, message } = await twin.fails(2, 'vault', 'show', 'same')
    expect(code).toBe('INVALID_ARGUMENT')
    expect(message).toContain(first['id'])
    expect(message).toContain(second['id'])
    expect((await twin.fails(2, 'vault', 'show')).message).toContain('2 active vaults')
    const { vaults } = (await twin.json('vault', 'list')) as { vaults: Json[] }
    expect(vaults.map(({ id }) => id).sort()).toEqual([first['id'], second['id']].sort())
  })
})

describe('keys', () => {
  let box: Sandbox
  let key: Json
  beforeAll(async () => {
    box = await sandbox()
    await box.json('init')
    await box.json('vault', 'create', 'shop')
    key = await box.json('key', 'create', 'orders', '--alias', 'orders', '--description', 'a note')
  })

  test('create makes AES-256 unless told otherwise', async () => {
    const wanted = { displayName: 'orders', spec: 'AES_256', purposes: ['encrypt'] }
    expect(key).toMatchObject({ ...wanted, state: 'enabled', alias: 'alias/orders' })
    const purposes = ['--purpose', 'sign', '--purpose', 'agree', '--protection', 'software']
    const ec = await box.json('key', 'create', 'ec', '--spec', 'ec_p256', ...purposes)
    expect(ec).toMatchObject({ spec: 'EC_P256', purposes: ['sign', 'agree'] })
    expect(ec).toMatchObject({ protectionMode: 'SOFTWARE' })
    const wrong = await box.fails(2, 'key', 'create', 'x', '--purpose', 'sign')
    expect(['INVALID_ARGUMENT', 'UNSUPPORTED']).toContain(wrong.code)
  })

  test('show finds it by id, name and alias, with its versions', async () => {
    for (const name of [String(key['id']), 'orders', 'alias/orders']) {
      const shown = await box.json('key', 'show', name)
      expect(shown).toMatchObject({ id: key['id'], description: 'a note' })
      expect(shown['versions']).toMatchObject([{ number: 1, current: true, state: 'enabled' }])
    }
    expect((await box.fails(3, 'key', 'show', 'alias/none')).code).toBe('NOT_FOUND')
    expect((await box.fails(3, 'key', 'show', 'none')).code).toBe('NOT_FOUND')
    expect((await box.fails(3, 'key', 'show', 'orders', '--vault', 'none')).code).toBe('NOT_FOUND')
  })

  test('list shows all of a vault', async () => {
    const { keys } = (await box.json('key', 'list')) as { keys: Json[] }
    expect(keys.map(({ displayName }) => displayName)).toContain('orders')
    const text = (await box.run(['key', 'list', '--vault', 'shop'])).stdout
    expect(text).toMatch(/^ID +NAME +SPEC +STATE +DELETION\n/)
    expect(text).toMatch(new RegExp(`^${String(key['id'])}  orders +AES_256 +enabled$`, 'm'))
  })

  test('rotate makes version 2 current', async () => {
    expect(await box.json('key', 'rotate', 'orders')).toMatchObject({ number: 2, current: true })
    const { versions } = (await box.json('key', 'show', 'orders')) as { versions: Json[] }
    const current = new Map(versions.map((version) => [version['number'], version['current']]))
    expect(current).toEqual(new Map([[1, false], [2, true]])) // prettier-ignore
  })

  test('disable refuses, with the reason; enable allows again', async () => {
    expect(await box.json('key', 'disable', 'orders')).toMatchObject({ state: 'disabled' })
    const refused = await box.fails(4, 'key', 'rotate', 'orders')
    expect(refused.code).toBe('INVALID_STATE')
    expect(refused.explain).toMatchObject({ expected: 'enabled', found: 'disabled' })
    const plain = await box.alone(['key', 'rotate', 'orders'])
    expect(plain.code).toBe(4)
    expect(plain.stderr).toMatch(/^error INVALID_STATE: .*\n {2}because .*found disabled\n {2}\S/)
    expect(await box.json('key', 'enable', 'orders')).toMatchObject({ state: 'enabled' })
  })

  test('delete waits, undelete cancels', async () => {
    const gone = await box.json('key', 'delete', 'orders', '--days', '7')
    expect(gone).toMatchObject({ state: 'pendingDeletion' })
    expect(daysFromNow(gone['deletionAt'])).toBeCloseTo(7, 1)
    expect((await box.fails(4, 'key', 'enable', 'orders')).code).toBe('INVALID_STATE')
    expect(await box.json('key', 'undelete', 'orders')).toMatchObject({ state: 'enabled' })
  })

  test('an alias that is taken, or is none, is refused and leaves no key behind', async () => {
    const before = await box.json('key', 'list')
    const taken = await box.fails(4, 'key', 'create', 'again', '--alias', 'alias/orders')
    expect(taken.code).toBe('ALREADY_EXISTS')
    const none = await box.fails(2, 'key', 'create', 'again', '--alias', 'not an alias')
    expect(none.code).toBe('INVALID_ARGUMENT')
    expect(await box.json('key', 'list')).toEqual(before)
  })

  test('control characters of a name never reach the terminal', async () => {
    const name = 'red\u001b[31m\u202e'
    const made = await box.run(['vault', 'create', name])
    expect(made.stdout).not.toMatch(/[\u001b\u202e]/)
    const listed = await box.run(['vault', 'list'])
    expect(listed.stdout + listed.stderr).not.toMatch(/[\u001b\u202e]/)
    const json = await box.run(['vault', 'list', '--json'])
    expect(json.stdout).not.toMatch(/[\u001b\u202e]/)
    expect(JSON.stringify(JSON.parse(json.stdout))).toContain(JSON.stringify(name))
    const missing = await box.run(['vault', 'show', `${name}x`])
    expect(missing.stderr).not.toMatch(/[\u001b\u202e]/)
  })
})
