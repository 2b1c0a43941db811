/**
 * The suite of both providers, in the order in which it draws, derives and lays out: the vectors of
 * C2SP, and the construction written out here with the block cipher of OpenSSL.
 */
import * as crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { nodeSuite } from '../../src/crypto/node/suite.ts'
import { randomSources } from '../../src/crypto/pool.ts'
import type { RandomSources } from '../../src/crypto/pool.ts'
import { portableSuite } from '../../src/crypto/portable/suite.ts'
import type { Suite } from '../../src/crypto/provider.ts'
import { cmacSubkey, writeKdfInput } from '../../src/crypto/xaes.ts'
import { givenByCiphers, holds, isWiped, recorded } from './recorded.ts'

type Make = (key: Uint8Array, sources: RandomSources) => Suite
const SUITES: Readonly<Record<string, Make>> = { node: nodeSuite, portable: portableSuite }
type Vector = Record<'source' | 'key' | 'nonce' | 'aad' | 'plaintext' | 'ciphertext', string>
const { vectors } = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/xaes.json', import.meta.url), 'utf8'),
) as { vectors: readonly Vector[] }

const hex = (text: string): Uint8Array => fromHex(text)!
const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const counting = (length: number, from = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => i * 7 + from)
const text = (value: Uint8Array | undefined) => value && toHex(value)
const EMPTY = bytes(0)

/** A source that gives the same bytes each time it is made, and repeats none of them soon. */
function numbered(deterministic: boolean): RandomSources {
  let state = 1
  const fill = (target: Uint8Array) => {
    for (let at = 0; at < target.length; at++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      target[at] = state >>> 24
    }
  }
  return randomSources(fill, deterministic ? { fill, deterministic } : undefined)
}

/** The steps of XAES-256-GCM for a key of any size: message key, commitment and IV. */
function derived(key: Uint8Array, nonce: Uint8Array) {
  const ecb = crypto.createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false)
  const l = BigInt(`0x${ecb.update(bytes(16, 0)).toString('hex')}`)
  const doubled = (l << 1n) & (2n ** 128n - 1n)
  const k1 = l >> 127n === 1n ? doubled ^ 0x87n : doubled
  const inputs = [1, 2, 3, 4].map((i) => {
    const m = BigInt(`0x000${i}5800${toHex(nonce.subarray(0, 12))}`)
    return hex((m ^ k1).toString(16).padStart(32, '0'))
  })
  const blocks = new Uint8Array(ecb.update(concat(...inputs)))
  return { messageKey: blocks.slice(0, key.length), commitment: blocks.slice(32, 64) }
}

/** header || nonce || commitment || body || tag */
function sealedBy(
  key: Uint8Array,
  nonce: Uint8Array,
  { aad = EMPTY, plaintext = EMPTY, header = EMPTY },
) {
  const { messageKey, commitment } = derived(key, nonce)
  const name = `aes-${(key.length * 8) as 256}-gcm` as const
  const gcm = crypto.createCipheriv(name, messageKey, nonce.subarray(12))
  gcm.setAAD(aad)
  const body = concat(gcm.update(plaintext), gcm.final())
  return concat(header, nonce, commitment, body, gcm.getAuthTag())
}

it('the CMAC subkey of SP 800-38B, with and without a carry', () => {
  // RFC 4493 section 4: AES-128(key, 0) and K1; then K1 and K2 there, which is doubled again.
  expect(toHex(cmacSubkey(hex('7df76b0c1ab899b33e42f047b91b546f')))).toBe(
    'fbeed618357133667c85e08f7236a8de',
  )
  expect(toHex(cmacSubkey(hex('fbeed618357133667c85e08f7236a8de')))).toBe(
    'f7ddac306ae266ccf90bc11ee46d513b',
  )
})

it('the four inputs of the KDF stand where they are asked for', () => {
  const [k1, nonce, out] = [counting(16), counting(40, 3), bytes(70, 0)]
  writeKdfInput(k1, nonce, 5, out, 3)
  const inputs = [1, 2, 3, 4].map((i) => {
    const m = concat(Uint8Array.of(0, i, 0x58, 0), nonce.subarray(5, 17))
    return m.map((byte, at) => byte ^ k1[at]!)
  })
  expect(toHex(out)).toBe(toHex(concat(bytes(3, 0), ...inputs, bytes(3, 0))))
})

