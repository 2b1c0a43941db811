/**
 * Keys in use, over each transport, and beside OpenSSL both ways (contracts: Azure 3.1, 4.3, 4.8): what
 * one side makes the other opens.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import type { JsonWebKey, KeyVaultKey } from '@azure/keyvault-keys'
import { describe, expect, it } from 'vitest'
import { HSM_HOST, openWorld, refusal, told, TRANSPORT_NAMES, type Raw } from './world.ts'

const MESSAGE = Buffer.from('ten apples')
const digestOf = (bits: number): Buffer => createHash(`sha${bits}`).update(MESSAGE).digest()
const url = (bytes: Uint8Array | undefined): string => Buffer.from(bytes!).toString('base64url')
const OPENSSL_CURVE = {
  'P-256': 'P-256',
  'P-384': 'P-384',
  'P-521': 'P-521',
  'P-256K': 'secp256k1',
}

/** The public key that a vault shows, for OpenSSL. */
function publicKey({ key }: KeyVaultKey): KeyObject {
  const { kty, n, e, crv, x, y } = key!
  const jwk = kty!.startsWith('RSA')
    ? { kty: 'RSA', n: url(n), e: url(e) }
    : { kty: 'EC', crv: OPENSSL_CURVE[crv as 'P-256'], x: url(x), y: url(y) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

const SIGNATURES = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const).map(
    (alg) => [alg, 'RSA'] as const,
  ),
  ['ES256', 'P-256'] as const,
  ['ES384', 'P-384'] as const,
  ['ES512', 'P-521'] as const,
  ['ES256K', 'P-256K'] as const,
]
const hashBits = (alg: string): number => Number(/\d+/.exec(alg)![0])
const optionsOf = (alg: string) => ({
  ...(alg.startsWith('PS') && {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  }),
  ...(alg.startsWith('ES') && { dsaEncoding: 'ieee-p1363' as const }),
})

describe.each(TRANSPORT_NAMES)('signatures, %s', (transport) => {
  it.each(SIGNATURES)('of %s hold for others, and theirs here', async (alg, type) => {
    const { client, cryptography } = await openWorld({ transport })
    const pair =
      type === 'RSA'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: OPENSSL_CURVE[type] })
    const jwk = pair.privateKey.export({ format: 'jwk' })
    const bytes = Object.fromEntries(
      Object.entries(jwk).map(([name, value]) =>
        name === 'kty' || name === 'crv'
          ? [name, value]
          : [name, Buffer.from(String(value), 'base64url')],
      ),
    )
    const given = { ...bytes, ...(type !== 'RSA' && { crv: type }) } as JsonWebKey
    const key = await client.importKey('signer', given)
    expect(publicKey(key).export({ format: 'jwk' })).toEqual(
      pair.publicKey.export({ format: 'jwk' }),
    )
    const digest = digestOf(hashBits(alg))
    const hash = `sha${hashBits(alg)}`
    const user = cryptography(key.id!)
    const { result, keyID } = await user.sign(alg, digest)
    expect(keyID).toBe(key.id)
    expect(verify(hash, MESSAGE, { key: publicKey(key), ...optionsOf(alg) }, result)).toBe(true)
    const theirs = sign(hash, MESSAGE, { key: pair.privateKey, ...optionsOf(alg) })
    expect((await user.verify(alg, digest, theirs)).result).toBe(true)
    const other = Buffer.from(theirs)
    other[0]! ^= 1
    expect((await user.verify(alg, digest, other)).result).toBe(false)
    expect((await user.verify(alg, digest, theirs.subarray(1))).result).toBe(false)
    const message = await told(user.sign(alg, digest.subarray(1)))
    expect(message).toBe(
      `Invalid length of 'value': ${digest.length - 1} bytes. ${alg} requires ${digest.length} ` +
        'bytes, encoded with base64url.',
    )
  })

  it('are made of data by the client, which hashes it', async () => {
    const { client } = await openWorld({ transport })
    await client.createEcKey('signer')
    const user = client.getCryptographyClient('signer')
    const { result } = await user.signData('ES256', MESSAGE)
    expect((await user.verifyData('ES256', MESSAGE, result)).result).toBe(true)
  })

  it('follow the latest version when no version is named', async () => {
    const { client } = await openWorld({ transport })
    const first = await client.createEcKey('signer')
    const user = client.getCryptographyClient('signer')
    const old = await user.sign('ES256', digestOf(256))
    expect(old.keyID).toBe(first.id)
    const second = await client.rotateKey('signer')
    // Of the key it names the client knows no better than when it first looked.
    const { result } = await user.sign('ES256', digestOf(256))
    const newest = { key: publicKey(second), dsaEncoding: 'ieee-p1363' } as const
    expect(verify('sha256', MESSAGE, newest, result)).toBe(true)
    expect((await user.verify('ES256', digestOf(256), old.result)).result).toBe(false)
    const named = client.getCryptographyClient('signer', {
      keyVersion: first.properties.version!,
    })
    expect((await named.verify('ES256', digestOf(256), old.result)).result).toBe(true)
    expect((await named.sign('ES256', digestOf(256))).keyID).toBe(first.id)
  })

  it.each([256, 384, 512] as const)('HS%i are MACs of whatever comes', async (bits) => {
    const { client } = await openWorld({ transport, host: HSM_HOST })
    const k = randomBytes(bits / 8)
    const keyOps = ['sign', 'verify']
    await client.importKey('mac', { kty: 'oct', k, keyOps })
    const user = client.getCryptographyClient('mac')
    const { result } = await user.sign(`HS${bits}`, MESSAGE)
    expect(Buffer.from(result)).toEqual(createHmac(`sha${bits}`, k).update(MESSAGE).digest())
    expect((await user.verify(`HS${bits}`, MESSAGE, result)).result).toBe(true)
    expect((await user.verify(`HS${bits}`, digestOf(256), result)).result).toBe(false)
  })
})

