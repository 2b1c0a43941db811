/** `strongroom demo`: the first thing that anyone runs. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { alone, cli, failureOf, sandbox } from './cli.ts'

describe('demo', () => {
  test('shows the life of a key, step by step, and leaves nothing', async () => {
    const box = await sandbox()
    await writeFile(box.path('letter.txt'), randomBytes(70_000))
    await mkdir(box.path('tmp'))
    const env = { TMPDIR: box.path('tmp') }
    const ran = await alone(['demo', box.path('letter.txt')], { env })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const steps = [...ran.stdout.matchAll(/^(\d)\. (.+)\n {3}(.+)$/gm)]
    expect(steps.map(([, number]) => Number(number))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    const results = steps.map((step) => step[3]!)
    expect(results[2]).toContain('70000 bytes')
    expect(results[3]).toContain('Version 2')
    expect(results[4]).toContain('found disabled')
    expect(results[6]).toContain('found pendingDeletion')
    expect(results[7]).toContain('the key is deleted')
    expect(results[8]).toContain('found deleted')
    expect(ran.stdout.trimEnd().split('\n').at(-1)).toContain('All nine steps behaved')
    expect(await readdir(box.path('tmp'))).toEqual([])
  })

  test('--json answers the steps, --data keeps the store', async () => {
    const box = await sandbox()
    const args = ['demo', '--json', '--data', box.path('kept'), box.path('key')]
    const ran = await cli(args)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const { steps } = JSON.parse(ran.stdout) as { steps: { step: string; result: string }[] }
    expect(steps).toHaveLength(9)
    expect(existsSync(box.path('kept'))).toBe(true)
    expect(failureOf(await cli(args), 4).code).toBe('STORE_EXISTS')
  })

  test('a file that is not there is an error', async () => {
    const box = await sandbox()
    const ran = await cli(['demo', box.path('absent')])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(/^error INVALID_ARGUMENT: .*there is none/)
  })
})
