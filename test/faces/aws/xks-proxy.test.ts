/**
 * The client of the XKS proxy API and the proxy, against the specification
 * (github.com/aws/aws-kms-xksproxy-api-spec, version 1) and each other.
 */
import { createHash } from 'node:crypto'
import https from 'node:https'
import { createServer } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fromBase64, fromHex, toBase64, toHex, utf8 } from '../../../src/base/bytes.ts'
import { signed } from '../../../src/faces/aws/sigv4.ts'
import { XksClient, type XksFetch } from '../../../src/faces/aws/xks/client.ts'
import { isXksFailure, XKS_FAILURES } from '../../../src/faces/aws/xks/failures.ts'
import { decodeFrame, encodeFrame } from '../../../src/faces/aws/xks/frame.ts'
import { ciphertextIn, integrityValue } from '../../../src/faces/aws/xks/messages.ts'
import { Strongroom, StrongroomError } from '../../../src/index.ts'
import { serveXksProxy, VirtualClock, XKS_ERRORS, xksProxy } from '../../../src/testing/index.ts'
import type { XksProxyOptions } from '../../../src/testing/index.ts'
import { sharedProvider } from '../../helpers/provider.ts'
import { CERTIFICATE, PRIVATE_KEY } from './xks-certificate.ts'

const ENDPOINT = 'https://xks.example.com'
const CREDENTIALS = {
  accessKeyId: 'ABCDEFGHIJKLMNOPQRST',
  secretAccessKey: 'FYtE5EFA5FT0mCc3DrGUe2sti527BitkQ0Zr9MO9fvE',
}
const METADATA = {
  awsPrincipalArn: 'arn:aws:iam::123456789012:user/Alice',
  kmsKeyArn: 'arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  kmsOperation: 'Encrypt',
  kmsRequestId: '4112f4d6-db54-4af4-ae30-c55a22a8dfae',
}
const PLAINTEXT = utf8('Hello World!')
const AAD = utf8('project=nile,department=marketing')

let room: Strongroom
let vaultId: string
let keyId: string
const clock = new VirtualClock(new Date('2022-10-12T00:00:00Z'))

beforeAll(async () => {
  room = await Strongroom.open({ clock, crypto: await sharedProvider() })
  vaultId = (await room.createVault({ displayName: 'theirs' })).id
  keyId = await made()
})
afterAll(() => room.close())

const made = async (more: object = {}): Promise<string> =>
  (await room.createKey({ vaultId, displayName: 'external', spec: 'AES_256', ...more })).id

const proxy = (options: Partial<XksProxyOptions> = {}) =>
  xksProxy(room, { ...CREDENTIALS, ...options })

const client = (fetch: XksFetch, change: object = {}): XksClient =>
  new XksClient({
    fetch,
    endpoint: ENDPOINT,
    path: '/kms/xks/v1',
    credentials: CREDENTIALS,
    region: 'us-east-2',
    now: () => room.now(),
    timeoutMs: 2000,
    ...change,
  })

/** The reason of a refusal, or `ok`. */
async function reason(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error
    expect(error.code).toBe('KEY_STORE_FAILED')
    return error.explain!.rule
  }
}

/** A signed request of one's own, for what no client of ours sends. */
function request(path: string, body: string, change: RequestInit = {}): Request {
  const headers = signed(
    { method: 'POST', path, query: '', headers: { host: 'xks.example.com' }, body: utf8(body) },
    CREDENTIALS,
    { region: 'us-east-2', service: 'kms-xks-proxy', now: room.now() },
  )
  return new Request(ENDPOINT + path, { method: 'POST', headers, body, ...change })
}
const answered = async (response: Response): Promise<[number, string | undefined]> => {
  const { errorName } = (await response.json()) as { errorName?: string }
  return [response.status, errorName]
}