describe.each(Object.entries(SUITES))('%s', (_, make) => {
  const suiteOf = (key: Uint8Array) => make(key, numbered(true))

  it.each(vectors)('$source', ({ key, nonce, aad, plaintext, ciphertext }) => {
    const sealed = suiteOf(hex(key)).sealWithNonce(hex(nonce), hex(aad), hex(plaintext))
    expect(toHex(sealed.subarray(0, 24))).toBe(nonce)
    expect(toHex(sealed.subarray(56))).toBe(ciphertext)
    expect(text(suiteOf(hex(key)).open(sealed, 0, hex(aad)))).toBe(plaintext)
  })

  describe.each([16, 24, 32])('a key of %i bytes', (size) => {
    const key = counting(size)

    it('every part where it belongs, at lengths around each bound', () => {
      const suite = suiteOf(key)
      for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 200])
        for (const aad of [EMPTY, utf8('aad'), counting(65)]) {
          const nonce = counting(24, length + aad.length)
          const plaintext = counting(length)
          const expected = sealedBy(key, nonce, { aad, plaintext })
          expect(toHex(suite.sealWithNonce(nonce, aad, plaintext))).toBe(toHex(expected))
          expect(text(suite.open(expected, 0, aad))).toBe(toHex(plaintext))
        }
    })

    it.each([true, false])('nonces in the order of the source (reproducible: %s)', (exact) => {
      const [suite, source] = [make(key, numbered(exact)), numbered(exact)]
      const seen = new Set<string>()
      for (let i = 0; i < 150; i++) {
        const [header, plaintext] = [counting(i % 3 === 0 ? i : 5), counting(i % 7)]
        const sealed = suite.seal(header, utf8('aad'), plaintext)
        const at = header.length
        const nonce = sealed.slice(at, at + 24)
        const expected = sealedBy(key, nonce, { aad: utf8('aad'), plaintext, header })
        expect(toHex(sealed)).toBe(toHex(expected))
        expect(text(suite.open(sealed, at, utf8('aad')))).toBe(toHex(plaintext))
        expect(sealed.buffer.byteLength).toBe(sealed.length)
        seen.add(toHex(nonce))
        if (!exact) continue
        const drawn = bytes(24)
        source.secret.fill(drawn)
        expect(toHex(nonce)).toBe(toHex(drawn))
      }
      expect(seen.size).toBe(150)
    })
  })

  it('two suites of one source share no nonce, and none drawn before a reseed comes after it', () => {
    const sources = numbered(false)
    const suites = [make(counting(32), sources), make(counting(32), sources)]
    const seen = new Set<string>()
    for (let i = 0; i < 200; i++) {
      if (i % 50 === 49) sources.reseed()
      for (const suite of suites) seen.add(toHex(suite.seal(EMPTY, EMPTY, EMPTY).subarray(0, 24)))
    }
    expect(seen.size).toBe(400)
  })

  it('a reseed puts an end to what was drawn ahead', () => {
    let mark = 0
    const sources = randomSources((target) => void target.fill(mark), undefined)
    const suite = make(counting(32), sources)
    const markOf = () => suite.seal(EMPTY, EMPTY, EMPTY)[0]
    for (let i = 0; i < 30; i++) expect(markOf()).toBe(0)
    for (mark = 1; mark < 5; mark++) {
      sources.reseed()
      for (let i = 0; i < 3; i++) expect(markOf()).toBe(mark)
    }
  })

  it('opens nothing that was changed, cut, moved or sealed otherwise', () => {
    const [key, aad, header, plaintext] = [counting(32), utf8('aad'), utf8('head'), counting(20)]
    const suite = suiteOf(key)
    const nonce = counting(24, 9)
    const sealed = sealedBy(key, nonce, { aad, plaintext, header })
    expect(text(suite.open(sealed, 4, aad))).toBe(toHex(plaintext))
    for (let at = 4; at < sealed.length; at++) {
      const other = sealed.slice()
      other[at]! ^= 1
      expect(suite.open(other, 4, aad), `byte ${at}`).toBeUndefined()
    }
    for (let length = 0; length < sealed.length; length++)
      expect(suite.open(sealed.subarray(0, length), 4, aad)).toBeUndefined()
    for (const at of [0, 3, 5]) expect(suite.open(sealed, at, aad)).toBeUndefined()
    for (const other of [EMPTY, utf8('aae'), utf8('aad ')])
      expect(suite.open(sealed, 4, other)).toBeUndefined()
    expect(suiteOf(counting(32, 2)).open(sealed, 4, aad)).toBeUndefined()
    const shortest = sealedBy(key, nonce, {})
    expect(suite.open(shortest, 0, EMPTY)).toHaveLength(0)
    expect(suite.open(shortest.subarray(1), 0, EMPTY)).toBeUndefined()
    // It opens the next as if nothing had been.
    expect(text(suite.open(sealed, 4, aad))).toBe(toHex(plaintext))
  })

  it('a wrong commitment opens with no tag, also not with the one that it is turned into', () => {
    const key = counting(32)
    const sealed = sealedBy(key, counting(24, 9), { plaintext: counting(20) })
    for (const at of [24, 40, 55])
      for (const tagAt of [-16, -1]) {
        const other = sealed.slice()
        other[at]! ^= 0x10
        other[other.length + tagAt]! ^= 1
        expect(suiteOf(key).open(other, 0, EMPTY)).toBeUndefined()
      }
  })

  it('nonces have 24 bytes', () => {
    for (const length of [0, 12, 23, 25])
      expect(() => suiteOf(counting(32)).sealWithNonce(bytes(length), EMPTY, EMPTY)).toThrow(
        /24 bytes/,
      )
  })

  it('no message key is left behind: not after one message, nor drawn ahead and spent', () => {
    const [key, sealed] = [counting(32), [] as Uint8Array[]]
    const { made } = recorded(() => {
      const suite = make(key, numbered(false))
      for (let i = 0; i < 30; i++) sealed.push(suite.seal(EMPTY, EMPTY, counting(3)))
      sealed.push(suite.sealWithNonce(counting(24, 9), EMPTY, counting(3)))
      for (const each of sealed) suite.open(each, 0, EMPTY)
      const wrong = sealed[0]!.slice()
      wrong[30]! ^= 1
      suite.open(wrong, 0, EMPTY)
    })
    expect(made.length).toBeGreaterThan(30)
    for (const each of sealed) {
      const { messageKey } = derived(key, each.slice(0, 24))
      expect(holds(made, messageKey.subarray(0, 8))).toBe(false)
      expect(holds(made, messageKey.subarray(16, 24))).toBe(false)
    }
  })

  it('neither the key nor the answer of its block cipher is left behind in making a suite', () => {
    const key = counting(32)
    const { made } = recorded(() => make(key, numbered(true)))
    const ecb = crypto.createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    expect(holds(made, new Uint8Array(ecb.update(bytes(16, 0))))).toBe(false)
    expect(holds(made, key.subarray(0, 16))).toBe(false)
  })
})