describe.each(TRANSPORT_NAMES)('encryption, %s', (transport) => {
  it.each([
    ['RSA-OAEP', 'sha1'],
    ['RSA-OAEP-256', 'sha256'],
  ] as const)('%s opens what the client or OpenSSL sealed', async (algorithm, oaepHash) => {
    const { client } = await openWorld({ transport })
    const key = await client.createRsaKey('box')
    const user = client.getCryptographyClient('box')
    const { result, keyID } = await user.encrypt({ algorithm, plaintext: MESSAGE })
    expect(keyID).toBe(key.id)
    const opened = await user.decrypt({ algorithm, ciphertext: result })
    expect(Buffer.from(opened.result)).toEqual(MESSAGE)
    const theirs = publicEncrypt({ key: publicKey(key), oaepHash }, MESSAGE)
    const unwrapped = await user.unwrapKey(algorithm, theirs)
    expect(Buffer.from(unwrapped.result)).toEqual(MESSAGE)
    const wrapped = await user.wrapKey(algorithm, MESSAGE)
    expect((await user.decrypt({ algorithm, ciphertext: wrapped.result })).result).toEqual(
      opened.result,
    )
    const broken = Buffer.from(theirs)
    broken[7]! ^= 1
    expect(await refusal(user.decrypt({ algorithm, ciphertext: broken }))).toBe('400 BadParameter')
    const long = { algorithm: 'RSA-OAEP-256' as const, plaintext: new Uint8Array(191) }
    expect(await refusal(user.encrypt(long))).toBe('400 BadParameter')
  })

  it.each([128, 192, 256] as const)('A%iGCM is that of OpenSSL', async (bits) => {
    const { client } = await openWorld({ transport, host: HSM_HOST })
    const k = randomBytes(bits / 8)
    await client.importKey('box', { kty: 'oct', k })
    const user = client.getCryptographyClient('box')
    const algorithm = `A${bits}GCM` as const
    const additionalAuthenticatedData = Buffer.from('table orders')
    const sealed = await user.encrypt({
      algorithm,
      plaintext: MESSAGE,
      additionalAuthenticatedData,
    })
    const { iv, authenticationTag, result } = sealed
    expect([iv!.length, authenticationTag!.length]).toEqual([12, 16])
    expect(Buffer.from(sealed.additionalAuthenticatedData!)).toEqual(additionalAuthenticatedData)
    const open = createDecipheriv(`aes-${bits}-gcm`, k, iv!)
    open.setAAD(additionalAuthenticatedData).setAuthTag(authenticationTag!)
    expect(Buffer.concat([open.update(result), open.final()])).toEqual(MESSAGE)
    const seal = createCipheriv(`aes-${bits}-gcm`, k, iv!)
    seal.setAAD(additionalAuthenticatedData)
    const ciphertext = Buffer.concat([seal.update(MESSAGE), seal.final()])
    const given = { algorithm, ciphertext, iv: iv!, additionalAuthenticatedData }
    const opened = await user.decrypt({ ...given, authenticationTag: seal.getAuthTag() })
    expect(Buffer.from(opened.result)).toEqual(MESSAGE)
    const wrong = { ...given, authenticationTag: new Uint8Array(16) }
    expect(await refusal(user.decrypt(wrong))).toBe('400 BadParameter')
    const other = bits === 256 ? 'A128GCM' : 'A256GCM'
    const misfit = user.encrypt({ algorithm: other, plaintext: MESSAGE })
    expect(await refusal(misfit)).toBe('400 BadParameter')
  })

  it.each([128, 192, 256] as const)('A%iCBC and CBCPAD are those of OpenSSL', async (bits) => {
    const { client } = await openWorld({ transport, host: HSM_HOST })
    const k = randomBytes(bits / 8)
    await client.importKey('box', { kty: 'oct', k })
    const user = client.getCryptographyClient('box')
    const iv = randomBytes(16)
    for (const [padded, plaintext] of [
      [true, MESSAGE],
      [false, Buffer.alloc(32, 7)],
    ] as const) {
      const algorithm = `A${bits}CBC${padded ? ('PAD' as const) : ('' as const)}` as const
      const sealed = await user.encrypt({ algorithm, plaintext, iv })
      const open = createDecipheriv(`aes-${bits}-cbc`, k, iv).setAutoPadding(padded)
      expect(Buffer.concat([open.update(sealed.result), open.final()])).toEqual(plaintext)
      const opened = await user.decrypt({ algorithm, ciphertext: sealed.result, iv: sealed.iv! })
      expect(Buffer.from(opened.result)).toEqual(plaintext)
      const fresh = await user.encrypt({ algorithm, plaintext } as never)
      expect(fresh.iv).toHaveLength(16)
    }
  })

  it.each([128, 192, 256] as const)(
    'A%iKW and the wraps of PKCS #11 are those of OpenSSL',
    async (bits) => {
      const { client, raw } = await openWorld({ transport, host: HSM_HOST })
      const k = randomBytes(bits / 8)
      await client.importKey('box', { kty: 'oct', k })
      const user = client.getCryptographyClient('box')
      const secret = randomBytes(32)
      const kw = createCipheriv(`aes${bits}-wrap`, k, Buffer.alloc(8, 0xa6))
      const expected = Buffer.concat([kw.update(secret), kw.final()])
      for (const algorithm of [`A${bits}KW`, 'CKM_AES_KEY_WRAP'] as const) {
        const { result } = await user.wrapKey(algorithm, secret)
        expect(Buffer.from(result)).toEqual(expected)
        const back = await user.unwrapKey(algorithm, expected)
        expect(Buffer.from(back.result)).toEqual(secret)
      }
      const odd = randomBytes(13)
      const kwp = createCipheriv(`id-aes${bits}-wrap-pad`, k, Buffer.from('a65959a6', 'hex'))
      const padded = Buffer.concat([kwp.update(odd), kwp.final()])
      const body = { alg: 'CKM_AES_KEY_WRAP_PAD', value: url(odd) }
      const { json } = await raw('POST', '/keys/box/wrapKey', body)
      expect(json['value']).toBe(url(padded))
      expect(json['alg']).toBe('CKM_AES_KEY_WRAP_PAD')
    },
  )

  it('of nothing gives nothing back', async () => {
    const { client } = await openWorld({ transport, host: HSM_HOST })
    await client.createOctKey('box')
    const user = client.getCryptographyClient('box')
    const sealed = await user.encrypt({ algorithm: 'A256GCM', plaintext: new Uint8Array(0) })
    const { iv, authenticationTag } = sealed
    const opened = await user.decrypt({
      algorithm: 'A256GCM',
      ciphertext: new Uint8Array(0),
      iv: iv!,
      authenticationTag: authenticationTag!,
    })
    // The client makes no bytes of an empty string.
    expect(opened.result).toHaveLength(0)
  })

  it('random bytes are those of a managed HSM alone', async () => {
    const { client } = await openWorld({ transport, host: HSM_HOST })
    expect(await client.getRandomBytes(10)).toHaveLength(10)
    for (const count of [-1, 0, 129])
      expect(await told(client.getRandomBytes(count))).toMatch(
        /^GetRandomBytesRequest: count cannot be greater than 128 or less than 1/,
      )
    const vault = await openWorld({ transport })
    expect(await refusal(vault.client.getRandomBytes(8))).toBe('404 NotFound')
  })
})

