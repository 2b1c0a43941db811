/**
 * Traps of the platform, each of which has caught someone: by its name, through a room on either
 * provider. `test/crypto/refusals.test.ts` has the providers alone.
 */
import { constants, createDecipheriv, createPublicKey, publicEncrypt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { Strongroom } from '../../src/index.ts'
import { concat, utf8 } from '../../src/base/bytes.ts'
import * as tables from '../../src/domain/algorithms.ts'
import { SCHEMA_FIELDS } from '../../src/engine/schemas.ts'
import { canonicalContext } from '../../src/format/context.ts'
import { CREATE, PROVIDER_NAMES } from '../crypto/support.ts'
import { wrapFor } from '../engine/judge.ts'
import { codeOf } from '../engine/support.ts'
import { outcomeOf, type EntryName } from './entries.ts'
import { changed, places } from './values.ts'
import { INPUTS, openWorld, OPERATION_NAMES, type World } from './world.ts'

const PLAINTEXT = utf8('what must not come out')
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']

describe.each(PROVIDER_NAMES)('a room on the %s provider', (provider) => {
  let room: Strongroom
  let vaultId: string
  let aes: { readonly keyId: string }
  let rsa: { readonly keyId: string }
  beforeAll(async () => {
    room = await Strongroom.open({ crypto: CREATE[provider]() })
    vaultId = (await room.createVault({ displayName: 'traps' })).id
    const purposes = ['encrypt', 'wrap'] as const
    const make = async (spec: 'AES_256' | 'RSA_2048') => ({
      keyId: (await room.createKey({ vaultId, displayName: spec, spec, purposes })).id,
    })
    aes = await make('AES_256')
    rsa = await make('RSA_2048')
    return () => room.close()
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('the beginning of a GCM tag is no tag', async () => {
    const asked = { ...aes, algorithm: 'AES_GCM' } as const
    const { ciphertext, iv, tag } = await room.encrypt({ ...asked, plaintext: PLAINTEXT })
    const whole = { ...asked, ciphertext, iv: iv! }
    for (let length = 0; length < 16; length++)
      expect(await codeOf(room.decrypt({ ...whole, tag: tag!.slice(0, length) }))).toBe(
        'INVALID_ARGUMENT',
      )
    expect(await codeOf(room.decrypt({ ...whole, tag: concat(tag!, tag!) }))).toBe(
      'INVALID_ARGUMENT',
    )
    expect((await room.decrypt({ ...whole, tag: tag! })).plaintext).toEqual(PLAINTEXT)
  })

  test('an empty wrapped key is none, nor is any that is too short', async () => {
    for (const algorithm of ['AES_KW', 'AES_KWP'] as const)
      for (let length = 0; length < 24; length++) {
        const wrapped = new Uint8Array(length)
        const expected = length === 0 ? 'INVALID_ARGUMENT' : 'INVALID_CIPHERTEXT'
        expect(await codeOf(room.unwrapKey({ ...aes, algorithm, wrapped }))).toBe(expected)
      }
  })

  test('an import whose wrapped part is empty is none', async () => {
    const made = { vaultId, displayName: 'i', spec: 'AES_256', origin: 'imported' } as const
    const { id: keyId } = await room.createKey(made)
    const wrapping = 'RSA_OAEP_AES_SHA_256'
    const asked = { keyId, wrapping, wrappingSpec: 'RSA_2048' } as const
    const { publicKey, importToken } = await room.getImportParameters(asked)
    const whole = wrapFor(wrapping, publicKey, new Uint8Array(32).fill(3))
    for (const length of [255, 256, 257, 264, 271, 272, 280, 295])
      expect(
        await codeOf(
          room.importKeyMaterial({ keyId, importToken, wrapped: whole.slice(0, length) }),
        ),
      ).toBe('INVALID_KEY_MATERIAL')
    expect(await codeOf(room.importKeyMaterial({ keyId, importToken, wrapped: whole }))).toBe('ok')
  })

  test('PKCS #1 v1.5 encryption opens nowhere', async () => {
    const { publicKey } = await room.getPublicKey(rsa)
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
    const padding = constants.RSA_PKCS1_PADDING
    const sealed = new Uint8Array(publicEncrypt({ key, padding }, PLAINTEXT))
    for (const algorithm of ['RSA_OAEP_SHA_1', 'RSA_OAEP_SHA_256'] as const) {
      const opened = room.decrypt({ ...rsa, algorithm, ciphertext: sealed })
      expect(await codeOf(opened)).toBe('INVALID_CIPHERTEXT')
      const unwrapped = room.unwrapKey({ ...rsa, algorithm, wrapped: sealed })
      expect(await codeOf(unwrapped)).toBe('INVALID_CIPHERTEXT')
    }
    for (const name of ['RSA1_5', 'RSA_1_5', 'RSAES_PKCS1_V1_5', 'RSA_PKCS1_SHA_256']) {
      const algorithm = name as 'RSA_OAEP_SHA_1'
      const asked = { ...rsa, algorithm }
      expect(await codeOf(room.decrypt({ ...asked, ciphertext: sealed }))).toBe('INVALID_ARGUMENT')
      expect(await codeOf(room.unwrapKey({ ...asked, wrapped: sealed }))).toBe('INVALID_ARGUMENT')
      expect(await codeOf(room.encrypt({ ...asked, plaintext: PLAINTEXT }))).toBe(
        'INVALID_ARGUMENT',
      )
    }
  })

  test('OAEP with another hash than the one that was named', async () => {
    const [one, two] = ['RSA_OAEP_SHA_1', 'RSA_OAEP_SHA_256'] as const
    for (const [algorithm, other] of [
      [one, two],
      [two, one],
    ] as const) {
      const { ciphertext } = await room.encrypt({ ...rsa, algorithm, plaintext: PLAINTEXT })
      const opened = room.decrypt({ ...rsa, algorithm: other, ciphertext })
      expect(await codeOf(opened)).toBe('INVALID_CIPHERTEXT')
    }
  })

  test('a MAC of another length is wrong, and no error', async () => {
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'm', spec: 'HMAC_256' })
    const { mac } = await room.generateMac({ keyId, message: PLAINTEXT })
    for (let length = 1; length <= 64; length++) {
      const other = new Uint8Array(64)
      other.set(mac)
      const asked = { keyId, message: PLAINTEXT, mac: other.slice(0, length) }
      expect((await room.verifyMac(asked)).valid).toBe(length === mac.length)
    }
  })

  test('names in a context that become one in UTF-8 are refused, never the same', async () => {
    for (const name of ['a\ud800', 'a\udfff', '\udc00\ud800', '\ud83d'])
      for (const context of [{ [name]: 'x' }, { x: name }]) {
        expect(await codeOf(room.encrypt({ ...aes, plaintext: PLAINTEXT, context }))).toBe(
          'INVALID_ARGUMENT',
        )
        const { ciphertext } = await room.encrypt({ ...aes, plaintext: PLAINTEXT })
        expect(await codeOf(room.decrypt({ ciphertext, context }))).toBe('INVALID_ARGUMENT')
      }
    // Two ways to write one letter are two names: nothing is normalised behind the caller's back.
    const context = { '\u00e9': 'x' }
    const { ciphertext } = await room.encrypt({ ...aes, plaintext: PLAINTEXT, context })
    const decomposed = room.decrypt({ ciphertext, context: { 'e\u0301': 'x' } })
    expect(await codeOf(decomposed)).toBe('INVALID_CIPHERTEXT')
  })

  test('a context is the same in any order, and in no other division', async () => {
    // In UTF-16 the second comes before the first, in UTF-8 after it.
    const pairs = [
      ['\uffff', '1'],
      ['\u{10000}', '2'],
      ['ab', 'c'],
    ] as const
    const context = Object.fromEntries(pairs)
    const { ciphertext } = await room.encrypt({ ...aes, plaintext: PLAINTEXT, context })
    const turned = Object.fromEntries([...pairs].reverse())
    expect((await room.decrypt({ ciphertext, context: turned })).plaintext).toEqual(PLAINTEXT)
    const { ab: _, ...rest } = context
    const divided = room.decrypt({ ciphertext, context: { ...rest, a: 'bc' } })
    expect(await codeOf(divided)).toBe('INVALID_CIPHERTEXT')
  })

  test('__proto__ in a context is a name like any other, and is bound', async () => {
    for (const name of NAMES) {
      const context = JSON.parse(`{"${name}":"x"}`) as Record<string, string>
      const { ciphertext } = await room.encrypt({ ...aes, plaintext: PLAINTEXT, context })
      // Twice: the second time on the fast path.
      for (let again = 0; again < 2; again++) {
        const opened = await room.decrypt({ ciphertext, context: { ...context } })
        expect(opened.plaintext).toEqual(PLAINTEXT)
        const altered = JSON.parse(`{"${name}":"y"}`) as typeof context
        for (const other of [{}, undefined, { [`${name}x`]: 'x' }, altered])
          expect(await codeOf(room.decrypt({ ciphertext, ...(other && { context: other }) }))).toBe(
            'INVALID_CIPHERTEXT',
          )
      }
    }
  })

  test('tags named like what every object has are data', async () => {
    const tags = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>
    const made = { vaultId, displayName: 't', spec: 'AES_256', tags } as const
    const { id: keyId } = await room.createKey(made)
    const key = await room.getKey({ keyId })
    expect(Object.entries(key.tags)).toEqual(Object.entries(tags))
    expect(Object.getPrototypeOf(key.tags)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['a']).toBeUndefined()
  })
})

test('what a cipher hands out before its tag is verified is wiped when that fails', async () => {
  const room = await Strongroom.open()
  const { id: vaultId } = await room.createVault({ displayName: 'released' })
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  const decipher = createDecipheriv('aes-256-gcm', new Uint8Array(32), new Uint8Array(12))
  const prototype = Object.getPrototypeOf(decipher) as typeof decipher
  const own = await room.encrypt({ keyId, plaintext: PLAINTEXT })
  const raw = await room.encrypt({ keyId, plaintext: PLAINTEXT, algorithm: 'AES_GCM' })
  const update = vi.spyOn(prototype, 'update')
  try {
    own.ciphertext[own.ciphertext.length - 1]! ^= 1
    raw.tag![0]! ^= 1
    expect(await codeOf(room.decrypt({ ciphertext: own.ciphertext }))).toBe('INVALID_CIPHERTEXT')
    const { ciphertext, iv, tag } = raw
    const asked = { keyId, ciphertext, iv: iv!, tag: tag!, algorithm: 'AES_GCM' } as const
    expect(await codeOf(room.decrypt(asked))).toBe('INVALID_CIPHERTEXT')
    const released = update.mock.results.map(({ value }) => value as unknown as Uint8Array)
    expect(released.filter(({ length }) => length === PLAINTEXT.length).length).toBeGreaterThan(1)
    for (const bytes of released) expect(bytes.every((byte) => byte === 0)).toBe(true)
  } finally {
    update.mockRestore()
    await room.close()
  }
})

test('no table offers decryption with PKCS #1 v1.5', () => {
  const kinds = [...tables.ENCRYPTION_ALGORITHMS, ...tables.WRAP_ALGORITHMS].map(
    (name) => tables.ALGORITHMS[name].kind,
  )
  expect(new Set(kinds)).toEqual(new Set(['aead', 'gcm', 'cbc', 'kw', 'oaep']))
  for (const name of Object.keys(tables.WRAPPINGS)) expect(name).toMatch(/^RSA_OAEP_/)
})

/** A pair that is generated as key objects, or exported as JWK, can block Node 20 for ever. */
test('pairs are generated straight to DER, and no key object is exported as JWK', () => {
  const folder = new URL('../../src/', import.meta.url)
  const paths = readdirSync(folder, { recursive: true }) as string[]
  let calls = 0
  for (const path of paths.filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(new URL(path, folder), 'utf8')
    expect(text, path).not.toMatch(/format: '(jwk|pem)'[^}]*\)\.export|export\([^)]*'jwk'/)
    expect(text, path).not.toContain('generateKeyPairSync')
    for (const [, options] of text.matchAll(
      /\bgenerateKeyPair\(\s*'\w+',\s*(\{[^]*?\n\s*\}),\n/g,
    )) {
      calls++
      expect(options, path).toMatch(/publicKeyEncoding: \{ type: 'spki', format: 'der' \}/)
      expect(options, path).toMatch(/privateKeyEncoding: \{ type: '\w+', format: 'der' \}/)
    }
  }
  expect(calls).toBe(3)
})

