/** `encrypt` and `decrypt`: whole files or nothing, of any size, with memory that does not grow. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from './cli.ts'
import { failureOf, start, stocked } from './cli.ts'

const CHUNK = 65_536

let box: Sandbox
beforeAll(async () => {
  box = await stocked()
})

const seal = () => ['--data', box.path('store'), '--key-file', box.path('key')]
/** Nothing was left beside the files. */
const partials = async () => (await readdir(box.folder)).filter((name) => /partial/.test(name))

describe('files', () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])('of %i bytes', async (length) => {
    const name = `plain-${length}`
    const content = randomBytes(length)
    await writeFile(box.path(name), content)
    const made = await box.json('encrypt', name, '--key', 'files')
    expect(made).toMatchObject({ output: `${name}.strongroom`, bytes: length })
    const sealed = await readFile(box.path(`${name}.strongroom`))
    const chunks = Math.max(1, Math.ceil(length / CHUNK))
    expect(sealed.length).toBe(10 + 2 + 122 + 32 + length + 16 * chunks)
    const opened = await box.json('decrypt', `${name}.strongroom`, '-o', `${name}.copy`)
    expect(opened).toMatchObject({ keyId: made['keyId'], bytes: length })
    expect((await readFile(box.path(`${name}.copy`))).equals(content)).toBe(true)
    expect(await partials()).toEqual([])
  })

  test('the same file never gives the same bytes', async () => {
    await writeFile(box.path('twice'), 'hello')
    await box.json('encrypt', 'twice', '--key', 'files', '-o', 'twice.1')
    await box.json('encrypt', 'twice', '--key', 'alias/files', '-o', 'twice.2')
    const [one, two] = [await readFile(box.path('twice.1')), await readFile(box.path('twice.2'))]
    expect(one.equals(two)).toBe(false)
    expect(one.includes('hello')).toBe(false)
  })

  test('standard input and output, and a context', async () => {
    const content = randomBytes(100_000)
    const context = ['--context', 'b=2', '--context', 'a=1=1']
    const sealed = await box.alone(['encrypt', '-', '--key', 'files', ...context], {
      input: content,
    })
    expect(sealed).toMatchObject({ code: 0, stderr: '' })
    const swapped = ['--context', 'a=1=1', '--context', 'b=2']
    const opened = await box.alone(['decrypt', '-', ...swapped], { input: sealed.bytes })
    expect(opened).toMatchObject({ code: 0, stderr: '' })
    expect(opened.bytes.equals(content)).toBe(true)
    for (const wrong of [[], ['--context', 'b=2'], ['--context', 'b=2', '--context', 'a=1']]) {
      const ran = await box.run(['decrypt', '-', ...wrong], { input: sealed.bytes })
      expect(ran).toMatchObject({ code: 5, stdout: '' })
      expect(ran.stderr).toMatch(/^error INVALID_CIPHERTEXT: /)
    }
  })

  test('text for people tells what was written where', async () => {
    await writeFile(box.path('told'), 'told')
    const ran = await box.run(['encrypt', 'told', '--key', 'files'])
    expect(ran.stdout).toMatch(
      /^input +told\noutput +told\.strongroom\nbytes +4\nkey +\S+\nversion/,
    )
  })

  test('rotation keeps old files readable', async () => {
    await writeFile(box.path('old'), 'old')
    const before = await box.json('encrypt', 'old', '--key', 'files')
    await box.json('key', 'rotate', 'files')
    const opened = await box.json('decrypt', 'old.strongroom', '-o', 'old.copy')
    expect(opened['versionId']).toBe(before['versionId'])
    const after = await box.json('encrypt', 'old', '--key', 'files', '--force')
    expect(after['versionId']).not.toBe(before['versionId'])
  })
})

describe('outputs', () => {
  test('an existing file is replaced only with --force', async () => {
    await writeFile(box.path('once'), 'once')
    await writeFile(box.path('once.strongroom'), 'precious')
    const failure = await box.fails(4, 'encrypt', 'once', '--key', 'files')
    expect(failure.code).toBe('ALREADY_EXISTS')
    expect(await readFile(box.path('once.strongroom'), 'utf8')).toBe('precious')
    await box.json('encrypt', 'once', '--key', 'files', '--force')
    await box.json('decrypt', 'once.strongroom', '-o', 'once', '--force')
    expect(await readFile(box.path('once'), 'utf8')).toBe('once')
  })

  test('what was decrypted is readable by its owner alone', async () => {
    await writeFile(box.path('mode'), 'mode')
    await box.json('encrypt', 'mode', '--key', 'files')
    await box.json('decrypt', 'mode.strongroom', '-o', 'mode.copy')
    expect((await stat(box.path('mode.copy'))).mode & 0o777).toBe(0o600)
  })

  test.each([
    [['encrypt', 'absent', '--key', 'files'], 2, 'INVALID_ARGUMENT', 'there is none'],
    [['encrypt', '.', '--key', 'files', '-o', 'x'], 2, 'INVALID_ARGUMENT', 'it is a folder'],
    [['encrypt', 'key', '--key', 'none'], 3, 'NOT_FOUND', 'none'],
    [['encrypt', 'key', '--key', 'files', '-o', 'no/x'], 2, 'INVALID_ARGUMENT', 'there is none'],
    [['encrypt', 'key', '--key', 'files', '-o', '-'], 2, 'INVALID_ARGUMENT', '--json'],
    [['decrypt', 'key'], 2, 'INVALID_ARGUMENT', '-o FILE'],
    [['decrypt', 'key', '-o', 'x'], 5, 'INVALID_CIPHERTEXT', 'STRONGRM'],
  ])('%j fails and leaves nothing', async (args, exit, code, what) => {
    const before = (await readdir(box.folder)).sort()
    const failure = await box.fails(exit, ...args)
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(what)
    expect((await readdir(box.folder)).sort()).toEqual(before)
  })

  test('a disabled key opens no file, and says why', async () => {
    await box.json('key', 'create', 'other')
    await writeFile(box.path('shut'), 'shut')
    await box.json('encrypt', 'shut', '--key', 'other')
    await box.json('key', 'disable', 'other')
    const failure = await box.fails(4, 'decrypt', 'shut.strongroom', '-o', 'shut.copy')
    expect(failure).toMatchObject({ code: 'INVALID_STATE', explain: { found: 'disabled' } })
    expect((await box.fails(4, 'encrypt', 'shut', '--key', 'other', '--force')).code).toBe(
      'INVALID_STATE',
    )
    expect(existsSync(box.path('shut.copy'))).toBe(false)
    expect(await partials()).toEqual([])
  })

  test('a signal leaves nothing behind and ends the command as signals do', async () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      const args = ['encrypt', '-', '--key', 'files', '-o', 'interrupted', ...seal()]
      const child = await start(args, { cwd: box.folder })
      child.stdin.on('error', () => undefined)
      const ended = new Promise<unknown>((resolve) => child.on('close', (_, by) => resolve(by)))
      child.stdin.write(randomBytes(1_000_000))
      while ((await partials()).length === 0) await new Promise((done) => setTimeout(done, 20))
      child.kill(signal)
      expect(await ended).toBe(signal)
      expect(existsSync(box.path('interrupted'))).toBe(false)
      expect(await partials()).toEqual([])
    }
  })
})

