/** `strongroom serve`: tells where it listens, serves every face, and ends with what is under way. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { expect, test } from 'vitest'
import { failureOf, start, stocked } from './cli.ts'

interface Listening {
  readonly listening: { readonly url: string; readonly vaults: Readonly<Record<string, string>> }
}

test('serves the store until it is interrupted, and leaves it free', async () => {
  const box = await stocked()
  const seal = ['--data', box.path('store'), '--key-file', box.path('key')]
  const child = await start(['serve', '--port', '0', '--access-log', '--json', ...seal])
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { listening } = JSON.parse((await lines.next()).value as string) as Listening
  const { url, vaults } = listening
  expect(Object.keys(vaults)).toHaveLength(1)
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' })
  expect(await (await fetch(url)).json()).toMatchObject({
    faces: ['aws', 'azure', 'oci', 'replication'],
    vaults,
  })
  const [of] = Object.values(vaults)
  const keys = await fetch(`${of}/20180608/keys?compartmentId=ocid1.compartment.oc1..aaa`)
  expect(keys.status).toBe(200)
  child.kill('SIGTERM')
  const rest: string[] = []
  for (let line = await lines.next(); !line.done; line = await lines.next()) rest.push(line.value)
  expect(JSON.parse(rest.join('\n'))).toEqual({ closed: 'SIGTERM' })
  if (child.exitCode === null) await once(child, 'exit')
  expect(child.exitCode).toBe(0)
  const logged = errors
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { status: number })
  expect(logged).toHaveLength(3)
  expect(await box.json('vault', 'list')).toMatchObject({ vaults: [{ displayName: 'shop' }] })
})

test('an address of the world, half a certificate and a port that is none are refused', async () => {
  const box = await stocked()
  const refused = async (...args: string[]) => {
    const ran = await box.run(['serve', ...args, '--json'])
    return failureOf(ran, 2).code
  }
  expect(await refused('--host', '0.0.0.0')).toBe('INVALID_ARGUMENT')
  expect(await refused('--tls-cert', box.path('key'))).toBe('INVALID_ARGUMENT')
  expect(await refused('--port', '70000')).toBe('INVALID_ARGUMENT')
})

test('makes the keys of a seed, and lets in whom its credentials name', async () => {
  const box = await stocked()
  const file = async (name: string, value: unknown) => {
    await writeFile(box.path(name), JSON.stringify(value))
    return box.path(name)
  }
  const arn = 'arn:aws:iam::111122223333:user/alice'
  const credentials = { accessKeyId: 'AKIDALICE', secretAccessKey: 'alice-secret' }
  const child = await start([
    ...['serve', '--port', '0', '--json', '--host', '127.0.0.1'],
    ...['--data', box.path('store'), '--key-file', box.path('key')],
    ...['--seed', await file('seed', [{ Region: 'eu-west-1', Aliases: ['alias/orders'] }])],
    ...[
      '--credentials',
      await file('who', { aws: { AKIDALICE: { arn, secretAccessKey: 'alice-secret' } } }),
    ],
  ])
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { listening } = JSON.parse((await lines.next()).value as string) as Listening
  const client = (secretAccessKey: string) =>
    new KMSClient({
      region: 'eu-west-1',
      endpoint: listening.url,
      maxAttempts: 1,
      credentials: { ...credentials, secretAccessKey },
    })
  const describe = new DescribeKeyCommand({ KeyId: 'alias/orders' })
  const { KeyMetadata } = await client('alice-secret').send(describe)
  expect(KeyMetadata).toMatchObject({ KeyState: 'Enabled', AWSAccountId: '111122223333' })
  await expect(client('another').send(describe)).rejects.toMatchObject({
    name: 'InvalidSignatureException',
  })
  child.kill('SIGTERM')
  if (child.exitCode === null) await once(child, 'exit')
})

test('a seed or credentials of another form are refused, and nothing of them is shown', async () => {
  const box = await stocked()
  await writeFile(box.path('odd'), '{"hunter2": true')
  await writeFile(box.path('oddly'), '{"aws":{"hunter2":{}}}')
  for (const [option, name] of [
    ['--seed', 'odd'],
    ['--seed', 'oddly'],
    ['--credentials', 'odd'],
    ['--credentials', 'oddly'],
  ] as const) {
    const ran = await box.run(['serve', '--port', '0', option, box.path(name), '--json'])
    expect(failureOf(ran, 2).code).toBe('INVALID_ARGUMENT')
    expect(ran.stdout + ran.stderr).not.toContain('hunter2')
  }
})
