/**
 * Requests that nobody's client would send: whatever comes, the answer is the service's own, with a
 * status of the client's fault. Nothing is a defect of ours (500), nothing takes the room down.
 */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { awsHandler, awsSeed, type AwsResponse } from '../../../src/faces/aws/index.ts'
import { OPERATIONS } from '../../../src/faces/aws/operations.ts'
import type { Shape, Type } from '../../../src/faces/aws/shape.ts'
import { Strongroom, VirtualClock } from '../../../src/index.ts'

const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 20)
const KEYS = [
  { Aliases: ['alias/a'] },
  { Aliases: ['alias/b'], Enabled: false },
  { Origin: 'EXTERNAL' },
  { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
  { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' },
]

let ids: readonly string[]
let handle: (name: string, body: string) => Promise<AwsResponse>

beforeAll(async () => {
  const room = await Strongroom.open({ clock: new VirtualClock(), region: 'eu-central-1' })
  const seeded = await awsSeed(room, KEYS)
  ids = [...seeded.flatMap(({ KeyId, Arn }) => [KeyId, Arn]), 'alias/a', 'alias/b', 'alias/none']
  const ask = awsHandler(room)
  handle = (name, body) =>
    ask({
      method: 'POST',
      url: '/',
      headers: { 'x-amz-target': `TrentService.${name}` },
      body,
    })
})

/** What JSON can hold, and what few expect. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('', '__proto__', 'null', '\u0000', '💥'.repeat(40), -1, 1e308, 2 ** 53, true),
  fc.string({ unit: 'binary', maxLength: 30 }),
)

const base64 = fc
  .uint8Array({ maxLength: 80 })
  .map((bytes) => Buffer.from(bytes).toString('base64'))

/** Values of a type, mostly as its bounds say. */
function valuesOf(type: Type): fc.Arbitrary<unknown> {
  switch (type.type) {
    case 'text':
      return type.words
        ? fc.constantFrom(...type.words)
        : fc.oneof(
            fc.constantFrom('*', 'a', 'alias/a', 'alias/new', 'eu-west-1', '111122223333'),
            fc.string({ maxLength: 12 }),
          )
    case 'int':
      return fc.oneof(fc.integer({ min: -1, max: 2600 }), fc.constant(type.min ?? 0))
    case 'flag':
      return fc.boolean()
    case 'time':
      return fc.double({ min: -1e12, max: 1e12, noNaN: true })
    case 'blob':
      return base64
    case 'map':
      return fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 3 })
    case 'list':
      return fc.array(valuesOf(type.of), { maxLength: 3 })
    case 'structure':
      return requestsOf(type.shape)
  }
}

function requestsOf(shape: Shape): fc.Arbitrary<object> {
  const members = Object.entries(shape).map(([name, { of, required }]) => {
    const named = /KeyId$/.test(name) && !/Xks|Material/.test(name)
    const value = named
      ? fc.nat().map((n) => ids[n % ids.length])
      : fc.oneof({ weight: 12, arbitrary: valuesOf(of) }, { weight: 1, arbitrary: anything })
    return [name, required ? value : fc.option(value, { nil: undefined })] as const
  })
  return fc.record(Object.fromEntries(members))
}

const sound = ({ status, body }: AwsResponse, of: string): void => {
  expect([200, 400], `${of}: ${body}`).toContain(status)
  if (status === 400)
    expect((JSON.parse(body) as { __type: string }).__type, of).toMatch(/Exception$/)
}

describe('whatever a request holds', () => {
  it.each(Object.entries(OPERATIONS))('%s answers as the service does', async (name, { input }) => {
    await fc.assert(
      fc.asyncProperty(requestsOf(input), async (request) => {
        const body = JSON.stringify(request)
        sound(await handle(name, body), `${name} ${body}`)
      }),
      { numRuns: RUNS },
    )
  })

  it('is refused when it is no JSON object, or for no operation', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.json()),
        fc.constantFrom('Encrypt', 'CreateKey', 'constructor', '__proto__', '', 'x'.repeat(300)),
        async (body, name) => sound(await handle(name, body), `${name} ${body}`),
      ),
      { numRuns: RUNS * 5 },
    )
  })
})