test('canonical bytes are in the order of bytes', () => {
  const context = { '\u{10000}': '', '\uffff': '', z: '', a: '' }
  const names = Object.keys(context).map((name) => Buffer.from(name))
  const sorted = names.sort((one, other) => Buffer.compare(one, other))
  const u32 = (value: number): readonly number[] => [0, 0, 0, value]
  const expected = sorted.flatMap((name) => [...u32(name.length), ...name, ...u32(0)])
  expect([...canonicalContext(context)]).toEqual([...u32(4), ...expected])
  const byUnits = Object.keys(context).sort()
  expect(byUnits.indexOf('\u{10000}')).toBeLessThan(byUnits.indexOf('\uffff'))
})

describe('every input', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld()
    return () => world.room.close()
  })
  const refused = async (entry: EntryName, input: unknown, what: string): Promise<void> =>
    expect(await outcomeOf(world, entry, input), what).toBe('INVALID_ARGUMENT')

  test.each(OPERATION_NAMES)('%s takes no text that Unicode does not have', async (operation) => {
    const valid: unknown = await INPUTS[operation](world)
    for (const at of places(valid)) {
      const value = at.reduce<unknown>((part, step) => (part as never)[step], valid)
      if (typeof value !== 'string') continue
      for (const half of ['\ud800', '\udfff'])
        await refused(operation, changed(valid, at, value + half), at.join('.'))
    }
  })

  test.each(OPERATION_NAMES)(
    '%s finds nothing by names that all objects have',
    async (operation) => {
      const valid: unknown = await INPUTS[operation](world)
      for (const [name, { options }] of Object.entries(SCHEMA_FIELDS[operation]))
        if (options)
          for (const inherited of NAMES)
            await refused(operation, { ...(valid as object), [name]: inherited }, name)
    },
  )
})
