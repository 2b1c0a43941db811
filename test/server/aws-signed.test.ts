/** Signatures of boto3, in headers and in presigned URLs, where it is installed (contracts: AWS 3). */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Strongroom } from '../../src/index.ts'
import { awsFace, serve } from '../../src/server/index.ts'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('boto3-signed.py', import.meta.url))
/** Nothing of the machine's own configuration takes part. */
const env = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
  PYTHONDONTWRITEBYTECODE: '1',
  PYENV_VERSION: process.env['PYENV_VERSION'],
}

async function firstWithBoto3(...candidates: readonly string[]): Promise<string | undefined> {
  for (const command of candidates) {
    const found = run(command, ['-c', 'import boto3'], { env })
    if (await found.then(Boolean, () => false)) return command
  }
  return undefined
}
const python = await firstWithBoto3('python3', '/usr/bin/python3')
if (!python) console.warn('boto3 is not installed: its signatures are left out.')

test.runIf(python)(
  'what boto3 signs',
  async () => {
    const room = await Strongroom.open()
    const arn = 'arn:aws:iam::111122223333:user/alice'
    const credentials = {
      AKIDALICE: { arn, secretAccessKey: 'alice-secret' },
      ASIASESSION: { arn, secretAccessKey: 'session-secret', sessionToken: 'token/+=' },
    }
    const server = await serve(room, { faces: [awsFace(room, { credentials })], port: 0 })
    try {
      const { stdout } = await run(python!, [SCRIPT, server.url], { env })
      expect(JSON.parse(stdout)).toEqual({
        signed: 200,
        'of a session': 200,
        'another secret': 'InvalidSignatureException',
        presigned: ['Plaintext'],
        'presigned by a session': ['Keys', 'Truncated'],
        'for another operation': 'InvalidSignatureException',
        changed: 'InvalidSignatureException',
      })
    } finally {
      await server.close({ drainMs: 100 })
      await room.close()
    }
  },
  60_000,
)
