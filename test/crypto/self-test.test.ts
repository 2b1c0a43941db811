/** The self-test accepts a sound provider and refuses each corrupted one. */
import { describe, expect, it, vi } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import * as answers from '../../src/crypto/known-answers.ts'
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import { createPortableProvider } from '../../src/crypto/portable/index.ts'
import type { CryptoProvider, PrivateKey, PublicKey, RawAes } from '../../src/crypto/provider.ts'
import type { Mac, Suite } from '../../src/crypto/provider.ts'
import { KNOWN_ANSWERS, runSelfTest } from '../../src/crypto/self-test.ts'

const provider = createNodeProvider()

/** The answer with its first bit turned. */
const wrong = <T extends Uint8Array | undefined>(answer: T): T => {
  const copy = answer?.slice()
  if (copy?.length) copy[0]! ^= 0x80
  return copy as T
}

const suite = (change: (sound: Suite) => Partial<Suite>): Partial<CryptoProvider> => ({
  suite: (key) => {
    const sound = provider.suite(key)
    const bound: Suite = {
      seal: (...input) => sound.seal(...input),
      open: (...input) => sound.open(...input),
      sealWithNonce: (...input) => sound.sealWithNonce(...input),
    }
    return { ...bound, ...change(sound) }
  },
})
const mac = (change: (sound: Mac) => Partial<Mac>): Partial<CryptoProvider> => ({
  hmac: (hash, key) => {
    const sound = provider.hmac(hash, key)
    return { ...sound, ...change(sound) }
  },
})
const aes = (change: (sound: RawAes) => Partial<RawAes>): Partial<CryptoProvider> => ({
  aes: (key) => {
    const sound = provider.aes(key)
    return { ...sound, ...change(sound) }
  },
})
const publicKey = (change: (sound: PublicKey) => Partial<PublicKey>): Partial<CryptoProvider> => ({
  publicKey: (spec, spki) => {
    const sound = provider.publicKey(spec, spki)
    return { ...sound, ...change(sound) }
  },
})
const privateKey = (
  change: (sound: PrivateKey) => Partial<PrivateKey>,
): Partial<CryptoProvider> => ({
  privateKey: (spec, pair) => {
    const sound = provider.privateKey(spec, pair)
    return { ...sound, ...change(sound) }
  },
})

/** What is broken, and the row that must say so. */
const CORRUPTIONS: Readonly<Record<string, readonly [RegExp, Partial<CryptoProvider>]>> = {
  'a wrong digest': [/digest SHA_1/, { digest: (...input) => wrong(provider.digest(...input)) }],
  'a wrong digest of one hash only': [
    /digest SHA_384/,
    {
      digest: (hash, ...data) =>
        hash === 'SHA_384' ? wrong(provider.digest(hash, ...data)) : provider.digest(hash, ...data),
    },
  ],
  'a wrong MAC': [
    /HMAC SHA_224/,
    mac((sound) => ({ compute: (...d) => wrong(sound.compute(...d)) })),
  ],
  'a MAC check that accepts all': [/HMAC refuses/, mac(() => ({ verify: () => true }))],
  'a MAC check that accepts none': [/HMAC accepts/, mac(() => ({ verify: () => false }))],
  'a wrong HKDF': [/HKDF/, { hkdf: (...input) => wrong(provider.hkdf(...input)) }],
  'a wrong scrypt': [
    /scrypt/,
    { scrypt: async (...input) => wrong(await provider.scrypt(...input)) },
  ],
  'a wrong seal': [
    /suite seal/,
    suite((sound) => ({ sealWithNonce: (...input) => wrong(sound.sealWithNonce(...input)) })),
  ],
  'an open that answers something else': [
    /suite open/,
    suite((sound) => ({ open: (...input) => wrong(sound.open(...input)) })),
  ],
  'an open that ignores what it opens': [
    /suite commitment/,
    suite(() => ({ open: () => new TextEncoder().encode('XAES-256-GCM') })),
  ],
  'an open that looks at the commitment alone': [
    /suite tag/,
    suite((sound) => ({
      open: (sealed, ...rest) => {
        const opened = sound.open(sealed, ...rest)
        const committed = toHex(sealed.subarray(24, 56)) === answers.XAES.commitment
        return opened ?? (committed ? new Uint8Array(12) : undefined)
      },
    })),
  ],
  'a wrong GCM seal': [
    /GCM seal/,
    aes((sound) => ({
      gcmSeal: (...input) => ({ ...sound.gcmSeal(...input), tag: new Uint8Array(16) }),
    })),
  ],
  'a GCM that ignores the tag': [
    /GCM tag/,
    aes((sound) => ({ gcmOpen: (...input) => sound.gcmOpen(...input) ?? new Uint8Array(60) })),
  ],
  'a GCM that opens nothing': [/GCM open/, aes(() => ({ gcmOpen: () => undefined }))],
  'a wrong CBC': [
    /CBC encrypt/,
    aes((sound) => ({ cbcEncrypt: (...input) => wrong(sound.cbcEncrypt(...input)) })),
  ],
  'a wrong CBC decryption': [
    /CBC decrypt/,
    aes((sound) => ({ cbcDecrypt: (...input) => wrong(sound.cbcDecrypt(...input)) })),
  ],
  'a wrong wrap': [
    /KW wrap/,
    aes((sound) => ({ wrap: (...input) => wrong(sound.wrap(...input)) })),
  ],
  'an unwrap without integrity': [
    /KW integrity/,
    aes((sound) => ({ unwrap: (...input) => sound.unwrap(...input) ?? new Uint8Array(32) })),
  ],
  'signatures that all verify': [
    /RSA_PKCS1_SHA_256 refuses/,
    publicKey(() => ({ verify: () => true })),
  ],
  'one scheme that verifies nothing': [
    /ED25519 accepts/,
    publicKey((sound) => ({
      verify: (algorithm, ...rest) =>
        algorithm === 'ED25519' ? false : sound.verify(algorithm, ...rest),
    })),
  ],
  'a wrong OAEP decryption': [
    /RSA-OAEP decrypt/,
    privateKey((sound) => ({
      oaepDecrypt: async (...input) => wrong(await sound.oaepDecrypt(...input)),
    })),
  ],
  'an OAEP decryption that always gives something': [
    /RSA-OAEP refuses/,
    privateKey((sound) => ({
      oaepDecrypt: async (...input) => (await sound.oaepDecrypt(...input)) ?? new Uint8Array(1),
    })),
  ],
  'a wrong ECDH': [
    /ECDH/,
    privateKey((sound) => ({ agree: async (...input) => wrong(await sound.agree(...input)) })),
  ],
  'an exception': [
    /KWP wrap/,
    aes((sound) => ({
      wrap: (material, padded) => {
        if (padded) throw new Error('the platform has no such mode')
        return sound.wrap(material, padded)
      },
    })),
  ],
}

