/**
 * Where the seal comes from, and what a wrong one gets. Each opening with a passphrase costs a real
 * scrypt.
 */
import { randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { beforeAll, describe, expect, test } from 'vitest'
import { fromUtf8 } from '../../src/base/bytes.ts'
import { prompt } from '../../src/cli/passphrase.ts'
import type { Sandbox } from './cli.ts'
import { alone, cli, failureOf, sandbox, start } from './cli.ts'

describe('a passphrase', () => {
  let box: Sandbox
  beforeAll(async () => {
    box = await sandbox()
    await writeFile(box.path('pass'), 'open sesame\r\n')
    const made = await cli(['init', '--work-factor', '17', ...data(), ...file('pass')])
    expect(made).toMatchObject({ code: 0 })
  })
  const data = () => ['--data', box.path('store'), '--json']
  const file = (name: string) => ['--passphrase-file', box.path(name)]
  const list = () => ['vault', 'list', ...data()]

  test('opens from a file, without its line ending, and from the environment', async () => {
    expect(await cli([...list(), ...file('pass')])).toMatchObject({ code: 0 })
    const env = { STRONGROOM_PASSPHRASE: 'open sesame' }
    expect(await alone(list(), { env })).toMatchObject({ code: 0 })
  })

  test('that is wrong is refused with exit code 5, whatever the kind', async () => {
    const env = { STRONGROOM_PASSPHRASE: 'open sesam' }
    expect(failureOf(await cli(list(), { env }), 5).code).toBe('WRONG_SEAL')
    const key = await cli([...list(), '--key-file', box.path('key')])
    expect(failureOf(key, 5).code).toBe('WRONG_SEAL')
  })

  test('in a file goes before the environment', async () => {
    const env = { STRONGROOM_PASSPHRASE: 'open sesame' }
    await writeFile(box.path('wrong'), 'wrong')
    expect(failureOf(await cli([...list(), ...file('wrong')], { env }), 5).code).toBe('WRONG_SEAL')
  })

  test('that is nowhere is asked for on a terminal only', async () => {
    const failure = failureOf(await cli(list()), 2)
    expect(failure.code).toBe('INVALID_ARGUMENT')
    expect(failure.message).toContain('STRONGROOM_PASSPHRASE')
    const empty = await cli(list(), { env: { STRONGROOM_PASSPHRASE: '' } })
    expect(failureOf(empty, 2).code).toBe('INVALID_ARGUMENT')
  })

  test.each([
    ['an empty passphrase file', '--passphrase-file', Buffer.from('\n')],
    ['a huge passphrase file', '--passphrase-file', randomBytes(5000)],
    ['a passphrase file that is not UTF-8', '--passphrase-file', Buffer.from([0xff, 0xfe, 0x61])],
    ['a short key file', '--key-file', randomBytes(31)],
    ['a long key file', '--key-file', randomBytes(33)],
  ])('%s is refused', async (_, option, content) => {
    await writeFile(box.path('bad'), content)
    const failure = failureOf(await cli([...list(), option, box.path('bad')]), 2)
    expect(failure.code).toBe('INVALID_ARGUMENT')
    expect(failureOf(await cli([...list(), option, box.path('absent')]), 2).message).toContain(
      'there is none',
    )
  })

  test.each(['16', '21', 'x'])('a work factor of %s is refused', async (factor) => {
    const args = ['init', '--work-factor', factor, '--data', box.path('new'), '--json']
    expect(failureOf(await cli([...args, ...file('pass')]), 2).code).toBe('INVALID_ARGUMENT')
  })

  test('never appears in what is shown', async () => {
    const env = { STRONGROOM_PASSPHRASE: 'swordfish swordfish' }
    const ran = await cli(list(), { env })
    expect(ran.stdout + ran.stderr).not.toContain('swordfish')
  })
})

describe('a store that another process has open', () => {
  test('is refused with exit code 7', async () => {
    const box = await sandbox()
    await box.json('init')
    await box.json('vault', 'create', 'v')
    await box.json('key', 'create', 'k')
    const args = ['encrypt', '-', '--key', 'k', '-o', box.path('out')]
    const holder = await start([
      ...args, '--data', box.path('store'), '--key-file', box.path('key'),
    ]) // prettier-ignore
    const ended = new Promise<unknown>((resolve) => holder.on('close', resolve))
    holder.stdin.write('x')
    // What it writes beside the output tells that it has the store.
    const open = async () => (await readdir(box.folder)).some((name) => name.includes('partial'))
    while (!(await open())) await new Promise((done) => setTimeout(done, 20))
    expect((await box.fails(7, 'vault', 'list')).code).toBe('STORE_LOCKED')
    holder.stdin.end()
    expect(await ended).toBe(0)
    expect(await box.json('vault', 'list')).toMatchObject({ vaults: [{ displayName: 'v' }] })
  })
})

/** A terminal that is typed on. */
class Terminal extends PassThrough {
  readonly modes: boolean[] = []
  setRawMode(mode: boolean): this {
    this.modes.push(mode)
    return this
  }
}

async function typed(...keys: readonly string[]) {
  const input = new Terminal()
  const output = new PassThrough()
  for (const key of keys) input.write(key)
  const answer = prompt('Say: ', input as unknown as ReadStream, output)
  const bytes = await answer.catch((error: unknown) => error)
  return { bytes, input, shown: String(output.read()) }
}

describe('the prompt', () => {
  test.each([
    [['secret\r'], 'secret'],
    [['se', 'cr', 'et\n'], 'secret'],
    [['sex\u007fcret\r'], 'secret'],
    [['wrong\u0015secret\r'], 'secret'],
    [['grün\u007f\u007fün\u0004'], 'grün'],
    [['\u007f\u007fa\r'], 'a'],
    [['secret\rnext'], 'secret'],
  ])('%j is read', async (keys, line) => {
    const { bytes, input, shown } = await typed(...keys)
    expect(fromUtf8(bytes as Uint8Array)).toBe(line)
    expect(shown).toBe('Say: \n')
    expect(input.modes).toEqual([true, false])
  })

  test('what was typed ahead answers the next question', async () => {
    const { input } = await typed('one\rtwo\r')
    const next = await prompt('Again: ', input as unknown as ReadStream, new PassThrough())
    expect(fromUtf8(next)).toBe('two')
  })

  test('the terminal echoes nothing from before the question on', async () => {
    const input = new Terminal()
    const output = new PassThrough()
    const asked = new Promise<boolean[]>((resolve) =>
      output.once('data', () => resolve([...input.modes])),
    )
    const answer = prompt('Say: ', input as unknown as ReadStream, output)
    expect(await asked).toEqual([true])
    input.write('x\r')
    expect(fromUtf8(await answer)).toBe('x')
  })

  test('Ctrl-C cancels, and the terminal is as before', async () => {
    const { bytes, input } = await typed('sec\u0003')
    expect(bytes).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(input.modes).toEqual([true, false])
  })
})
