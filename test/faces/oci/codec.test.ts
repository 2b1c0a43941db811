/** What is read from the wire and written to it: names, values, paths (contracts: OCI 1, 2, 14). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesToUuid } from '../../../src/format/uuid.ts'
import { derOf, pemOf } from '../../../src/faces/oci/auth.ts'
import { targetOf, unquoted } from '../../../src/faces/oci/codec.ts'
import { OciFault } from '../../../src/faces/oci/errors.ts'
import {
  base64,
  flag,
  integer,
  may,
  need,
  record,
  text,
  time,
  type Read,
} from '../../../src/faces/oci/fields.ts'
import { base32, extensionOf, Ocids, parseOcid } from '../../../src/faces/oci/ocid.ts'
import { readyResponse } from '../../../src/faces/oci/ready-response.ts'

const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytesToUuid)
const TYPES = ['vault', 'key', 'keyversion'] as const

describe('OCIDs', () => {
  const ids = new Ocids('oc1', 'us-ashburn-1')

  test('lead to the ids that they were made of, whatever the region is called', () => {
    fc.assert(
      fc.property(id, id, fc.constantFrom(...TYPES), (one, vaultId, type) => {
        const ocid = ids.of(type, { id: one, vaultId })
        expect(parseOcid(type, ocid)).toEqual({ id: one, vaultId })
        expect(parseOcid(type, ocid.replace('.iad.', '.eu-paris-1.'))).toEqual({ id: one, vaultId })
        expect(ocid).toMatch(/^ocid1\.[a-z]+\.oc1\.iad\.[a-z2-7]{13}\.ab[a-z2-7]{58}$/)
        expect(ocid.split('.')[4]).toBe(extensionOf(vaultId))
        for (const other of TYPES)
          if (other !== type) expect(parseOcid(other, ocid)).toBeUndefined()
      }),
    )
  })

  test('with any letter changed, missing or added lead nowhere', () => {
    const vaultId = '0f9dbbd3-25fa-4a5c-8c0d-2f3f5b3f9d57'
    const ocid = ids.vault(vaultId)
    const start = ocid.indexOf(extensionOf(vaultId))
    for (let at = start; at < ocid.length; at++) {
      const letter = ocid[at] === 'a' ? 'b' : 'a'
      const changed = ocid.slice(0, at) + letter + ocid.slice(at + 1)
      expect(parseOcid('vault', changed), changed).toBeUndefined()
      expect(parseOcid('vault', ocid.slice(0, at) + ocid.slice(at + 1))).toBeUndefined()
    }
    for (const other of [`${ocid}a`, ocid.toUpperCase(), ` ${ocid}`, `${ocid}\n`, '', 'ocid1'])
      expect(parseOcid('vault', other)).toBeUndefined()
  })

  test('name the two oldest regions by their keys', () => {
    const region = (name: string) => new Ocids('oc2', name).other('x', new Uint8Array(36))
    expect(region('us-phoenix-1')).toMatch(/^ocid1\.x\.oc2\.phx\.ab/)
    expect(region('eu-frankfurt-1')).toMatch(/^ocid1\.x\.oc2\.eu-frankfurt-1\.ab/)
  })

  // RFC 4648 section 10.
  test.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('base32 of %s is %s', (from, to) => {
    expect(base32(Buffer.from(from))).toBe(to)
  })
})

const codeOf = (read: () => unknown): unknown => {
  try {
    return read()
  } catch (error) {
    return error instanceof OciFault ? error.code : error
  }
}

describe('values', () => {
  const INVALID = 'InvalidParameter'
  test.each<[Read<unknown>, unknown, unknown]>([
    [integer(1, 10), 7, 7],
    [integer(1, 10), '7', 7],
    [integer(1, 10), 11, INVALID],
    [integer(1, 10), '07x', INVALID],
    [integer(1, 10), 1.5, INVALID],
    [integer(1, 10), true, INVALID],
    [flag, true, true],
    [flag, 'false', false],
    [flag, 'yes', INVALID],
    [flag, 1, INVALID],
    [text(1, 3), 'abc', 'abc'],
    [text(1, 3), '', INVALID],
    [text(1, 3), 'abcd', INVALID],
    [text(1, 3), '\ud800', INVALID],
    [text(1, 3), 12, INVALID],
    [time, '2018-04-03T21:10:29.600Z', new Date('2018-04-03T21:10:29.600Z')],
    [time, '2018-04-03t21:10:29z', new Date('2018-04-03T21:10:29Z')],
    [time, '2018-04-03T23:10:29.123456789+02:00', new Date('2018-04-03T21:10:29.123Z')],
    [time, '2018-04-03', INVALID],
    [time, '2018-13-03T21:10:29Z', INVALID],
    [time, 0, INVALID],
  ])('%# %o', (read, value, gives) => {
    expect(codeOf(() => read(value, 'x'))).toEqual(gives)
  })

  test('base64 with and without padding, and nothing else', () => {
    const read = base64(64)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const padded = Buffer.from(bytes).toString('base64')
        expect(read(padded, 'x')).toEqual(bytes)
        expect(read(padded.replace(/=+$/, ''), 'x')).toEqual(bytes)
      }),
    )
    expect(read('message', 'x')).toEqual(new Uint8Array(Buffer.from('message', 'base64')))
    for (const bad of ['a', 'ab_-', 'ab==c', 'é', 'a b=', '====', 5, 'A'.repeat(88)])
      expect(
        codeOf(() => read(bad, 'x')),
        String(bad),
      ).toBe(INVALID)
  })

  test('objects: absent and null are one, unknown names are nothing, prototypes are not asked', () => {
    const read = record({ a: need(text(1, 9)), b: may(flag) })
    expect(read({ a: 'x', b: null, c: 1 }, '')).toEqual({ a: 'x' })
    expect(codeOf(() => read({ b: true }, ''))).toBe('MissingParameter')
    expect(codeOf(() => read(Object.create({ a: 'x' }), ''))).toBe('MissingParameter')
    for (const other of [[], 'x', null, 1]) expect(codeOf(() => read(other, ''))).toBe(INVALID)
  })
})

describe('paths', () => {
  test('decode per cent alone, and forgive what stands before the version', () => {
    const url = 'https://h.example/base//20180608/vaults/a%2Fb?page=a+b/=&x=%20&y'
    expect(targetOf(url)).toMatchObject({
      host: 'h.example',
      target: '/base//20180608/vaults/a%2Fb?page=a+b/=&x=%20&y',
      segments: ['vaults', 'a/b'],
      query: { page: 'a+b/=', x: ' ', y: '' },
    })
    expect(targetOf('/20180608/keys', 'v.example:81').host).toBe('v.example:81')
    expect(targetOf('https://h/other').segments).toBeUndefined()
    const hostile = targetOf('https://h/20180608/vaults?__proto__=1').query
    expect(Object.keys(hostile)).toEqual(['__proto__'])
  })

  test('etags lose their quotes', () => {
    expect(['a', '"a"', 'W/"a"', '*', '"'].map(unquoted)).toEqual(['a', 'a', 'a', '*', '"'])
  })

  test('PEM and DER of public keys', () => {
    const der = new Uint8Array(100).fill(5)
    expect(derOf(pemOf(der))).toEqual(der)
    expect(derOf(pemOf(der).replaceAll('\n', '\r\n'))).toEqual(der)
    for (const line of pemOf(der).split('\n')) expect(line.length).toBeLessThanOrEqual(64)
    for (const none of ['', 'x', pemOf(der).replaceAll('PUBLIC', 'PRIVATE')])
      expect(derOf(none)).toBeUndefined()
  })
})

describe('responses of the transport', () => {
  const outcome = { status: 418, headers: { etag: 'e' }, value: { a: 'é' } }
  const text = '{"a":"é"}'
  test('are responses in every way', async () => {
    const response = readyResponse(outcome)
    expect(response).toBeInstanceOf(Response)
    expect([response.status, response.ok, response.headers.get('etag')]).toEqual([418, false, 'e'])
    expect(await response.text()).toBe(text)
    expect(await response.json()).toEqual({ a: 'é' })
    expect(Buffer.from(await response.arrayBuffer()).toString()).toBe(text)
    expect(await (await response.blob()).text()).toBe(text)
    expect(await response.clone().text()).toBe(text)
    expect(await new Response(response.body).text()).toBe(text)
    expect(readyResponse({ ...outcome, value: undefined }).body).toBeNull()
  })

  test('have all that a response of the platform has', async () => {
    const [ours, theirs] = [readyResponse({ ...outcome, status: 200 }), new Response(text)]
    for (const name of Object.getOwnPropertyNames(Response.prototype) as (keyof Response)[])
      expect(typeof ours[name], name).toBe(typeof theirs[name])
    expect([ours.ok, ours.type, ours.url, ours.redirected]).toEqual([true, 'default', '', false])
  })

  test('give JSON that is nobody else’s', async () => {
    for (const value of [{ a: 'b', c: null }, { a: undefined, b: { c: [1] } }, [{ a: 1 }]]) {
      const response = readyResponse({ ...outcome, value })
      const json = await response.json()
      expect(json).toEqual(JSON.parse(JSON.stringify(value)))
      expect(json).not.toBe(await response.json())
      expect(json).not.toBe(value)
    }
  })
})
