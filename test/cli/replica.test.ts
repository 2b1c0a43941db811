/** Two stores of one realm on one disk: `realm-card`, `init --join`, `replica ...`. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { cli, failureOf, stocked, type Json, type Sandbox } from './cli.ts'

/** Runs at the second store, with `--json`. */
function second(box: Sandbox) {
  const globals = [
    '--data',
    box.path('eu'),
    '--key-file',
    box.path('eu-key'),
    '--at',
    'eu',
    '--json',
  ]
  const from = ['--from', box.path('store'), '--from-key-file', box.path('key'), '--from-at', 'us']
  const run = (...args: string[]) => cli([...args, ...globals], { cwd: box.folder })
  const json = async (...args: string[]): Promise<Json> => {
    const ran = await run(...args)
    if (ran.code !== 0) throw new Error(`${args.join(' ')}: exit ${ran.code}\n${ran.stderr}`)
    return JSON.parse(ran.stdout) as Json
  }
  return { run, json, from }
}

test('a vault is followed into another store, which takes it over', async () => {
  const box = await stocked()
  await writeFile(box.path('eu-key'), randomBytes(32))
  await writeFile(box.path('card-key'), randomBytes(32))
  await writeFile(box.path('letter'), 'across the sea')
  const card = ['--card-key-file', box.path('card-key')]
  await box.json('realm-card', '-o', 'card', ...card)
  const eu = second(box)
  await eu.json('init', '--at', 'eu', '--join', 'card', ...card)
  await box.run(['encrypt', 'letter', '--key', 'files'])

  expect(await box.json('replica', 'add', 'shop', '--region', 'eu', '--at', 'us')).toMatchObject({
    region: 'eu',
    status: 'CREATING',
  })
  const { followed } = await eu.json('replica', 'pull', ...eu.from)
  expect(followed).toMatchObject([{ region: 'us', snapshot: true, dropped: false }])
  expect(await box.json('replica', 'list', 'shop', '--at', 'us')).toMatchObject({
    replicas: [{ region: 'eu', status: 'CREATED' }],
  })
  const opened = await eu.run('decrypt', 'letter.strongroom', '-o', 'copy')
  expect(opened.code).toBe(0)
  expect(failureOf(await eu.run('key', 'disable', 'files'), 4).code).toBe('READ_ONLY_REPLICA')

  const alone = await eu.run('replica', 'promote', 'shop')
  expect(failureOf(alone, 6).code).toBe('UNAVAILABLE')
  expect(await eu.json('replica', 'promote', 'shop', ...eu.from)).toMatchObject({ role: 'primary' })
  const disabled = await eu.json('key', 'disable', 'files')
  const { replicationId } = disabled as { readonly replicationId: string }
  expect(await eu.json('replica', 'status', 'shop', replicationId)).toMatchObject({
    replicas: [{ region: 'us', status: 'REPLICATING' }],
  })
  const back = ['--from', box.path('eu'), '--from-key-file', box.path('eu-key')]
  await box.json('replica', 'pull', ...back, '--at', 'us')
  expect(await box.json('key', 'show', 'files', '--at', 'us')).toMatchObject({ state: 'disabled' })
  expect(await eu.json('replica', 'remove', 'shop', '--region', 'us')).toMatchObject({
    status: 'DELETING',
  })
  const gone = await box.run(['replica', 'pull', ...back, '--at', 'us'])
  expect(gone.stdout).toContain('let go')
  expect(await box.json('vault', 'list', '--at', 'us')).toEqual({ vaults: [] })
})