describe('a large file', () => {
  const LENGTH = 96 * 1024 * 1024
  /**
   * Half of the file: above a tiny one, a pass has two chunks and the garbage that Node has not
   * collected yet.
   */
  const GROWTH_BYTES_MAX = LENGTH / 2

  /** Runs a command that writes its peak memory, in bytes, to `peak`. */
  async function peakOf(args: readonly string[]): Promise<number> {
    const ran = await box.alone(args, { node: ['--import', box.path('probe.mjs')] })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    return Number(await readFile(box.path('peak'), 'utf8'))
  }

  async function digest(name: string): Promise<string> {
    const hash = createHash('sha256')
    const file = await open(box.path(name))
    for await (const chunk of file.createReadStream()) hash.update(chunk as Buffer)
    return hash.digest('hex')
  }

  test('passes with little more memory than a small one', { timeout: 600_000 }, async () => {
    await writeFile(
      box.path('probe.mjs'),
      `import { writeFileSync } from 'node:fs'
       process.on('exit', () =>
         writeFileSync('peak', String(process.resourceUsage().maxRSS * 1024)))`,
    )
    const file = await open(box.path('large'), 'w')
    for (let at = 0; at < LENGTH; at += 1 << 20) await file.write(randomBytes(1 << 20))
    await file.close()
    await writeFile(box.path('small'), 'small')
    const growth = async (args: readonly string[], suffix = '') => {
      const base = await peakOf([...args, `small${suffix}`])
      return (await peakOf([...args, `large${suffix}`])) - base
    }
    const original = await digest('large')
    const sealing = ['encrypt', '--key', 'files']
    expect(await growth(sealing)).toBeLessThan(GROWTH_BYTES_MAX)
    expect(await growth([...sealing, '-o', '-'])).toBeLessThan(GROWTH_BYTES_MAX)
    expect(await growth(['decrypt', '--force'], '.strongroom')).toBeLessThan(GROWTH_BYTES_MAX)
    expect(await digest('large')).toBe(original)
    expect((await stat(box.path('large'))).mode & 0o777).toBe(0o600)
  })
})

describe('damaged files, through the command', () => {
  test('every kind of damage is refused with exit code 5, and nothing is released', async () => {
    await writeFile(box.path('whole'), randomBytes(2 * CHUNK + 100))
    await box.json('encrypt', 'whole', '--key', 'files')
    const sealed = await readFile(box.path('whole.strongroom'))
    const headerBytes = sealed.length - (2 * CHUNK + 100) - 3 * 16
    const flipped = (at: number) => {
      const copy = Buffer.from(sealed)
      copy[at]! ^= 1
      return copy
    }
    const first = headerBytes + CHUNK + 16
    const damages = {
      empty: Buffer.alloc(0),
      'cut in the header': sealed.subarray(0, 40),
      'header alone': sealed.subarray(0, headerBytes),
      'cut between chunks': sealed.subarray(0, first),
      'cut in a chunk': sealed.subarray(0, sealed.length - 1),
      lengthened: Buffer.concat([sealed, Buffer.from('x')]),
      'last chunk twice': Buffer.concat([sealed, sealed.subarray(first + CHUNK + 16)]),
      'chunks swapped': Buffer.concat([
        sealed.subarray(0, headerBytes),
        sealed.subarray(first, first + CHUNK + 16),
        sealed.subarray(headerBytes, first),
        sealed.subarray(first + CHUNK + 16),
      ]),
      'data key flipped': flipped(70),
      'salt flipped': flipped(headerBytes - 1),
      'body flipped': flipped(headerBytes + 500),
      'last tag flipped': flipped(sealed.length - 1),
    }
    for (const [name, bytes] of Object.entries(damages)) {
      await writeFile(box.path('damaged.strongroom'), bytes)
      const ran = await box.run(['decrypt', 'damaged.strongroom', '--json'])
      expect(failureOf(ran, 5).code, name).toBe('INVALID_CIPHERTEXT')
      expect(existsSync(box.path('damaged')), name).toBe(false)
      expect(await partials(), name).toEqual([])
    }
  })
})
