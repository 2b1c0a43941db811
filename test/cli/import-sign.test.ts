/** `key import`, `sign` and `verify`, checked against OpenSSL from outside. */
import { createHash, generateKeyPairSync, randomBytes, verify as check } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadVectors } from '../crypto/support.ts'
import type { Sandbox } from './cli.ts'
import { stocked } from './cli.ts'

let box: Sandbox
beforeAll(async () => {
  box = await stocked()
  await writeFile(box.path('letter'), randomBytes(300_000))
  await writeFile(box.path('note'), 'a note')
})

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** One of each family: what specs differ in is tested without a process. */
const PAIRS: readonly (readonly [spec: string, make: () => Pair])[] = [
  ['RSA_2048', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['EC_P256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['ED25519', () => generateKeyPairSync('ed25519')],
]

const ML_DSA: Readonly<Record<string, typeof ml_dsa44 | undefined>> = {
  ML_DSA_44: ml_dsa44,
}
const LATTICES = (['ml-dsa', 'ml-kem'] as const).flatMap((file) => {
  const { keys } = loadVectors(file) as {
    readonly keys: readonly Readonly<Record<'source' | 'spec' | 'seed' | 'pkcs8', string>>[]
  }
  return keys.filter(({ spec }) => spec === 'ML_DSA_44' || spec === 'ML_KEM_768')
})

describe('import', () => {
  test.each([
    [16, 'AES_128'],
    [32, 'AES_256'],
  ])('%i raw bytes are %s', async (length, spec) => {
    await writeFile(box.path('raw'), randomBytes(length))
    const key = await box.json('key', 'import', `aes-${length}`, 'raw', '--alias', `aes-${length}`)
    expect(key).toMatchObject({ spec, origin: 'imported', state: 'enabled' })
    await box.json('encrypt', 'note', '--key', `alias/aes-${length}`, '-o', `note.${length}`)
    await box.json('decrypt', `note.${length}`, '-o', `note.${length}.copy`)
    expect(await readFile(box.path(`note.${length}.copy`), 'utf8')).toBe('a note')
  })

  test('HMAC bytes need a spec', async () => {
    await writeFile(box.path('mac'), randomBytes(48))
    expect((await box.fails(5, 'key', 'import', 'mac', 'mac')).code).toBe('INVALID_KEY_MATERIAL')
    const key = await box.json('key', 'import', 'mac', 'mac', '--spec', 'HMAC_384')
    expect(key).toMatchObject({ spec: 'HMAC_384', purposes: ['mac'] })
  })

  test.each(PAIRS)(
    'a private key of %s, as PEM and as DER, signs as itself',
    async (spec, make) => {
      const { publicKey, privateKey } = make()
      await writeFile(box.path('pair.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
      await writeFile(box.path('pair.der'), privateKey.export({ type: 'pkcs8', format: 'der' }))
      for (const form of ['pem', 'der']) {
        const key = await box.json('key', 'import', `${spec}-${form}`, `pair.${form}`)
        expect(key).toMatchObject({ spec, origin: 'imported' })
        const args = ['sign', 'note', '--key', `${spec}-${form}`, '-o', 'note.sig', '--force']
        const { algorithm } = await box.json(...args)
        expect(verified(publicKey, String(algorithm), await readFile(box.path('note')))).toBe(false)
        const signature = await readFile(box.path('note.sig'))
        const note = await readFile(box.path('note'))
        expect(verified(publicKey, String(algorithm), note, signature)).toBe(true)
      }
    },
  )

  test.each(LATTICES)(
    'a private key of $spec, as PEM and as DER, is that key ($source)',
    async ({ spec, seed, pkcs8 }) => {
      const der = Buffer.from(pkcs8, 'hex')
      const lines = der.toString('base64').match(/.{1,64}/g)!
      const armour = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', '']
      await writeFile(box.path('lattice.der'), der)
      await writeFile(box.path('lattice.pem'), armour.join('\n'))
      for (const form of ['pem', 'der']) {
        const name = `${spec}-${form}`
        const key = await box.json('key', 'import', name, `lattice.${form}`)
        expect(key).toMatchObject({ spec, origin: 'imported' })
        const dsa = ML_DSA[spec]
        if (!dsa) continue
        const args = ['sign', 'letter', '--key', name, '-o', 'letter.pq', '--force']
        expect(await box.json(...args)).toMatchObject({ algorithm: 'ML_DSA' })
        const { publicKey } = dsa.keygen(new Uint8Array(Buffer.from(seed, 'hex')))
        const [letter, signature] = await Promise.all(
          ['letter', 'letter.pq'].map((file) => readFile(box.path(file))),
        )
        // Streamed as external mu, it is an ordinary signature of the file.
        expect(dsa.verify(signature!, letter!, publicKey)).toBe(true)
      }
    },
  )

  test.each([
    ['17 bytes', () => randomBytes(17), []],
    ['nothing', () => Buffer.alloc(0), []],
    ['another length than the spec', () => randomBytes(16), ['--spec', 'AES_256']],
    ['another pair than the spec', () => pem(PAIRS[1]![1]()), ['--spec', 'EC_P384']],
    ['a spec of a pair for raw bytes', () => randomBytes(32), ['--spec', 'RSA_2048']],
    ['a curve that we lack', () => pem(generateKeyPairSync('ec', { namedCurve: 'P-224' })), []],
    ['another parameter set than the spec', () => lattice('ML_KEM_768'), ['--spec', 'ML_KEM_512']],
    ['ML-DSA cut short', () => lattice('ML_DSA_44').subarray(1), []],
    ['ML-DSA without its seed', () => lattice('ML_DSA_44').fill(4, 20, 21), []],
    ['text', () => Buffer.from('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'), []],
  ])('%s is refused', async (_, content, args) => {
    await writeFile(box.path('bad'), content())
    const failure = await box.fails(5, 'key', 'import', 'bad', 'bad', ...args)
    expect(failure.code).toBe('INVALID_KEY_MATERIAL')
  })

  test('an encrypted private key, a large file and a missing one are refused', async () => {
    const { privateKey } = PAIRS[1]![1]()
    const sealed = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const
    await writeFile(box.path('bad'), privateKey.export(sealed))
    expect((await box.fails(5, 'key', 'import', 'b', 'bad')).code).toBe('INVALID_KEY_MATERIAL')
    await writeFile(box.path('bad'), randomBytes(20_000))
    expect((await box.fails(2, 'key', 'import', 'b', 'bad')).code).toBe('LIMIT_EXCEEDED')
    expect((await box.fails(2, 'key', 'import', 'b', 'absent')).code).toBe('INVALID_ARGUMENT')
  })
})

const lattice = (name: string): Buffer =>
  Buffer.from(LATTICES.find(({ spec }) => spec === name)!.pkcs8, 'hex')
const pem = ({ privateKey }: Pair) => privateKey.export({ type: 'pkcs8', format: 'pem' })

/** The same check by OpenSSL: PSS with a salt as long as the hash, ECDSA in DER, pure Ed25519. */
function verified(
  key: KeyObject,
  algorithm: string,
  message: Uint8Array,
  signature: Uint8Array = new Uint8Array(64),
): boolean {
  const bits = /SHA_(\d+)$/.exec(algorithm)?.[1]
  const pss = algorithm.startsWith('RSA_PSS') && { padding: 6, saltLength: Number(bits) / 8 }
  return check(bits ? `sha${bits}` : null, message, { key, ...pss }, signature)
}

describe('sign and verify', () => {
  test.each([
    ['RSA_2048', ['--algorithm', 'RSA_PKCS1_SHA_512'], 'RSA_PKCS1_SHA_512'],
    ['RSA_2048', [], 'RSA_PSS_SHA_256'],
    ['EC_P256', ['--format', 'raw'], 'ECDSA_SHA_256'],
    ['ED25519', ['--algorithm', 'ED25519PH'], 'ED25519PH'],
    ['ML_DSA_44', [], 'ML_DSA'],
  ])('%s %j signs a file that is longer than a message may be', async (spec, args, algorithm) => {
    const name = `k-${spec}-${args.join('')}`
    await box.json('key', 'create', name, '--spec', spec)
    const signed = await box.json('sign', 'letter', '--key', name, '--force', ...args)
    expect(signed).toMatchObject({ algorithm, output: 'letter.sig' })
    const stored = await readFile(box.path('letter.sig'))
    expect(stored.toString('base64')).toBe(signed['signature'])
    const flags = ['--key', name, '--signature', 'letter.sig', ...args]
    expect(await box.json('verify', 'letter', ...flags)).toMatchObject({ valid: true, algorithm })
    const good = await box.run(['verify', 'letter', ...flags])
    expect(good).toMatchObject({ code: 0, stdout: `Good signature of letter (${algorithm}).\n` })
    const other = await box.run(['verify', 'note', ...flags])
    expect(other).toMatchObject({ code: 5, stdout: `BAD signature of note (${algorithm}).\n` })
    stored[stored.length - 1]! ^= 1
    await writeFile(box.path('letter.sig'), stored)
    const changed = await box.run(['verify', 'letter', ...flags, '--json'])
    expect(changed.code).toBe(5)
    expect(JSON.parse(changed.stdout)).toMatchObject({ valid: false })
  })

  test('pure Ed25519 signs up to the bound of a message, and says what to do beyond', async () => {
    await box.json('key', 'create', 'ed', '--spec', 'ED25519')
    await writeFile(box.path('most'), randomBytes(65_536))
    await writeFile(box.path('more'), randomBytes(65_537))
    expect(await box.json('sign', 'most', '--key', 'ed')).toMatchObject({ algorithm: 'ED25519' })
    const flags = ['--key', 'ed', '--signature', 'most.sig']
    expect(await box.json('verify', 'most', ...flags)).toMatchObject({ valid: true })
    const failure = await box.fails(2, 'sign', 'more', '--key', 'ed')
    expect(failure.code).toBe('LIMIT_EXCEEDED')
    expect(failure.message).toContain('ED25519PH')
  })

  test('a file is signed by its digest', async () => {
    const digest = createHash('sha256')
      .update(await readFile(box.path('letter')))
      .digest()
    expect(digest).toHaveLength(32)
    const ran = await box.alone(['sign', '-', '--key', 'k-EC_P256---formatraw'], {
      input: await readFile(box.path('letter')),
    })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    await writeFile(box.path('piped.sig'), ran.bytes)
    const flags = ['--key', 'k-EC_P256---formatraw', '--signature', 'piped.sig']
    expect(await box.json('verify', 'letter', ...flags)).toMatchObject({ valid: true })
  })

  test('keys and algorithms that do not fit are refused', async () => {
    expect((await box.fails(2, 'sign', 'note', '--key', 'files')).code).toBe('UNSUPPORTED')
    const args = ['sign', 'note', '--key', 'ed', '--algorithm', 'ECDSA_SHA_256']
    expect((await box.fails(2, ...args)).code).toBe('UNSUPPORTED')
    await box.json('key', 'create', 'agree', '--spec', 'EC_P256', '--purpose', 'agree')
    const failure = await box.fails(4, 'sign', 'note', '--key', 'agree')
    expect(failure.code).toBe('NOT_PERMITTED_FOR_KEY')
  })
})
