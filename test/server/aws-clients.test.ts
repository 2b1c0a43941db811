/** The clients of other languages, unmodified, over HTTP: the AWS CLI and boto3, where they are installed. */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { awsFace, serve, type RunningServer } from '../../src/server/index.ts'
import { freshPath } from '../engine/support.ts'

const run = promisify(execFile)
const STORY = fileURLToPath(new URL('boto3-story.py', import.meta.url))
const START = new Date('2026-01-01T00:00:00.000Z')
/** Nothing of the machine's own configuration takes part. */
const ENVIRONMENT = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_DEFAULT_REGION: 'eu-central-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
  PYTHONDONTWRITEBYTECODE: '1',
  PYENV_VERSION: process.env['PYENV_VERSION'],
}

/** Which of these runs, if any. */
async function firstThatRuns(...candidates: readonly (readonly string[])[]) {
  for (const [command = '', ...args] of candidates)
    if (
      await run(command, args, { env: ENVIRONMENT }).then(
        () => true,
        () => false,
      )
    )
      return command
  return undefined
}

const aws = await firstThatRuns(['aws', '--version'], ['/usr/bin/aws', '--version'])
const python = await firstThatRuns(
  ['python3', '-c', 'import boto3'],
  ['/usr/bin/python3', '-c', 'import boto3'],
)
if (!aws) console.warn('The AWS CLI is not installed: its tests are left out.')
if (!python) console.warn('boto3 is not installed: its tests are left out.')

let room: Strongroom
let server: RunningServer
beforeAll(async () => {
  room = await Strongroom.open({ clock: new VirtualClock(START) })
  server = await serve(room, { faces: [awsFace(room)], port: 0 })
})
afterAll(async () => {
  await server.close({ drainMs: 100 })
  await room.close()
})

/** What the CLI prints for a command of KMS, or its refusal. */
async function kms(...args: readonly string[]): Promise<Record<string, unknown>> {
  const given = ['kms', ...args, '--endpoint-url', server.url, '--output', 'json']
  const { stdout } = await run(aws!, given, { env: ENVIRONMENT })
  return stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>)
}

describe.runIf(aws)('the AWS CLI', () => {
  it('makes a key, encrypts and decrypts with it, and shows refusals by name', async () => {
    const { KeyMetadata } = await kms('create-key', '--description', 'orders')
    const { KeyId, CreationDate } = KeyMetadata as { KeyId: string; CreationDate: string | number }
    // Version 1 prints seconds.
    const created = typeof CreationDate === 'number' ? CreationDate * 1000 : CreationDate
    expect(new Date(created)).toEqual(START)
    await kms('create-alias', '--alias-name', 'alias/cli', '--target-key-id', KeyId)
    const folder = freshPath()
    await mkdir(folder, { recursive: true })
    const file = (name: string) => join(folder, name)
    await writeFile(file('plain'), 'ten apples')
    const context = ['--encryption-context', 'table=orders']
    const { CiphertextBlob } = await kms(
      ...['encrypt', '--key-id', 'alias/cli', '--plaintext', `fileb://${file('plain')}`],
      ...context,
    )
    await writeFile(file('sealed'), Buffer.from(CiphertextBlob as string, 'base64'))
    const opened = await kms(
      ...['decrypt', '--ciphertext-blob', `fileb://${file('sealed')}`],
      ...context,
    )
    expect(Buffer.from(opened['Plaintext'] as string, 'base64').toString()).toBe('ten apples')
    const listed = await kms('list-aliases')
    expect(listed['Aliases']).toMatchObject([{ AliasName: 'alias/cli', TargetKeyId: KeyId }])
    await expect(kms('describe-key', '--key-id', 'alias/none')).rejects.toMatchObject({
      stderr: expect.stringContaining('NotFoundException') as string,
    })
  })
})

describe.runIf(python)('boto3', () => {
  it('does what a program does with a KMS', async () => {
    const { stdout } = await run(python!, [STORY, server.url], { env: ENVIRONMENT })
    expect(JSON.parse(stdout)).toEqual({
      state: 'Enabled',
      created: expect.stringMatching(/^2026-01-01T/) as string,
      opened: 'ten apples',
      'other context': ['InvalidCiphertextException', '', 400],
      'data key': true,
      signature: true,
      'other message': ['KMSInvalidSignatureException', '', 400],
      mac: true,
      keys: aws ? 4 : 3,
      aliases: aws ? ['alias/cli', 'alias/orders'] : ['alias/orders'],
      tags: [{ TagKey: 'team', TagValue: 'shop' }],
      rotation: false,
      disabled: 'DisabledException',
      deletion: 'PendingDeletion',
      unknown: 'NotFoundException',
      elsewhere: 0,
      random: 16,
    })
  })
})
