/** Signature Version 4 against what AWS published, and against the signer of the official SDK. */
import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import {
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  signatureFor,
  signed,
  timeText,
  type SignableRequest,
} from '../../../src/faces/aws/sigv4.ts'
import {
  isFault,
  MISSING,
  MISMATCH,
  presentedBy,
  UNRECOGNIZED,
  verifySignature,
  type VerifyOptions,
} from '../../../src/faces/aws/sigv4-verify.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET }
const NOW = new Date('2015-08-30T12:36:00Z')

/** `METHOD target`, then headers, then the body: as the files of the suite have it. */
function requestOf(text: string): SignableRequest {
  const [head = '', ...rest] = text.split('\n\n')
  const [line = '', ...headers] = head.split('\n')
  const [method = ''] = line.split(' ')
  const target = line.replace(/^\S+ | HTTP\/1\.1$/g, '')
  const [path = '', query = ''] = target.split('?')
  const named = headers.map((header) => {
    const at = header.indexOf(':')
    return [header.slice(0, at).toLowerCase(), header.slice(at + 1)] as const
  })
  const joined: Record<string, string> = {}
  for (const [name, value] of named)
    joined[name] = joined[name] === undefined ? value : `${joined[name]},${value}`
  return { method, path, query, headers: joined, body: utf8(rest.join('\n\n')) }
}

const authorization = (signedHeaders: string, signature: string): string =>
  'Authorization:AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
  `SignedHeaders=${signedHeaders}, Signature=${signature}`
const suite = (line: string, signature: string, headers = '', names = '', body = '') =>
  `${line} HTTP/1.1\nHost:example.amazonaws.com\n${headers}X-Amz-Date:20150830T123600Z\n` +
  `${authorization(`host;${names}x-amz-date`, signature)}\n\n${body}`

const TOKEN = '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267'
const FORM = '9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e'

