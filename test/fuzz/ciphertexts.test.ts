/**
 * Injured ciphertexts of every kind: each single flipped bit and each truncation gives the one
 * refusal, with the same message whatever was wrong.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StrongroomError } from '../../src/base/errors.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { Spec } from '../../src/domain/algorithms.ts'
import type { DecryptInput, Encrypted, EncryptInput } from '../../src/engine/api.ts'
import type { Room } from '../model/real.ts'
import { openWorld, type World } from './world.ts'

const MESSAGE = utf8('injured')
const CONTEXT = { table: 'orders' }
const MATERIAL = new Uint8Array(16).fill(6)
let world: World
let room: Room

beforeAll(async () => {
  world = await openWorld()
  room = world.room
})
afterAll(async () => {
  await room.close()
})

const newKey = async (spec: Spec): Promise<string> => {
  const purposes = ['encrypt', 'wrap'] as const
  return (await room.createKey({ vaultId: world.vaultId, displayName: 'k', spec, purposes })).id
}

/** Each copy with one bit turned, or (for long and slow ones) with every `step`-th. */
function* flips(bytes: Uint8Array, step = 1): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit += step) {
    const copy = new Uint8Array(bytes)
    copy[bit >>> 3]! ^= 1 << (bit & 7)
    yield copy
  }
}
function* lengths(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 1; length < bytes.length; length++) yield bytes.slice(0, length)
  yield new Uint8Array([...bytes, 0])
  yield new Uint8Array([0, ...bytes])
  yield new Uint8Array([...bytes, ...bytes])
}

/** Every distinct refusal of the injured inputs; what opens counts as a finding of its own. */
async function refusals(
  injured: Iterable<Uint8Array>,
  open: (bytes: Uint8Array) => Promise<unknown>,
): Promise<ReadonlySet<string>> {
  const seen = new Set<string>()
  for (const bytes of injured) {
    const told = await open(bytes).then(
      () => 'opened',
      (error: unknown) =>
        error instanceof StrongroomError ? `${error.code} ${error.message}` : String(error),
    )
    seen.add(told)
  }
  return seen
}

/** One refusal for all, and it says nothing of its reason. */
function expectOne(seen: ReadonlySet<string>): void {
  expect([...seen]).toHaveLength(1)
  expect([...seen][0]).toMatch(/^INVALID_CIPHERTEXT /)
}

const joined = (...sets: readonly ReadonlySet<string>[]): ReadonlySet<string> =>
  new Set(sets.flatMap((set) => [...set]))

describe('our own form', () => {
  test.each(['AES_128', 'AES_192', 'AES_256'] as const)('%s', async (spec) => {
    const keyId = await newKey(spec)
    const { ciphertext } = await room.encrypt({ keyId, plaintext: MESSAGE, context: CONTEXT })
    const open = (bytes: Uint8Array) => room.decrypt({ ciphertext: bytes, context: CONTEXT })
    const named = (bytes: Uint8Array) =>
      room.decrypt({ ciphertext: bytes, context: CONTEXT, keyId })
    const seen = joined(
      await refusals(flips(ciphertext), open),
      await refusals(lengths(ciphertext), open),
      await refusals(flips(ciphertext, 5), named),
      await refusals(lengths(ciphertext), named),
      await refusals([ciphertext], (bytes) => room.decrypt({ ciphertext: bytes })),
      await refusals([ciphertext], (bytes) =>
        room.decrypt({ ciphertext: bytes, context: { ...CONTEXT, more: '' } }),
      ),
    )
    expectOne(seen)
    expect((await open(ciphertext)).plaintext).toEqual(MESSAGE)
  })
})

/** Decrypts with everything that the encryption answered, some of it replaced. */
const again =
  ({ ciphertext, keyId, versionId, algorithm, iv, tag }: Encrypted, more: Partial<DecryptInput>) =>
  () =>
    room.decrypt({
      ciphertext,
      keyId,
      versionId,
      algorithm,
      ...(iv && { iv }),
      ...(tag && { tag }),
      ...more,
    })

describe('raw AES-GCM', () => {
  test('ciphertext, tag, iv and additional data', async () => {
    const keyId = await newKey('AES_256')
    const aad = utf8('additional')
    const input: EncryptInput = { keyId, plaintext: MESSAGE, algorithm: 'AES_GCM', aad }
    const made = await room.encrypt(input)
    const part = (name: 'ciphertext' | 'tag' | 'iv' | 'aad', value: Uint8Array) =>
      refusals(flips(value), (bytes) => again(made, { aad, [name]: bytes })())
    const seen = joined(
      await part('ciphertext', made.ciphertext),
      await part('tag', made.tag!),
      await part('iv', made.iv!),
      await part('aad', aad),
      await refusals(lengths(made.ciphertext), (ciphertext) => again(made, { aad, ciphertext })()),
      await refusals([MESSAGE], again(made, {})),
    )
    expectOne(seen)
    expect((await again(made, { aad })()).plaintext).toEqual(MESSAGE)
  })
})

describe('RSA-OAEP', () => {
  test.each(['RSA_OAEP_SHA_1', 'RSA_OAEP_SHA_256'] as const)('%s', async (algorithm) => {
    const keyId = await newKey('RSA_2048')
    const made = await room.encrypt({ keyId, plaintext: MESSAGE, algorithm })
    const open = (ciphertext: Uint8Array) => again(made, { ciphertext })()
    const seen = joined(
      await refusals(flips(made.ciphertext, 23), open),
      await refusals(lengths(made.ciphertext), open),
      await refusals([new Uint8Array(256), new Uint8Array(256).fill(255)], open),
    )
    expectOne(seen)
    const { wrapped } = await room.wrapKey({ keyId, plaintext: MATERIAL, algorithm })
    const unwrap = (bytes: Uint8Array) => room.unwrapKey({ keyId, wrapped: bytes, algorithm })
    expectOne(await refusals(flips(wrapped, 97), unwrap))
    expect((await unwrap(wrapped)).plaintext).toEqual(MATERIAL)
  })
})

describe('key wrapping', () => {
  test.each(['AES_KW', 'AES_KWP'] as const)('%s', async (algorithm) => {
    const keyId = await newKey('AES_256')
    const { wrapped } = await room.wrapKey({ keyId, plaintext: MATERIAL, algorithm })
    const unwrap = (bytes: Uint8Array) => room.unwrapKey({ keyId, wrapped: bytes, algorithm })
    expectOne(
      joined(await refusals(flips(wrapped), unwrap), await refusals(lengths(wrapped), unwrap)),
    )
    expect((await unwrap(wrapped)).plaintext).toEqual(MATERIAL)
  })
})

describe('what is encrypted comes back', () => {
  const SIZES = [0, 1, 15, 16, 17, 64, 190]
  const FORMS = [
    ['AES_256', 'XAES_GCM'],
    ['AES_256', 'AES_GCM'],
    ['AES_256', 'AES_CBC_PAD'],
    ['RSA_2048', 'RSA_OAEP_SHA_256'],
  ] as const
  test.each(FORMS)('%s %s of every size', async (spec, algorithm) => {
    const keyId = await newKey(spec)
    const iv = algorithm === 'AES_CBC_PAD' ? { iv: new Uint8Array(16).fill(1) } : {}
    for (const size of SIZES) {
      const plaintext = new Uint8Array(size).fill(8)
      const made = await room.encrypt({ keyId, plaintext, algorithm, ...iv })
      expect((await again(made, iv)()).plaintext).toEqual(plaintext)
    }
  })
})
