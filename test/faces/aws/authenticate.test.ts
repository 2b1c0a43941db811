/** Who asks, by signatures of the official client (contracts: AWS 3). */
import { createHash, createHmac } from 'node:crypto'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { SignatureV4 } from '@smithy/signature-v4'
import { describe, expect, test } from 'vitest'
import { awsFetch, awsHandler, type AwsOptions } from '../../../src/faces/aws/index.ts'
import { Strongroom, VirtualClock } from '../../../src/index.ts'
import { awsFace, serve } from '../../../src/server/index.ts'
import { sharedProvider } from '../../helpers/provider.ts'
import { ask, outcome } from './ask.ts'
import { ACCOUNT, REGION, TRANSPORTS } from './world.ts'

const ALICE = { accessKeyId: 'AKIDALICE', secretAccessKey: 'alice-secret' }
const SESSION = { accessKeyId: 'ASIASESSION', secretAccessKey: 's', sessionToken: 'token/+=' }
const credentials: AwsOptions['credentials'] = {
  AKIDALICE: {
    arn: `arn:aws:iam::${ACCOUNT}:user/alice`,
    secretAccessKey: ALICE.secretAccessKey,
  },
  ASIASESSION: {
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/role/session`,
    secretAccessKey: SESSION.secretAccessKey,
    sessionToken: SESSION.sessionToken,
  },
  AKIDTRUSTED: { arn: `arn:aws:iam::${ACCOUNT}:user/trusted` },
}

/** Far from the time of the clients, which is that of the system. */
const room = await Strongroom.open({
  region: REGION,
  clock: new VirtualClock(new Date('2030-01-01T00:00:00Z')),
  crypto: await sharedProvider(),
})
const OVER = ['handler', 'server'] as const

describe.each(OVER)('through the %s', (over) => {
  const client = (who: KMSClient['config']['credentials'] | object, options: AwsOptions = {}) =>
    TRANSPORTS[over]!(room, { credentials, ...options }, { credentials: who as never })
  const listed = (who: object, options?: AwsOptions) =>
    outcome(client(who, options), 'ListKeys', {})

  test('who signs with the secret, and the token of a session', async () => {
    expect(await listed(ALICE)).toBe('ok')
    expect(await listed(SESSION)).toBe('ok')
    expect(await listed({ accessKeyId: 'AKIDTRUSTED', secretAccessKey: 'any' })).toBe('ok')
  })

  test.each<[string, object, string]>([
    [
      'another secret',
      { ...ALICE, secretAccessKey: 'mallory' },
      'InvalidSignatureException: The request signature we calculated does not match the ' +
        'signature you provided. Check your AWS Secret Access Key and signing method. Consult ' +
        'the service documentation for details.',
    ],
    [
      'an unknown access key id',
      { accessKeyId: 'AKIDMALLORY', secretAccessKey: 'm' },
      'UnrecognizedClientException: The security token included in the request is invalid.',
    ],
    [
      'no token of a session',
      { ...SESSION, sessionToken: undefined },
      'UnrecognizedClientException: The security token included in the request is invalid.',
    ],
    [
      'another token',
      { ...SESSION, sessionToken: 'other' },
      'UnrecognizedClientException: The security token included in the request is invalid.',
    ],
    [
      'a token that nobody gave',
      { ...ALICE, sessionToken: 'token' },
      'UnrecognizedClientException: The security token included in the request is invalid.',
    ],
    [
      'a token of one without a secret',
      { accessKeyId: 'AKIDTRUSTED', secretAccessKey: 'any', sessionToken: 'token' },
      'UnrecognizedClientException: The security token included in the request is invalid.',
    ],
  ])('%s', async (_, who, expected) => {
    expect(await listed(who)).toBe(expected)
  })
})

describe('who is not known', () => {
  const request = (headers: Record<string, string>) => ({
    method: 'POST',
    url: '/',
    headers: { 'x-amz-target': 'TrentService.ListKeys', ...headers },
    body: '{}',
  })
  const answered = async (options: AwsOptions, headers: Record<string, string> = {}) => {
    const { status, body } = await awsHandler(room, options)(request(headers))
    return [status, (JSON.parse(body) as { __type?: string }).__type]
  }

  test('is anybody without credentials', async () => {
    expect(await answered({})).toEqual([200, undefined])
    expect(await answered({}, { authorization: 'nonsense' })).toEqual([200, undefined])
  })

  test('is nobody with them, unless the option says otherwise', async () => {
    expect(await answered({ credentials })).toEqual([400, 'MissingAuthenticationTokenException'])
    const any = { credentials, anyCredentials: true }
    expect(await answered(any)).toEqual([200, undefined])
    // Whoever says who they are has to prove it all the same.
    expect(await answered(any, { authorization: 'AWS4-HMAC-SHA256 x' })).toEqual([
      400,
      'IncompleteSignatureException',
    ])
    const mallory = TRANSPORTS['handler']!(room, any, {
      credentials: { ...ALICE, secretAccessKey: 'mallory' },
    })
    expect((await outcome(mallory, 'ListKeys', {})).split(':')[0]).toBe('InvalidSignatureException')
    const stranger = TRANSPORTS['handler']!(room, any, {
      credentials: { accessKeyId: 'AKIDSTRANGER', secretAccessKey: 's' },
    })
    expect(await outcome(stranger, 'ListKeys', {})).toBe('ok')
  })
})

describe('time', () => {
  const at = (ms: number, more: AwsOptions = {}) =>
    TRANSPORTS['handler']!(
      room,
      { credentials, signatureTime: () => new Date(Date.now() + ms), ...more },
      { credentials: ALICE },
    )

  test('five minutes to either side, by the time that the option gives', async () => {
    expect(await outcome(at(290_000), 'ListKeys', {})).toBe('ok')
    expect(await outcome(at(-290_000), 'ListKeys', {})).toBe('ok')
    expect(await outcome(at(310_000), 'ListKeys', {})).toMatch(
      /^InvalidSignatureException: Signature expired: \d{8}T\d{6}Z is now earlier than /,
    )
    expect(await outcome(at(-310_000), 'ListKeys', {})).toMatch(
      /^InvalidSignatureException: Signature not yet current: /,
    )
  })

  test('another window, or none', async () => {
    expect(await outcome(at(800_000, { signatureSkewMs: 900_000 }), 'ListKeys', {})).toBe('ok')
    expect(await outcome(at(1e11, { signatureSkewMs: Infinity }), 'ListKeys', {})).toBe('ok')
  })
})

class Sha256 {
  readonly #hash: { update(data: Uint8Array | string): unknown; digest(): Buffer }
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
}

describe('presigned URLs', () => {
  const HEADERS = { 'content-type': 'application/x-amz-json-1.1' }
  /** As botocore makes them: members in the query, nothing in the body. */
  async function presigned(
    operation: string,
    query: Record<string, string>,
    { who = ALICE, expiresIn = 600 }: { who?: typeof ALICE; expiresIn?: number } = {},
  ): Promise<Request> {
    const signer = new SignatureV4({
      credentials: who,
      region: REGION,
      service: 'kms',
      sha256: Sha256 as never,
    })
    const headers = { host: 'kms.example', 'x-amz-target': `TrentService.${operation}`, ...HEADERS }
    const sent = await signer.presign(
      { method: 'POST', protocol: 'https:', hostname: 'kms.example', path: '/', query, headers },
      {
        expiresIn,
        unhoistableHeaders: new Set(['x-amz-target']),
        signableHeaders: new Set(['host', 'content-type', 'x-amz-target']),
      },
    )
    const parts = Object.entries(sent.query as Record<string, string>).map(
      ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    )
    const { host: _, ...others } = headers
    return new Request(`https://kms.example/?${parts.join('&')}`, {
      method: 'POST',
      headers: others,
    })
  }
  const answer = async (request: Request, options: AwsOptions = { credentials }) => {
    const response = await awsFetch(room, options)(request)
    return [response.status, await response.json()] as [number, Record<string, unknown>]
  }

  test('members of every form that a query has', async () => {
    const kms = TRANSPORTS['handler']!(room, { credentials }, { credentials: ALICE })
    const { KeyMetadata } = (await ask(kms, 'CreateKey', {})) as {
      KeyMetadata?: { KeyId: string; Arn: string }
    }
    const { KeyId, Arn } = KeyMetadata!
    const Plaintext = Buffer.from('what is kept').toString('base64')
    const [status, sealed] = await answer(await presigned('Encrypt', { KeyId, Plaintext }))
    expect([status, sealed['KeyId']]).toEqual([200, Arn])
    const { CiphertextBlob } = sealed as { CiphertextBlob: string }
    const [, opened] = await answer(await presigned('Decrypt', { CiphertextBlob }))
    expect(opened['Plaintext']).toBe(Plaintext)
    const [, dry] = await answer(await presigned('Encrypt', { KeyId, Plaintext, DryRun: 'True' }))
    expect(dry['__type']).toBe('DryRunOperationException')
    const [, random] = await answer(await presigned('GenerateRandom', { NumberOfBytes: '7' }))
    expect(Buffer.from(random['Plaintext'] as string, 'base64')).toHaveLength(7)
  })

  test('lists and maps have no form there', async () => {
    const query = { KeyId: 'k', Plaintext: 'AAAA', EncryptionContext: "{'a': 'b'}" }
    const [status, refused] = await answer(await presigned('Encrypt', query))
    expect([status, refused['__type']]).toEqual([400, 'SerializationException'])
    const number = await answer(await presigned('GenerateRandom', { NumberOfBytes: 'seven' }))
    expect(number[1]['__type']).toBe('SerializationException')
  })

  test('a changed query, another secret and an end that is past', async () => {
    const type = async (request: Request, options?: AwsOptions) =>
      (await answer(request, options))[1]['__type']
    const good = await presigned('GenerateRandom', { NumberOfBytes: '7' })
    const changed = new Request(good.url.replace('NumberOfBytes=7', 'NumberOfBytes=8'), good)
    expect(await type(changed)).toBe('InvalidSignatureException')
    const mallory = await presigned('ListKeys', {}, { who: { ...ALICE, secretAccessKey: 'm' } })
    expect(await type(mallory)).toBe('InvalidSignatureException')
    const later = { credentials, signatureTime: () => new Date(Date.now() + 601_000) }
    expect(await type(await presigned('ListKeys', {}), later)).toBe('InvalidSignatureException')
    const target = await presigned('ListKeys', {})
    target.headers.set('x-amz-target', 'TrentService.ListAliases')
    expect(await type(target)).toBe('InvalidSignatureException')
  })

  test('an operation that is none', async () => {
    const [, refused] = await answer(await presigned('Destroy', { KeyId: 'k' }))
    expect(refused['__type']).toBe('UnknownOperationException')
  })
})

describe('a server that everybody can reach', () => {
  test.each<[string, AwsOptions, boolean]>([
    ['nobody is known', {}, false],
    ['anybody may', { credentials, anyCredentials: true }, false],
    ['somebody is believed', { credentials }, false],
    ['all have to sign', { credentials: { AKIDALICE: credentials['AKIDALICE']! } }, true],
  ])('%s: %#', (_, options, authenticates) => {
    expect(awsFace(room, options).authenticates).toBe(authenticates)
  })

  test('answers who signs', async () => {
    const known = { AKIDALICE: credentials['AKIDALICE']! }
    const server = await serve(room, { faces: [awsFace(room, { credentials: known })], port: 0 })
    try {
      const client = (who: typeof ALICE) =>
        new KMSClient({ region: REGION, endpoint: server.url, credentials: who, maxAttempts: 1 })
      expect((await client(ALICE).send(new ListKeysCommand({}))).Truncated).toBe(false)
      const mallory = client({ ...ALICE, secretAccessKey: 'm' })
      expect((await outcome(mallory, 'ListKeys', {})).split(':')[0]).toBe(
        'InvalidSignatureException',
      )
    } finally {
      await server.close({ drainMs: 100 })
    }
  })
})
