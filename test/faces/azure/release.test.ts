/** Keys that leave for attested environments, over each transport (contracts: Azure 4.9). */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { CreateRsaKeyOptions, KeyExportEncryptionAlgorithm } from '@azure/keyvault-keys'
import { describe, expect, it } from 'vitest'
import { AUTHORITY, ISSUER, material, opened, POLICY, policyOf, token } from './attestation-kit.ts'
import { HSM_HOST, openWorld, refusal, START, told, TRANSPORT_NAMES } from './world.ts'

const EXPORTABLE: CreateRsaKeyOptions = {
  hsm: true,
  exportable: true,
  releasePolicy: { encodedPolicy: POLICY },
}
const options = { authorities: [AUTHORITY] }
interface Released {
  readonly request: object
  readonly response: {
    readonly key: { readonly key: Readonly<Record<string, string>>; readonly attributes: object }
  }
}

describe.each(TRANSPORT_NAMES)('release, %s', (transport) => {
  it.each(['CKM_RSA_AES_KEY_WRAP', 'RSA_AES_KEY_WRAP_256', 'RSA_AES_KEY_WRAP_384'] as const)(
    'wraps the key for the environment: %s',
    async (enc) => {
      const { client } = await openWorld({ transport, options })
      const key = await client.createRsaKey('orders', EXPORTABLE)
      const algorithm = enc as KeyExportEncryptionAlgorithm
      const { value } = await client.releaseKey('orders', token(), { algorithm, nonce: 'n' })
      const { header, payload, authentic } = opened(value)
      expect(authentic).toBe(true)
      expect(header).toMatchObject({ alg: 'RS256', typ: 'JWT' })
      const { request, response } = payload as unknown as Released
      expect(request).toMatchObject({
        enc,
        nonce: 'n',
        kid: key.id!.replace(/\/[0-9a-f]{32}$/, ''),
      })
      const { kid, kty, n, key_hsm } = response.key.key
      expect([kid, kty]).toEqual([key.id, 'RSA-HSM'])
      expect(response.key.attributes).toMatchObject({ exportable: true })
      const der = material(key_hsm!)
      const pair = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
      expect(createPublicKey(pair).export({ format: 'jwk' })).toMatchObject({ n })
    },
  )

  it('is for what the policy says alone', async () => {
    const { client } = await openWorld({ transport, options })
    const releasing = async (anyOf: readonly object[], target = token()): Promise<string> => {
      const releasePolicy = { encodedPolicy: policyOf(anyOf) }
      const made = await client.createEcKey('orders', { ...EXPORTABLE, releasePolicy })
      const version = { version: made.properties.version! }
      return refusal(client.releaseKey('orders', target, version))
    }
    const authority = ISSUER.slice(0, -1)
    const tee = { claim: 'x-ms-isolation.tee', equals: 'sevsnp' }
    const svn = { claim: 'x-ms-isolation.svn', equals: 3 }
    const other = { claim: 'x-ms-isolation.svn', equals: 4 }
    const absent = { claim: 'x-ms-isolation.__proto__', equals: 'x' }
    expect(await releasing([{ authority, allOf: [tee, svn] }])).toBe('ok')
    expect(await releasing([{ authority, anyOf: [other, { allOf: [tee] }] }])).toBe('ok')
    expect(
      await releasing([
        { authority, allOf: [{ claim: 'sdk-test', condition: 'equals', value: true }] },
      ]),
    ).toBe('ok')
    expect(await releasing([{ authority, allOf: [tee, other] }])).toBe('403 Forbidden')
    expect(await releasing([{ authority, anyOf: [absent] }])).toBe('403 Forbidden')
    const elsewhere = 'https://other.example.net'
    expect(await releasing([{ authority: elsewhere, allOf: [tee] }])).toBe('403 Forbidden')
    const good = [{ authority, allOf: [tee] }]
    const now = START.getTime() / 1000
    for (const target of [
      token({ byStranger: true }),
      token({ claims: { iss: elsewhere } }),
      token({ claims: { exp: now } }),
      token({ claims: { nbf: now + 1 } }),
      token({ header: { kid: 'two' } }),
      token({ keys: [] }),
      `${token().slice(0, -8)}AAAAAAAA`,
    ])
      expect(await releasing(good, target)).toBe('403 Forbidden')
    for (const target of ['x', 'a.b.c', token({ header: { alg: 'none' } }), 'e30.e30.AA'])
      expect(await releasing(good, target)).toBe('400 BadParameter')
    expect(await told(client.releaseKey('orders', token({ byStranger: true })))).toBe(
      'Target environment attestation does not meet key release policy requirements',
    )
  })

  it('needs a key that was made for it', async () => {
    const { client } = await openWorld({ transport, options })
    await client.createRsaKey('plain', { hsm: true })
    const plain = client.releaseKey('plain', token())
    expect(await refusal(plain)).toBe('403 Forbidden KeyOperationForbidden')
    await client.createRsaKey('off', { ...EXPORTABLE, enabled: false })
    expect(await refusal(client.releaseKey('off', token()))).toBe('403 Forbidden KeyDisabled')
    await client.createRsaKey('old', { ...EXPORTABLE, expiresOn: START, keyOps: ['sign'] })
    expect(await refusal(client.releaseKey('old', token()))).toBe('ok')
    const { hsm, exportable, releasePolicy } = EXPORTABLE
    expect(await told(client.createRsaKey('a', { hsm: hsm!, exportable: exportable! }))).toBe(
      'AKV.SKR.1004: Exportable keys must have release policy.',
    )
    expect(await told(client.createRsaKey('a', { releasePolicy: releasePolicy! }))).toBe(
      'AKV.SKR.1005: Non-exportable keys must not have release policy.',
    )
    expect(await told(client.createRsaKey('a', { ...EXPORTABLE, hsm: false }))).toMatch(/1006/)
    expect(await told(client.createRsaKey('plain', EXPORTABLE))).toMatch(/1003/)
  })

  it('policies are kept compactly, replaced, or stay for ever', async () => {
    const { client, raw } = await openWorld({ transport, options })
    const spaced = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(POLICY).toString()), null, 2))
    const releasePolicy = { encodedPolicy: spaced }
    const made = await client.createRsaKey('orders', { ...EXPORTABLE, releasePolicy })
    const shown = made.properties.releasePolicy!
    expect(JSON.parse(Buffer.from(shown.encodedPolicy!).toString())).toEqual(
      JSON.parse(Buffer.from(POLICY).toString()),
    )
    expect(shown.contentType).toBe('application/json; charset=utf-8')
    expect(shown.encodedPolicy!.length).toBeLessThan(spaced.length)
    const other = policyOf([{ authority: ISSUER, anyOf: [{ claim: 'a', equals: 1 }] }])
    const changed = await client.updateKeyProperties('orders', {
      releasePolicy: { encodedPolicy: other, immutable: true },
    })
    expect(changed.properties.releasePolicy!.immutable).toBe(true)
    const again = { releasePolicy: { encodedPolicy: POLICY } }
    expect(await told(client.updateKeyProperties('orders', again))).toMatch(
      /Immutable Key Release Policy cannot be modified/,
    )
    const { version } = made.properties
    expect(await told(client.updateKeyProperties('orders', version!, again))).toMatch(/1016/)
    await client.createRsaKey('plain')
    expect(await told(client.updateKeyProperties('plain', again))).toMatch(/1005/)
    const patch = { attributes: { exportable: false } }
    const { json } = await raw('PATCH', '/keys/orders', patch)
    expect(json.error?.message).toMatch(/1014.*exportable/)
    const rotated = await client.rotateKey('orders')
    expect(rotated.properties).toMatchObject({
      exportable: true,
      releasePolicy: { immutable: true },
    })
    for (const data of ['{}', '[]', 'x', '{"version":"1.0.0","anyOf":[{}]}']) {
      const bad = { ...EXPORTABLE, releasePolicy: { encodedPolicy: Buffer.from(data) } }
      expect(await refusal(client.createRsaKey('b', bad))).toBe('400 BadParameter')
    }
  })

  it('of a managed HSM has words of its own, and imported keys', async () => {
    const { client } = await openWorld({ transport, options, host: HSM_HOST })
    const { hsm: _, ...exportable } = EXPORTABLE
    expect(await told(client.createRsaKey('a', { exportable: true }))).toBe(
      'Exportable keys must have release policy.',
    )
    const immutable = { encodedPolicy: POLICY, immutable: true }
    const stuck = client.createRsaKey('a', { ...exportable, releasePolicy: immutable })
    expect(await refusal(stuck)).toBe('400 BadParameter')
    const k = Buffer.alloc(32, 7)
    await client.importKey(
      'oct',
      { kty: 'oct', k },
      { exportable: true, releasePolicy: EXPORTABLE.releasePolicy! },
    )
    const { value } = await client.releaseKey('oct', token())
    const { header, payload } = opened(value)
    expect(header).not.toHaveProperty('typ')
    const { response } = payload as unknown as Released
    expect(material(response.key.key['key_hsm']!)).toEqual(k)
  })
})