describe('the specification', () => {
  test('appendix C: the integrity value of the example of Encrypt', () => {
    const answer = {
      authenticationTag: 'vBxN2ncH1oEkR8WVXpmyYQ==',
      ciphertext: 'ghxkK1txeDNn3q8Y',
      ciphertextDataIntegrityValue: 'qHA/ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc=',
      ciphertextMetadata: 'a2V5X3ZlcnNpb249MQ==',
      initializationVector: 'HMrlRw85cAJUd5Ax',
    }
    const sealed = ciphertextIn(answer, { aad: AAD, lengthBytes: PLAINTEXT.length })!
    expect(toHex(integrityValue(AAD, sealed))).toBe(
      'a8703f2260bd8791ec2d15ea0b23e65a0631eedcf2a13a65cc82db3f47cf5ec7',
    )
    const changed = { ...answer, ciphertext: 'gxxkK1txeDNn3q8Y' }
    expect(ciphertextIn(changed, { aad: AAD, lengthBytes: 12 })).toBeUndefined()
  })

  test('every error of the proxy has its status and its row', () => {
    expect(XKS_ERRORS).toEqual({
      ValidationException: 400,
      InvalidStateException: 400,
      InvalidCiphertextException: 400,
      InvalidKeyUsageException: 400,
      AuthenticationFailedException: 401,
      AccessDeniedException: 403,
      KeyNotFoundException: 404,
      InvalidUriPathException: 404,
      ThrottlingException: 429,
      UnsupportedOperationException: 501,
      DependencyTimeoutException: 503,
      InternalException: 500,
    })
    for (const name of Object.keys(XKS_ERRORS)) expect(isXksFailure(name)).toBe(true)
  })

  /** "Error Codes", table of KMS exceptions: Create/UpdateCustomKeyStore, then CreateKey. */
  test.each([
    ['ValidationException', 'XksProxyInvalidResponse', 'CustomKeyStoreInvalidState'],
    ['InvalidStateException', undefined, 'XksKeyInvalidConfiguration'],
    ['InvalidKeyUsageException', undefined, 'XksKeyInvalidConfiguration'],
    [
      'AuthenticationFailedException',
      'XksProxyIncorrectAuthenticationCredential',
      'CustomKeyStoreInvalidState',
    ],
    ['AccessDeniedException', undefined, 'KMSInvalidState'],
    ['KeyNotFoundException', undefined, 'XksKeyNotFound'],
    ['InvalidUriPathException', 'XksProxyInvalidConfiguration', 'CustomKeyStoreInvalidState'],
    ['DependencyTimeoutException', 'XksProxyUriUnreachable', 'CustomKeyStoreInvalidState'],
    ['ThrottlingException', 'XksProxyUriUnreachable', 'CustomKeyStoreInvalidState'],
    ['InternalException', 'XksProxyInvalidResponse', 'CustomKeyStoreInvalidState'],
    ['Unreachable', 'XksProxyUriUnreachable', 'CustomKeyStoreInvalidState'],
    ['Tls', 'XksProxyUriUnreachable', 'CustomKeyStoreInvalidState'],
    ['TimedOut', 'XksProxyUriUnreachable', 'CustomKeyStoreInvalidState'],
    ['Malformed', 'XksProxyInvalidResponse', 'CustomKeyStoreInvalidState'],
  ] as const)('exceptions of %s', (name, store, key) => {
    const row = XKS_FAILURES[name]
    if (store) expect(row.store).toBe(`${store}Exception`)
    expect(row.key).toBe(`${key}Exception`)
  })
})