describe('self-test', () => {
  it('accepts both providers', async () => {
    await expect(runSelfTest(provider)).resolves.toBeUndefined()
    await expect(runSelfTest(createPortableProvider())).resolves.toBeUndefined()
  })

  it('keeps what a primitive threw', async () => {
    const cause = new Error('out of order')
    const hkdf = (): never => {
      throw cause
    }
    await expect(runSelfTest({ ...provider, hkdf })).rejects.toMatchObject({ cause })
  })

  it.each(['RSA_2048', 'EC_P256', 'ED25519', 'scrypt'])(
    'asks nothing of %s where it is lacking',
    async (lacking) => {
      const broken = (feature: string): void => {
        if (feature === lacking) throw new Error(`${feature} is not there`)
      }
      const lacks = vi.fn<CryptoProvider['lacks']>((feature) =>
        feature === lacking ? 'not on this platform' : undefined,
      )
      const changed: CryptoProvider = {
        ...provider,
        lacks,
        scrypt: async (...input) => (broken('scrypt'), provider.scrypt(...input)),
        publicKey: (spec, spki) => (broken(spec), provider.publicKey(spec, spki)),
        privateKey: (spec, pair) => (broken(spec), provider.privateKey(spec, pair)),
      }
      await runSelfTest(changed)
      expect(lacks.mock.calls.map(([feature]) => feature)).not.toContain(undefined)
      await expect(runSelfTest({ ...changed, lacks: () => undefined })).rejects.toThrow()
    },
  )

  it.each(Object.entries(CORRUPTIONS))('refuses %s and names it', async (_, [named, change]) => {
    await expect(runSelfTest({ ...provider, ...change })).rejects.toMatchObject({
      code: 'SELF_TEST_FAILED',
      message: expect.stringMatching(named) as string,
    })
  })

  it('runs once per provider, for all callers', async () => {
    const own = createNodeProvider()
    const first = own.selfTest()
    expect(own.selfTest()).toBe(first)
    await first
    expect(own.selfTest()).toBe(first)
    expect(createNodeProvider().selfTest()).not.toBe(first)
  })

  it('names a standard in each row, and no row twice', () => {
    for (const row of KNOWN_ANSWERS) expect(row.source).toMatch(/\d/)
    expect(new Set(KNOWN_ANSWERS.map((row) => row.name)).size).toBe(KNOWN_ANSWERS.length)
  })
})