describe('node, in steady use', () => {
  it('draws ahead from the fifth message on, twice as many each time up to 64', () => {
    const drawn: number[] = []
    const sources = numbered(true)
    const { secret } = sources
    const reseed = () => sources.reseed()
    const fill = (target: Uint8Array) => {
      drawn.push(target.length / 24)
      secret.fill(target)
    }
    const nonces = { fill, epoch: 0, reseed }
    const suite = nodeSuite(counting(32), { secret, nonces, reseed })
    for (let i = 0; i < 4 + 8 + 16 + 32 + 64 + 64 + 1; i++) suite.seal(EMPTY, EMPTY, EMPTY)
    expect(drawn).toEqual([1, 1, 1, 1, 8, 16, 32, 64, 64, 64])
  })

  it('what the platform gave in between is overwritten', () => {
    const suite = nodeSuite(counting(32), numbered(true))
    const sealed = suite.sealWithNonce(counting(24), EMPTY, counting(30))
    const wrong = sealed.slice()
    wrong[wrong.length - 1]! ^= 1
    const given = givenByCiphers(() => expect(suite.open(wrong, 0, EMPTY)).toBeUndefined())
    // The blocks of the KDF, and a body whose tag was wrong.
    expect(given.map(({ length }) => length)).toEqual([64, 30])
    expect(given.every(isWiped)).toBe(true)
  })
})