describe('the client and the proxy', () => {
  test('health, metadata, encrypt and decrypt', async () => {
    const handler = proxy()
    const xks = client(handler)
    await xks.health({ kmsOperation: 'CreateCustomKeyStore', kmsRequestId: 'r' })
    expect(await xks.metadata(keyId, METADATA)).toEqual({
      keySpec: 'AES_256',
      keyUsage: ['ENCRYPT', 'DECRYPT'],
      keyStatus: 'ENABLED',
    })
    const sealed = await xks.encrypt(keyId, METADATA, { plaintext: PLAINTEXT, aad: AAD })
    expect(sealed.ciphertextMetadata.length).toBeLessThanOrEqual(20)
    expect(await xks.decrypt(keyId, METADATA, { sealed, aad: AAD })).toEqual(PLAINTEXT)
    expect(handler.calls.map(({ operation }) => operation)).toEqual([
      'health',
      'metadata',
      'encrypt',
      'decrypt',
    ])
    expect(handler.calls[2]?.requestMetadata).toEqual(METADATA)
  })

  test('of any length up to 4300 bytes, and with any associated data up to 8192', async () => {
    const xks = client(proxy())
    const bytes = (max: number) => fc.uint8Array({ maxLength: max, size: 'max' })
    await fc.assert(
      fc.asyncProperty(bytes(4300), bytes(8192), async (plaintext, aad) => {
        const sealed = await xks.encrypt(keyId, METADATA, { plaintext, aad })
        expect(decodeFrame(encodeFrame(sealed))).toEqual(sealed)
        expect(await xks.decrypt(keyId, METADATA, { sealed, aad })).toEqual(plaintext)
      }),
      { numRuns: 20, examples: [[new Uint8Array(4300), new Uint8Array(8192)]] },
    )
  })

  test('the key may be rotated over there', async () => {
    const id = await made()
    const xks = client(proxy())
    const sealed = await xks.encrypt(id, METADATA, { plaintext: PLAINTEXT, aad: AAD })
    await room.createKeyVersion({ keyId: id })
    expect(await xks.decrypt(id, METADATA, { sealed, aad: AAD })).toEqual(PLAINTEXT)
  })

  test('nothing that was changed is decrypted', async () => {
    const xks = client(proxy())
    const sealed = await xks.encrypt(keyId, METADATA, { plaintext: PLAINTEXT, aad: AAD })
    const parts = [
      'ciphertext',
      'initializationVector',
      'authenticationTag',
      'ciphertextMetadata',
    ] as const
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...parts), fc.nat(), fc.nat(7), async (part, at, bit) => {
        const bytes = sealed[part].slice()
        bytes[at % bytes.length]! ^= 1 << bit
        const changed = { ...sealed, [part]: bytes }
        expect(await reason(xks.decrypt(keyId, METADATA, { sealed: changed, aad: AAD }))).toBe(
          'InvalidCiphertextException',
        )
      }),
      { numRuns: 60 },
    )
    const other = { sealed, aad: utf8('project=nile,department=sales') }
    expect(await reason(xks.decrypt(keyId, METADATA, other))).toBe('InvalidCiphertextException')
    const id = await made()
    const elsewhere = xks.decrypt(id, METADATA, { sealed, aad: AAD })
    expect(await reason(elsewhere)).toBe('InvalidCiphertextException')
  })

  test('metadata moved into the associated data is another ciphertext', async () => {
    const xks = client(proxy())
    const none = new Uint8Array(0)
    const sealed = await xks.encrypt(keyId, METADATA, { plaintext: PLAINTEXT, aad: none })
    const moved = { ...sealed, ciphertextMetadata: none }
    const call = xks.decrypt(keyId, METADATA, { sealed: moved, aad: sealed.ciphertextMetadata })
    expect(await reason(call)).toBe('InvalidCiphertextException')
  })

  test.each<[string, () => Promise<string>, string]>([
    ['an unknown key', async () => '0b9f1c1e-52d0-4f0c-9a55-0d9f4c1b7a11', 'KeyNotFoundException'],
    ['an id of another form', async () => 'their.key_1', 'KeyNotFoundException'],
    [
      'a disabled key',
      async () => {
        const id = await made()
        await room.disableKey({ keyId: id })
        return id
      },
      'InvalidStateException',
    ],
    ['a key for wrapping', () => made({ purposes: ['wrap'] }), 'InvalidKeyUsageException'],
    ['a key for MACs', () => made({ spec: 'HMAC_256' }), 'InvalidKeyUsageException'],
  ])('encryption with %s', async (_, key, name) => {
    const call = client(proxy()).encrypt(await key(), METADATA, { plaintext: PLAINTEXT, aad: AAD })
    expect(await reason(call)).toBe(name)
  })

  test('who may not is denied, but for health', async () => {
    const xks = client(proxy({ authorize: ({ keyId: id }) => id !== keyId }))
    await xks.health({ kmsOperation: 'KmsHealthCheck', kmsRequestId: 'r' })
    expect(await reason(xks.metadata(keyId, METADATA))).toBe('AccessDeniedException')
  })
})