describe('imported keys', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = pair.privateKey.export({ format: 'jwk' }) as Record<string, string>
  const members = (): Record<string, string> => ({ ...jwk })
  const shownKey = (json: Raw['json']) => json['key'] as Record<string, unknown>

  it('may have zeros in front, and padding behind', async () => {
    const { raw } = await openWorld()
    const n = `${Buffer.concat([Buffer.alloc(1), Buffer.from(jwk['n']!, 'base64url')]).toString('base64url')}=`
    const { json, status } = await raw('PUT', '/keys/a', { key: { ...members(), n } })
    expect(status).toBe(200)
    expect(shownKey(json)['n']).toBe(jwk['n'])
  })

  it('must be whole and consistent', async () => {
    const { raw } = await openWorld()
    for (const name of ['n', 'd', 'p', 'q', 'dp', 'dq', 'qi']) {
      const { [name]: _, ...rest } = members()
      const { status, json } = await raw('PUT', '/keys/a', { key: rest })
      expect([name, status, json.error?.code]).toEqual([name, 400, 'BadParameter'])
    }
    const wrong = await raw('PUT', '/keys/a', { key: { ...members(), qi: 'AQAB' } })
    expect(wrong.json.error?.code).toBe('BadParameter')
    expect(JSON.stringify(wrong.json)).not.toContain(jwk['d'])
    const ec = { kty: 'EC', crv: 'P-256', x: 'AQ', y: 'AQ', d: 'AQ' }
    expect((await raw('PUT', '/keys/a', { key: ec })).status).toBe(400)
    const oct = { kty: 'oct-HSM', k: url(randomBytes(20)) }
    expect((await raw('PUT', '/keys/a', { key: oct })).status).toBe(400)
    const byok = { kty: 'RSA-HSM', key_hsm: 'e30' }
    const { json } = await raw('PUT', '/keys/a', { key: byok })
    expect(json.error?.message).toMatch(/key_hsm.* not offered/)
  })

  it('never show what is secret', async () => {
    const { raw, client } = await openWorld()
    const { json } = await raw('PUT', '/keys/a', { Hsm: true, key: members() })
    expect(Object.keys(shownKey(json)).sort()).toEqual(['e', 'key_ops', 'kid', 'kty', 'n'])
    expect((await client.getKey('a')).keyType).toBe('RSA-HSM')
    const again = await raw('PUT', '/keys/a', { Hsm: true, key: members() })
    expect(shownKey(again.json)['n']).toBe(jwk['n'])
    expect(createPrivateKey({ key: jwk as never, format: 'jwk' }).type).toBe('private')
  })
})