/** github.com/awslabs/aws-c-auth tests/aws-signing-test-suite/v4, by the name of the folder. */
const HEADER_SUITE: [name: string, text: string, sessionToken?: string][] = [
  [
    'get-vanilla-query-order-key-case',
    suite(
      'GET /?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ),
  ],
  [
    'get-vanilla-query-order-encoded',
    suite(
      'GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1',
      '371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac',
    ),
  ],
  [
    'get-vanilla-empty-query-key',
    suite(
      'GET /?Param1=value1',
      'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
    ),
  ],
  [
    'get-vanilla-query-unreserved',
    suite(
      'GET /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=' +
        '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ),
  ],
  [
    'get-vanilla-utf8-query',
    suite('GET /?ሴ=bar', '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04'),
  ],
  ['get-utf8', suite('GET /ሴ', '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85')],
  [
    'get-space-normalized',
    suite(
      'GET /example space/',
      '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741',
    ),
  ],
  [
    'get-header-key-duplicate',
    suite(
      'GET /',
      'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
      'My-Header1:value2\nMy-Header1:value2\nMy-Header1:value1\n',
      'my-header1;',
    ),
  ],
  [
    'get-header-value-order',
    suite(
      'GET /',
      '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
      'My-Header1:value4\nMy-Header1:value1\nMy-Header1:value3\nMy-Header1:value2\n',
      'my-header1;',
    ),
  ],
  [
    'get-header-value-trim',
    suite(
      'GET /',
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
      'My-Header1: value1\nMy-Header2: "a   b   c"\n',
      'my-header1;my-header2;',
    ),
  ],
  [
    'post-vanilla',
    suite('POST /', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'),
  ],
  [
    'post-vanilla-query',
    suite(
      'POST /?Param1=value1',
      '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
    ),
  ],
  [
    'post-x-www-form-urlencoded',
    `POST / HTTP/1.1\nContent-Type:application/x-www-form-urlencoded\n` +
      `Host:example.amazonaws.com\nContent-Length:13\nx-amz-content-sha256:${FORM}\n` +
      authorization(
        'content-length;content-type;host;x-amz-content-sha256;x-amz-date',
        'd3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b',
      ) +
      '\nX-Amz-Date:20150830T123600Z\n\nParam1=value1',
  ],
  [
    'get-vanilla-with-session-token',
    `GET / HTTP/1.1\nHost:example.amazonaws.com\n` +
      authorization(
        'host;x-amz-date;x-amz-security-token',
        '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8',
      ) +
      `\nX-Amz-Date:20150830T123600Z\nX-Amz-Security-Token:${TOKEN}\n\n`,
    TOKEN,
  ],
]

const QUERY = (params: string, signature: string): string =>
  `?${params}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2F` +
  'us-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&' +
  `X-Amz-Expires=3600&X-Amz-Signature=${signature} HTTP/1.1\nHost:example.amazonaws.com\n\n`
const QUERY_SUITE: [name: string, text: string][] = [
  [
    'get-vanilla-query-order-key-case',
    `GET /${QUERY(
      'Param2=value2&Param1=value1&',
      '86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5',
    )}`,
  ],
  [
    'post-vanilla',
    `POST /${QUERY('', '2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b')}`,
  ],
]

const options = (change: Partial<VerifyOptions> = {}): VerifyOptions => ({
  service: 'service',
  credentialsOf: (id) => (id === 'AKIDEXAMPLE' ? CREDENTIALS : undefined),
  now: NOW,
  ...change,
})

describe('what AWS published', () => {
  test.each(HEADER_SUITE)('%s, by header', (_, text, sessionToken) => {
    const credentials = { ...CREDENTIALS, ...(sessionToken && { sessionToken }) }
    const found = verifySignature(requestOf(text), options({ credentialsOf: () => credentials }))
    expect(found).toMatchObject({ accessKeyId: 'AKIDEXAMPLE' })
  })

  test.each(QUERY_SUITE)('%s, by query', (_, text) => {
    expect(verifySignature(requestOf(text), options())).toMatchObject({ expiresSeconds: 3600 })
  })

  test('the example of the IAM User Guide, step by step', () => {
    const request = requestOf(
      'GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\n' +
        'Content-Type:application/x-www-form-urlencoded; charset=utf-8\n' +
        'Host:iam.amazonaws.com\nX-Amz-Date:20150830T123600Z\n\n',
    )
    const signedHeaders = ['content-type', 'host', 'x-amz-date']
    const canonical = canonicalRequest(request, signedHeaders)
    expect(canonical).toBe(
      'GET\n/\nAction=ListUsers&Version=2010-05-08\n' +
        'content-type:application/x-www-form-urlencoded; charset=utf-8\n' +
        'host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\n' +
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    expect(createHash('sha256').update(canonical).digest('hex')).toBe(
      'f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59',
    )
    const scope = { date: '20150830', region: 'us-east-1', service: 'iam' }
    const signing = { signedHeaders, time: '20150830T123600Z', scope }
    expect(signatureFor(request, signing, SECRET)).toBe(
      '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    )
  })

  /** The folders get-slash* and get-relative* of the suite. */
  test.each([
    ['/', '/'],
    ['//', '/'],
    ['/./', '/'],
    ['/example/..', '/'],
    ['/example1/example2/../..', '/'],
    ['/./example', '/example'],
    ['//example//', '/example/'],
    ['/%E1%88%B4', '/%25E1%2588%25B4'],
  ])('path %s', (path, canonical) => {
    expect(canonicalPath(path)).toBe(canonical)
  })

  test.each([
    ['a=2&a=1&A=3', 'A=3&a=1&a=2'],
    ['b&a=', 'a=&b='],
    ['a=%2F&a=+', 'a=%2B&a=%2F'],
    ['a=100%', 'a=100%25'],
    ["a=!'()*", 'a=%21%27%28%29%2A'],
    ['', ''],
  ])('query %s', (query, canonical) => {
    expect(canonicalQuery(query)).toBe(canonical)
  })
})

/** The hashes that the SDK's signer wants. */
class Sha256 {
  #hash: { update(data: Uint8Array | string): unknown; digest(): Buffer }
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {
    throw new Error('not asked for')
  }
}

const signer = (sessionToken?: string) =>
  new SignatureV4({
    credentials: { ...CREDENTIALS, ...(sessionToken && { sessionToken }) },
    region: 'eu-central-1',
    service: 'kms',
    sha256: Sha256 as never,
  })

interface Sent {
  readonly method: string
  readonly path: string
  readonly query?: Record<string, string | string[] | null>
  readonly headers: Record<string, string>
  readonly body?: string
}
const toSdk = (request: Sent) => ({ protocol: 'https:', hostname: 'h', ...request })

const queryText = (query: Sent['query'] = {}): string =>
  Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((each) => [name, each ?? ''] as const))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
const fromSdk = ({ method, path, query, headers, body = '' }: Sent): SignableRequest => ({
  method,
  path,
  query: queryText(query),
  headers: Object.fromEntries(Object.entries(headers).map(([n, v]) => [n.toLowerCase(), v])),
  body: utf8(body),
})
const REQUEST: Sent = {
  method: 'POST',
  path: '/',
  headers: {
    host: 'kms.eu-central-1.amazonaws.com',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'TrentService.ListKeys',
  },
  body: '{"Limit":5}',
}
const KMS = { service: 'kms', mustSign: ['x-amz-target'] }

const LETTERS = ['a', 'b', 'Z', '0', '9', ' ', '-', '_', '.', '~', '/', ':', '+', 'é', '\u1234']

describe('the signer of the SDK', () => {
  const word = fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 12 })
  const requests = fc.record({
    path: fc.array(word, { maxLength: 3 }).map((words) => `/${words.map(encodeURI).join('/')}`),
    query: fc.dictionary(
      word.filter((name) => name !== ''),
      word,
      { maxKeys: 3, noNullPrototype: true },
    ),
    value: word,
    body: fc.string({ maxLength: 40 }),
    token: fc.option(fc.constantFrom('token/+=', 'T'), { nil: undefined }),
  })

  test('what it signs is accepted, and any of ours is what it makes', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async ({ path, query, value, body, token }) => {
        const headers = { ...REQUEST.headers, 'x-extra': value }
        const given = { ...REQUEST, path, query, headers, body }
        const sent = (await signer(token).sign(toSdk(given) as never, {
          signingDate: NOW,
        })) as unknown as Sent
        const request = fromSdk({ ...sent, body })
        const credentials = { ...CREDENTIALS, ...(token && { sessionToken: token }) }
        const verified = verifySignature(
          request,
          options({ ...KMS, credentialsOf: () => credentials }),
        )
        expect(verified).toMatchObject({ accessKeyId: 'AKIDEXAMPLE' })
        const names = presentedBy(request)
        if (isFault(names)) throw new Error(names.message)
        const own = Object.fromEntries(
          names.signedHeaders.map((name) => [name, request.headers[name]!] as const),
        )
        const made = signed({ ...request, headers: own }, credentials, {
          region: 'eu-central-1',
          service: 'kms',
          now: NOW,
        })
        expect(made['authorization']).toBe(request.headers['authorization'])
      }),
      { numRuns: 100 },
    )
  })

  test('what it presigns is accepted until it expires', async () => {
    const { body: _, ...unsent } = REQUEST
    const sent = (await signer('token').presign(toSdk({ ...unsent, query: { Limit: '5' } }), {
      signingDate: NOW,
      expiresIn: 900,
      unsignableHeaders: new Set(['content-type']),
      unhoistableHeaders: new Set(['x-amz-target']),
    })) as unknown as Sent
    const request = fromSdk(sent)
    const withToken = { ...CREDENTIALS, sessionToken: 'token' }
    const at = (seconds: number) =>
      verifySignature(
        request,
        options({
          ...KMS,
          credentialsOf: () => withToken,
          now: new Date(NOW.getTime() + seconds * 1000),
        }),
      )
    expect(at(0)).toMatchObject({ expiresSeconds: 900 })
    expect(at(900)).toMatchObject({ expiresSeconds: 900 })
    expect(at(901)).toEqual({
      name: 'InvalidSignatureException',
      message: 'Signature expired: 20150830T125100Z is now earlier than 20150830T125101Z',
    })
    expect(at(-900)).toMatchObject({ expiresSeconds: 900 })
    expect(at(-901)).toMatchObject({ name: 'InvalidSignatureException' })
  })
})