describe('signatures', () => {
  test.each([
    ['another secret', { credentials: { ...CREDENTIALS, secretAccessKey: 'x' } }],
    ['another id', { credentials: { ...CREDENTIALS, accessKeyId: 'ZZZZZZZZZZZZZZZZZZZZ' } }],
    ['five minutes ago', { now: () => new Date(room.now().getTime() - 301_000) }],
    ['five minutes ahead', { now: () => new Date(room.now().getTime() + 301_000) }],
  ])('%s', async (_, change) => {
    const call = client(proxy(), change).metadata(keyId, METADATA)
    expect(await reason(call)).toBe('AuthenticationFailedException')
  })

  test('two credentials at the time of a rotation', async () => {
    const other = { accessKeyId: 'NEWERNEWERNEWERNEWER', secretAccessKey: 'newer' }
    const xks = client(proxy({ credentials: { [other.accessKeyId]: other.secretAccessKey } }), {
      credentials: other,
    })
    expect((await xks.metadata(keyId, METADATA)).keySpec).toBe('AES_256')
  })

  test('an unsigned request and a changed body', async () => {
    const path = `/kms/xks/v1/keys/${keyId}/metadata`
    const body = JSON.stringify({ requestMetadata: METADATA })
    const unsigned = new Request(ENDPOINT + path, { method: 'POST', body })
    expect(await answered(await proxy()(unsigned))).toEqual([401, 'AuthenticationFailedException'])
    const changed = request(path, body, { body: body.replace('Alice', 'Mallory') })
    expect(await answered(await proxy()(changed))).toEqual([401, 'AuthenticationFailedException'])
    expect(await answered(await proxy()(request(path, body)))).toEqual([200, undefined])
  })
})

describe('requests that no client of ours sends', () => {
  const path = (operation: string): string => `/kms/xks/v1/keys/${keyId}/${operation}`
  const sealing = {
    requestMetadata: METADATA,
    plaintext: toBase64(PLAINTEXT),
    encryptionAlgorithm: 'AES_GCM',
  }
  const opening = {
    requestMetadata: METADATA,
    ciphertext: toBase64(PLAINTEXT),
    encryptionAlgorithm: 'AES_GCM',
    initializationVector: toBase64(new Uint8Array(12)),
    authenticationTag: toBase64(new Uint8Array(16)),
  }
  test.each<[string, string, unknown, number, string | undefined]>([
    ['no JSON', 'encrypt', 'nothing', 400, 'ValidationException'],
    ['no metadata', 'metadata', {}, 400, 'ValidationException'],
    ['no plaintext', 'encrypt', { ...sealing, plaintext: null }, 400, 'ValidationException'],
    ['no base64', 'encrypt', { ...sealing, plaintext: '*' }, 400, 'ValidationException'],
    [
      'too much plaintext',
      'encrypt',
      { ...sealing, plaintext: toBase64(new Uint8Array(4301)) },
      400,
      'ValidationException',
    ],
    [
      'too much associated data',
      'encrypt',
      { ...sealing, additionalAuthenticatedData: toBase64(new Uint8Array(8193)) },
      400,
      'ValidationException',
    ],
    [
      'another algorithm',
      'encrypt',
      { ...sealing, encryptionAlgorithm: 'AES_CBC' },
      400,
      'ValidationException',
    ],
    [
      'another integrity value',
      'encrypt',
      { ...sealing, ciphertextDataIntegrityValueAlgorithm: 'MD5' },
      400,
      'ValidationException',
    ],
    ['no integrity value', 'encrypt', sealing, 200, undefined],
    [
      'an IV of 13 bytes',
      'decrypt',
      { ...opening, initializationVector: toBase64(new Uint8Array(13)) },
      400,
      'ValidationException',
    ],
    [
      'a tag of 15 bytes',
      'decrypt',
      { ...opening, authenticationTag: toBase64(new Uint8Array(15)) },
      400,
      'ValidationException',
    ],
    ['no metadata of ours', 'decrypt', opening, 400, 'InvalidCiphertextException'],
  ])('%s', async (_, operation, message, status, name) => {
    const body = typeof message === 'string' ? message : JSON.stringify(message)
    const response = await proxy()(request(path(operation), body))
    expect(await answered(response)).toEqual([status, name])
  })

  test.each([
    ['/kms/xks/v2/health', ''],
    ['/kms/xks/v1/keys', ''],
    ['/kms/xks/v1/keys/a%20b/metadata', ''],
    ['/kms/xks/v1/keys/k/destroy', ''],
    ['/kms/xks/v1/health', '/tenant'],
    ['/other/kms/xks/v1/health', '/tenant'],
  ])('path %s with prefix "%s"', async (at, uriPathPrefix) => {
    const response = await proxy({ uriPathPrefix })(request(at, '{}'))
    expect(await answered(response)).toEqual([404, 'InvalidUriPathException'])
  })

  test('GET is not allowed', async () => {
    const response = await proxy()(new Request(`${ENDPOINT}/kms/xks/v1/health`))
    expect(response.status).toBe(405)
  })

  test('with a prefix', async () => {
    const handler = proxy({ uriPathPrefix: '/tenant' })
    expect(handler.uriPath).toBe('/tenant/kms/xks/v1')
    const xks = client(handler, { path: handler.uriPath })
    expect((await xks.metadata(keyId, METADATA)).keyStatus).toBe('ENABLED')
  })
})

