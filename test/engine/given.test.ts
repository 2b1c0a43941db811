/** Keys whose id and material the caller gives: what tests and moves from another store need. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Strongroom, type PairSpec, type Spec } from '../../src/index.ts'

const ID = '01234567-89ab-cdef-0123-456789abcdef'
const pkcs8 = { format: 'der', type: 'pkcs8' } as const
const spki = { format: 'der', type: 'spki' } as const
const PAIRS: Readonly<Partial<Record<PairSpec, () => { privateKey: Buffer; publicKey: Buffer }>>> =
  {
    RSA_2048: () =>
      generateKeyPairSync('rsa', {
        modulusLength: 2048,
        privateKeyEncoding: pkcs8,
        publicKeyEncoding: spki,
      }),
    EC_P256: () =>
      generateKeyPairSync('ec', {
        namedCurve: 'P-256',
        privateKeyEncoding: pkcs8,
        publicKeyEncoding: spki,
      }),
    ED25519: () =>
      generateKeyPairSync('ed25519', { privateKeyEncoding: pkcs8, publicKeyEncoding: spki }),
  }

let room: Strongroom
let vaultId: string
beforeAll(async () => {
  room = await Strongroom.open()
  vaultId = (await room.createVault({ displayName: 'given' })).id
})
afterAll(() => room.close())

const named = (spec: Spec) => ({ vaultId, displayName: 'given', spec })

describe('an id that the caller gives', () => {
  it('is the id of the key, and is never given again', async () => {
    const key = await room.createKey({ ...named('AES_256'), id: ID })
    expect(key.id).toBe(ID)
    const again = room.createKey({ ...named('AES_256'), id: ID })
    await expect(again).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await room.destroyKey({ keyId: ID })
    const later = room.createKey({ ...named('AES_256'), id: ID })
    await expect(later).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  it('is given once, though two ask at the same time, in one vault or two', async () => {
    const other = await room.createVault({ displayName: 'other' })
    for (const second of [vaultId, other.id]) {
      const id = randomUUID()
      const both = await Promise.allSettled([
        room.createKey({ ...named('AES_256'), id }),
        room.createKey({ ...named('AES_256'), id, vaultId: second }),
      ])
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(await room.getKey({ keyId: id })).toMatchObject({ id })
    }
  })

  it('is not that of a version', async () => {
    const { currentVersionId } = await room.createKey(named('AES_256'))
    const taken = room.createKey({ ...named('AES_256'), id: currentVersionId! })
    await expect(taken).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  it.each([
    ['UPPER', ID.toUpperCase()],
    ['short', 'abc'],
    ['a path', `${ID.slice(0, 34)}/.`],
  ])('in another form (%s) is refused', async (_, id) => {
    const made = room.createKey({ ...named('AES_256'), id })
    await expect(made).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('material that the caller gives', () => {
  it.each(['HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512'] as const)(
    '%s: same MACs',
    async (spec) => {
      const material = new Uint8Array(Number(spec.slice(5)) / 8).fill(7)
      const message = new Uint8Array([1, 2, 3])
      const macs = []
      for (let i = 0; i < 2; i++) {
        const { id: keyId } = await room.createKey({ ...named(spec), material })
        macs.push((await room.generateMac({ keyId, message })).mac)
      }
      expect(macs[0]).toEqual(macs[1])
      expect(material).toEqual(new Uint8Array(material.length).fill(7))
    },
  )

  it.each(Object.keys(PAIRS) as PairSpec[])('%s: its public key', async (spec) => {
    const { privateKey, publicKey } = PAIRS[spec]!()
    const key = await room.createKey({ ...named(spec), material: new Uint8Array(privateKey) })
    expect(key).toMatchObject({ origin: 'internal', state: 'enabled' })
    const shown = await room.getPublicKey({ keyId: key.id })
    expect(Buffer.from(shown.publicKey)).toEqual(publicKey)
  })

  it.each([
    ['too short', 'AES_256', new Uint8Array(31)],
    ['too long', 'HMAC_256', new Uint8Array(33)],
    ['no PKCS#8', 'EC_P256', new Uint8Array(64)],
  ] as const)('is refused when it is %s', async (_, spec, material) => {
    const made = room.createKey({ ...named(spec), material })
    await expect(made).rejects.toMatchObject({ code: 'INVALID_KEY_MATERIAL' })
  })

  it('is refused for a key whose material is still to come', async () => {
    const input = { ...named('AES_256'), origin: 'imported', material: new Uint8Array(32) } as const
    await expect(room.createKey(input)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