describe('refusals', () => {
  const good = (change: Partial<Sent> = {}): SignableRequest => {
    const request = fromSdk({ ...REQUEST, ...change })
    const headers = signed(request, CREDENTIALS, {
      region: 'eu-central-1',
      service: 'kms',
      now: NOW,
    })
    return { ...request, headers }
  }
  const header = (replace: (text: string) => string): SignableRequest => {
    const request = good()
    const authorization = replace(request.headers['authorization']!)
    return { ...request, headers: { ...request.headers, authorization } }
  }
  const without = (name: string): SignableRequest => {
    const { [name]: _, ...headers } = good().headers
    return { ...good(), headers }
  }
  const refused = (request: SignableRequest, change: Partial<VerifyOptions> = {}) =>
    verifySignature(request, options({ ...KMS, ...change }))

  test.each<[string, () => SignableRequest, string, string]>([
    ['no header', () => without('authorization'), MISSING.name, MISSING.message],
    [
      'another scheme',
      () => header(() => 'Bearer abc'),
      'IncompleteSignatureException',
      "Authorization header requires algorithm 'AWS4-HMAC-SHA256'.",
    ],
    [
      'nothing but the scheme',
      () => header(() => 'AWS4-HMAC-SHA256 '),
      'IncompleteSignatureException',
      "Authorization header requires 'Credential' parameter. Authorization header requires " +
        "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.",
    ],
    [
      'no time',
      () => without('x-amz-date'),
      'IncompleteSignatureException',
      "Authorization header requires 'X-Amz-Date' parameter.",
    ],
    [
      'a credential of four parts',
      () => header((text) => text.replace('/kms/', '/')),
      'IncompleteSignatureException',
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.',
    ],
    [
      'the date of another day',
      () => header((text) => text.replace('20150830', '20150831')),
      'InvalidSignatureException',
      'Date in Credential scope does not match YYYYMMDD of the time of the request.',
    ],
    [
      'another service',
      () => header((text) => text.replace('/kms/', '/s3/')),
      'InvalidSignatureException',
      "Credential should be scoped to correct service: 'kms'.",
    ],
    [
      'an unknown access key id',
      () => header((text) => text.replace('AKIDEXAMPLE', 'AKIDOTHER')),
      UNRECOGNIZED.name,
      UNRECOGNIZED.message,
    ],
    [
      'a session token that nobody gave',
      () => ({ ...good(), headers: { ...good().headers, 'x-amz-security-token': 'token' } }),
      UNRECOGNIZED.name,
      UNRECOGNIZED.message,
    ],
    [
      'a target that is not signed',
      () => header((text) => text.replace(';x-amz-target', '')),
      'InvalidSignatureException',
      "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
    ],
    [
      'a host that is not there',
      () => without('host'),
      'InvalidSignatureException',
      "'host' must be a 'SignedHeader' in the AWS Authorization.",
    ],
    [
      'another region',
      () => header((text) => text.replace('eu-central-1', 'eu-west-1')),
      MISMATCH.name,
      MISMATCH.message,
    ],
    [
      'a signature in capitals',
      () => header((text) => text.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase())),
      MISMATCH.name,
      MISMATCH.message,
    ],
  ])('%s', (_, request, name, message) => {
    expect(refused(request())).toEqual({ name, message })
  })

  test('five minutes of a header, or what the option says', () => {
    const at = (ms: number, skewMs?: number) =>
      refused(good(), {
        now: new Date(NOW.getTime() + ms),
        ...(skewMs !== undefined && { skewMs }),
      })
    expect(isFault(at(300_000))).toBe(false)
    expect(isFault(at(-300_000))).toBe(false)
    expect(at(301_000)).toEqual({
      name: 'InvalidSignatureException',
      message:
        'Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z ' +
        '(20150830T124101Z - 5 min.)',
    })
    expect(at(-301_000)).toEqual({
      name: 'InvalidSignatureException',
      message:
        'Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z ' +
        '(20150830T123059Z + 5 min.)',
    })
    expect(isFault(at(900_000, 900_000))).toBe(false)
    expect(isFault(at(1e12, Infinity))).toBe(false)
  })

  test.each(['0', '604801', '-1', '1e3', 'x', ''])('X-Amz-Expires=%s', (expires) => {
    const [, text] = QUERY_SUITE[0]!
    const request = requestOf(text.replace('X-Amz-Expires=3600', `X-Amz-Expires=${expires}`))
    expect(refused(request)).toEqual({
      name: 'IncompleteSignatureException',
      message: 'X-Amz-Expires must be a number from 1 to 604800.',
    })
  })

  test('every changed character of what is signed', () => {
    const request = good()
    const flip = (text: string, at: number): string => {
      const code = text.charCodeAt(at) ^ 1
      return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1)
    }
    const places = ['host', 'content-type', 'x-amz-target', 'x-amz-date', 'authorization', 'body']
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.nat(), (place, n) => {
        const text = place === 'body' ? REQUEST.body! : request.headers[place]!
        const changed = flip(text, n % text.length)
        // White space around values is not signed, nor how much of it is between them.
        fc.pre(changed.replace(/\s+/g, ' ').trim() !== text.replace(/\s+/g, ' ').trim())
        const headers =
          place === 'body' ? request.headers : { ...request.headers, [place]: changed }
        const body = place === 'body' ? utf8(changed) : request.body
        // The separator before the signature is no part of it.
        fc.pre(!(place === 'authorization' && !/[\w/=;-]/.test(text[n % text.length]!)))
        expect(isFault(refused({ ...request, headers, body }))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('garbage is refused in words', () => {
    const text = fc.string({ maxLength: 80 })
    const header = fc.oneof(
      text,
      text.map((rest) => `AWS4-HMAC-SHA256 ${rest}`),
    )
    fc.assert(
      fc.property(header, text, (authorization, query) => {
        const headers = { ...good().headers, authorization }
        const found = refused({ ...good(), query, headers })
        expect(isFault(found) && found.name).toMatch(/Exception$/)
      }),
    )
  })

  test('times in text', () => {
    expect(timeText(new Date('2015-08-30T12:36:00.987Z'))).toBe('20150830T123600Z')
  })
})