describe('answers that are none', () => {
  const json = (value: unknown, status = 200): Response =>
    new Response(typeof value === 'string' ? value : JSON.stringify(value), { status })
  const health = {
    xksProxyFleetSize: 1,
    xksProxyVendor: 'v',
    xksProxyModel: 'm',
    ekmVendor: 'e',
    ekmFleetDetails: [{ id: 'i', model: 'm', healthStatus: 'ACTIVE' }],
  }
  const asked = { kmsOperation: 'ConnectCustomKeyStore', kmsRequestId: 'r' }
  const hsm = health.ekmFleetDetails[0]!
  test.each<[string, unknown, number?]>([
    ['no JSON', 'ok'],
    ['an array', []],
    ['nothing', ''],
    ['a page of a server', '<html>', 502],
    ['an error without a name', { errorMessage: 'x' }, 400],
    ['an error of another name', { errorName: 'Teapot' }, 418],
    ['a name of the network', { errorName: 'TimedOut' }, 400],
    ['a redirection', {}, 302],
    ['no fleet', { ...health, ekmFleetDetails: [] }],
    ['a fleet of eleven', { ...health, ekmFleetDetails: Array.from({ length: 11 }, () => hsm) }],
    ['an unknown health', { ...health, ekmFleetDetails: [{ ...hsm, healthStatus: 'FINE' }] }],
    ['a size in words', { ...health, xksProxyFleetSize: 'one' }],
    ['more than anybody reads', { ...health, ekmVendor: 'x'.repeat(70_000) }],
  ])('of health: %s', async (_, value, status) => {
    const call = client(async () => json(value, status)).health(asked)
    expect(await reason(call)).toBe('Malformed')
  })

  test.each<[string, object]>([
    ['no status', { keySpec: 'AES_256', keyUsage: [] }],
    ['eleven usages', { keySpec: 'AES_256', keyUsage: Array(11).fill('X'), keyStatus: 'ENABLED' }],
    ['another status', { keySpec: 'AES_256', keyUsage: [], keyStatus: 'FINE' }],
  ])('of metadata: %s', async (_, value) => {
    const call = client(async () => json(value)).metadata(keyId, METADATA)
    expect(await reason(call)).toBe('Malformed')
  })

  test.each<[string, object]>([
    ['a longer ciphertext', { ciphertext: toBase64(new Uint8Array(13)) }],
    ['an IV of 8 bytes', { initializationVector: toBase64(new Uint8Array(8)) }],
    ['a tag of 12 bytes', { authenticationTag: toBase64(new Uint8Array(12)) }],
    ['metadata of 21 bytes', { ciphertextMetadata: toBase64(new Uint8Array(21)) }],
    ['no integrity value', { ciphertextDataIntegrityValue: undefined }],
    ['another integrity value', { ciphertextDataIntegrityValue: toBase64(new Uint8Array(32)) }],
  ])('of encryption: %s', async (_, change) => {
    const sealed = {
      ciphertext: PLAINTEXT,
      initializationVector: new Uint8Array(16),
      authenticationTag: new Uint8Array(16),
      ciphertextMetadata: new Uint8Array(0),
    }
    const good = {
      ciphertext: toBase64(sealed.ciphertext),
      initializationVector: toBase64(sealed.initializationVector),
      authenticationTag: toBase64(sealed.authenticationTag),
      ciphertextDataIntegrityValue: toBase64(integrityValue(AAD, sealed)),
    }
    const encrypt = (answer: object) =>
      client(async () => json(answer)).encrypt(keyId, METADATA, { plaintext: PLAINTEXT, aad: AAD })
    expect(await encrypt(good)).toEqual(sealed)
    const changed = { ...good, ...change } as Record<string, string | undefined>
    // Told for what it is, not for a wrong sum.
    if (!('ciphertextDataIntegrityValue' in change)) {
      const hash = createHash('sha256').update(AAD)
      for (const name of [
        'ciphertextMetadata',
        'initializationVector',
        'ciphertext',
        'authenticationTag',
      ])
        hash.update(fromBase64(changed[name] ?? '')!)
      changed['ciphertextDataIntegrityValue'] = hash.digest('base64')
    }
    expect(await reason(encrypt(changed))).toBe('Malformed')
  })

  test.each(Object.entries(XKS_ERRORS))('the proxy fails as it is told: %s', async (name) => {
    const handler = proxy({ fail: () => name as keyof typeof XKS_ERRORS })
    expect(await reason(client(handler).metadata(keyId, METADATA))).toBe(name)
  })

  test('a proxy that says nothing is given up', async () => {
    const never = client(() => new Promise(() => undefined), { timeoutMs: 20 })
    expect(await reason(never.health(asked))).toBe('TimedOut')
    const endless = client(
      async () => new Response(new ReadableStream({ pull: () => new Promise(() => undefined) })),
      { timeoutMs: 20 },
    )
    expect(await reason(endless.health(asked))).toBe('TimedOut')
  })
})

/** `fetch` that trusts one more authority, which the global one cannot be told. */
const trusting =
  (ca: string): XksFetch =>
  async (asked) => {
    const body = Buffer.from(await asked.arrayBuffer())
    const headers = { ...Object.fromEntries(asked.headers), 'content-length': body.length }
    return new Promise((resolve, reject) => {
      const sent = https.request(asked.url, { method: asked.method, headers, ca, agent: false })
      sent.on('error', reject)
      sent.on('response', (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('end', () => {
          resolve(new Response(Buffer.concat(pieces), { status: response.statusCode ?? 0 }))
        })
      })
      sent.end(body)
    })
  }

describe('over the network', () => {
  test('HTTP', async () => {
    const served = await serveXksProxy(proxy())
    try {
      const xks = client(fetch, { endpoint: served.url })
      const sealed = await xks.encrypt(keyId, METADATA, { plaintext: PLAINTEXT, aad: AAD })
      expect(await xks.decrypt(keyId, METADATA, { sealed, aad: AAD })).toEqual(PLAINTEXT)
    } finally {
      await served.close()
    }
    expect(await reason(client(fetch, { endpoint: served.url }).metadata(keyId, METADATA))).toBe(
      'Unreachable',
    )
  })

  test('HTTPS with a certificate that nobody trusts', async () => {
    const served = await serveXksProxy(proxy(), { tls: { cert: CERTIFICATE, key: PRIVATE_KEY } })
    try {
      expect(served.url).toMatch(/^https:/)
      const xks = client(fetch, { endpoint: served.url })
      expect(await reason(xks.metadata(keyId, METADATA))).toBe('Tls')
    } finally {
      await served.close()
    }
  })

  test('HTTPS with a certificate that is trusted', async () => {
    const served = await serveXksProxy(proxy(), { tls: { cert: CERTIFICATE, key: PRIVATE_KEY } })
    try {
      const xks = client(trusting(CERTIFICATE), { endpoint: served.url })
      const sealed = await xks.encrypt(keyId, METADATA, { plaintext: PLAINTEXT, aad: AAD })
      expect(await xks.decrypt(keyId, METADATA, { sealed, aad: AAD })).toEqual(PLAINTEXT)
    } finally {
      await served.close()
    }
  })

  test('something that speaks no HTTP', async () => {
    const server = createServer((socket) => socket.end('220 mail\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as { port: number }
      const xks = client(fetch, { endpoint: `http://127.0.0.1:${port}` })
      expect(await reason(xks.metadata(keyId, METADATA))).toBe('Unreachable')
    } finally {
      server.close()
    }
  })
})

describe('frames', () => {
  test('what is none of them is none', () => {
    const bytes = fc.uint8Array({ maxLength: 80 })
    fc.assert(
      fc.property(bytes, (given) => {
        const decoded = decodeFrame(given)
        if (decoded) expect(encodeFrame(decoded)).toEqual(given)
      }),
    )
    const frame = fromHex(`010c${'11'.repeat(12)}${'22'.repeat(16)}02aabbcc`)!
    expect(decodeFrame(frame)?.ciphertext).toEqual(Uint8Array.of(0xcc))
    for (let length = 0; length < frame.length - 1; length++)
      expect(decodeFrame(frame.subarray(0, length))).toBeUndefined()
  })
})
