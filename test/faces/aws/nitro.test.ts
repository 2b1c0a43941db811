/**
 * Attestation documents against their specification
 * (https://github.com/aws/aws-nitro-enclaves-nsm-api/blob/main/docs/attestation_process.md), and what
 * each of its rules refuses.
 */
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPortableProvider } from '../../../src/crypto/portable/index.ts'
import * as der from '../../../src/crypto/der.ts'
import { fromHex, utf8 } from '../../../src/base/bytes.ts'
import { AWS_NITRO_ROOT_G1, readRoots } from '../../../src/faces/aws/nitro/roots.ts'
import { verifyAttestation } from '../../../src/faces/aws/nitro/verify.ts'
import { readCertificate } from '../../../src/faces/aws/nitro/x509.ts'
import { nitroTestAuthority, seededRandom, VirtualClock } from '../../../src/testing/index.ts'
import {
  basicConstraints,
  DIGITAL_SIGNATURE,
  extension,
  KEY_CERT_SIGN,
  keyUsage,
  type CertificateInput,
} from '../../../src/testing/nitro/certificate.ts'
import {
  authority,
  day,
  documentOf,
  host,
  leaf,
  LEAF,
  members,
  NOW,
  OTHER,
  provider,
  reasonOf,
  root,
  ROOT,
  signer,
  verify,
  ZONE,
  zone,
} from './nitro-kit.ts'

const START = new Date('2026-01-01T00:00:00Z')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const spki = new Uint8Array(rsa.publicKey.export({ type: 'spki', format: 'der' }))

describe('the root of AWS', () => {
  test('has the fingerprint that AWS publishes', () => {
    expect(createHash('sha256').update(AWS_NITRO_ROOT_G1).digest('hex')).toBe(
      '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b',
    )
  })

  test('is an authority in our eyes, for the 30 years that OpenSSL reads', () => {
    const ours = readCertificate(AWS_NITRO_ROOT_G1)
    const theirs = new X509Certificate(AWS_NITRO_ROOT_G1)
    expect(ours).toMatchObject({
      isCa: true,
      pathLength: undefined,
      signsCertificates: true,
      notBefore: Date.parse(theirs.validFrom),
      notAfter: Date.parse(theirs.validTo),
    })
    expect(theirs.subject).toBe('C=US\nO=Amazon\nOU=AWS\nCN=aws.nitro-enclaves')
    expect(readRoots()).toEqual([AWS_NITRO_ROOT_G1])
  })

  test('does not trust the authority of tests', async () => {
    const document = nitroTestAuthority().attest()
    const options = { provider, roots: readRoots(), now: Date.now() }
    expect(await reasonOf(verifyAttestation(document, options))).toBe('untrusted')
  })
})

describe('a document of the test authority', () => {
  const clock = new VirtualClock(START)
  const made = () => nitroTestAuthority({ random: seededRandom('nitro'), clock })
  const known = made()
  const options = { provider, roots: readRoots([known.root]), now: START.getTime() }
  const image = 'ab'.repeat(48)

  test('proves what it was asked to say', async () => {
    const document = known.attest({
      publicKey: rsa.publicKey,
      pcrs: { 0: image, 31: new Uint8Array(32).fill(7) },
      userData: utf8('user'),
      nonce: utf8('nonce'),
      moduleId: 'i-9-enc8',
    })
    const { pcrs, ...rest } = await verifyAttestation(document, options)
    expect(rest).toEqual({
      moduleId: 'i-9-enc8',
      timestamp: START.getTime(),
      source: 'enclave',
      publicKey: spki,
      userData: utf8('user'),
      nonce: utf8('nonce'),
    })
    expect([...pcrs.keys()]).toEqual([...Array.from({ length: 16 }, (_, at) => at), 31])
    expect([pcrs.get(0), pcrs.get(1), pcrs.get(31)]).toEqual([
      image,
      '00'.repeat(48),
      '07'.repeat(32),
    ])
  })

  test('of an instance with NitroTPM tells so', async () => {
    const document = known.attest({ source: 'tpm', pcrs: { 4: image } })
    const { source, pcrs, publicKey } = await verifyAttestation(document, options)
    expect([source, pcrs.get(4), publicKey]).toEqual(['tpm', image, undefined])
  })

  test('takes keys as DER, PEM and KeyObject', async () => {
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
    for (const publicKey of [spki, pem, rsa.publicKey]) {
      const document = known.attest({ publicKey })
      expect((await verifyAttestation(document, options)).publicKey).toEqual(spki)
    }
  })

  test('verifies by the portable provider too', async () => {
    const portable = { ...options, provider: createPortableProvider() }
    expect((await verifyAttestation(known.attest(), portable)).source).toBe('enclave')
  })

  test('is the same from the same seed, and another from another', () => {
    const input = { publicKey: spki, timestamp: START }
    expect(made().attest(input)).toEqual(made().attest(input))
    expect(made().root).toBe(known.root)
    expect(nitroTestAuthority().root).not.toBe(known.root)
  })

  test('is valid for three hours', async () => {
    const document = known.attest({ timestamp: START })
    const at = async (ms: number) =>
      reasonOf(verifyAttestation(document, { ...options, now: START.getTime() + ms }))
    expect(await Promise.all([-3000, -3001, 10_800_000, 10_800_001].map(at))).toEqual([
      undefined,
      'expired',
      undefined,
      'expired',
    ])
  })

  test('has certificates that OpenSSL accepts one under the other', () => {
    const names = new X509Certificate(known.root)
    expect(names.verify(names.publicKey)).toBe(true)
    expect(names.ca).toBe(true)
    expect([zone(), host()].map((raw) => new X509Certificate(raw).ca)).toEqual([true, true])
    expect(new X509Certificate(leaf()).checkIssued(new X509Certificate(host()))).toBe(true)
  })
})

describe('a document that is in order', () => {
  test.each([
    ['bare', documentOf()],
    ['with tag 18', documentOf({}, { tagged: true })],
    ['with a map of indefinite length', documentOf({}, { payload: indefinite() })],
    ['without what is optional', documentOf({ public_key: undefined, nonce: undefined })],
    ['with empty user data and nonce', documentOf({ user_data: bytes(0), nonce: bytes(0) })],
    [
      'with everything as long as it may be',
      documentOf({ user_data: bytes(512), nonce: bytes(512), public_key: bytes(1024) }),
    ],
    ['with registers of each length', documentOf({ pcrs: registers([0, 32], [1, 48], [31, 64]) })],
    ['with NitroTPM registers', documentOf({ pcrs: undefined, nitrotpm_pcrs: registers([4, 48]) })],
  ])('%s', async (_, document) => {
    expect(await reasonOf(verify(document))).toBeUndefined()
  })

  /** As newer hypervisors write it. */
  function indefinite(): Uint8Array {
    const pairs = [...members()].flatMap(([name, value]) => [...encode(name), ...encode(value)])
    return Uint8Array.from([0xbf, ...pairs, 0xff])
  }
})

function bytes(length: number): Uint8Array {
  return new Uint8Array(length)
}
function registers(...rows: readonly (readonly [unknown, number])[]): Map<unknown, Uint8Array> {
  return new Map(rows.map(([index, length]) => [index, bytes(length)]))
}

describe('structure (RFC 9052 4.2; specification 3.1)', () => {
  const header = (entries: readonly (readonly [unknown, unknown])[]) =>
    documentOf({}, { header: new Map(entries) })
  const payload = encode(members())

  test.each<[string, Uint8Array, string]>([
    ['nothing', bytes(0), 'structure'],
    ['no CBOR', utf8('attestation'), 'structure'],
    ['an array of three', encode([bytes(1), new Map(), payload]), 'structure'],
    ['a map', encode(new Map([[1, 2]])), 'structure'],
    ['another tag', Uint8Array.of(0xd1, ...documentOf()), 'structure'],
    ['the tag twice', Uint8Array.of(0xd2, ...documentOf({}, { tagged: true })), 'structure'],
    ['a byte more', Uint8Array.of(...documentOf(), 0), 'structure'],
    ['a byte less', documentOf().subarray(0, -1), 'structure'],
    ['100,000 nested arrays', bytes(100_000).fill(0x81), 'structure'],
    ['a header with nothing', header([]), 'algorithm'],
    ['ES256', header([[1, -7]]), 'algorithm'],
    ['HMAC', header([[1, 5]]), 'algorithm'],
    ['a header with a key id', header([[1, -35], [4, bytes(1)]]), 'structure'], // prettier-ignore
    ['an unprotected header', documentOf({}, { unprotected: new Map([[1, -35]]) }), 'structure'],
    ['an empty payload', documentOf({}, { payload: bytes(0) }), 'structure'],
    ['a payload of 16385 bytes', documentOf({}, { payload: bytes(16_385) }), 'structure'],
    ['a payload that is no CBOR', documentOf({}, { payload: bytes(1).fill(0xff) }), 'structure'],
    ['a payload that is no map', documentOf({}, { payload: encode([1]) }), 'structure'],
    ['a payload that names a member twice', documentOf({}, { payload: twice() }), 'structure'],
    ['a signature of 95 bytes', cut(), 'structure'],
    ['a signature by another key', documentOf({}, { secretKey: OTHER.secretKey }), 'signature'],
    ['a signature over another payload', spliced(), 'signature'],
  ])('%s', async (_, document, reason) => {
    expect(await reasonOf(verify(document))).toBe(reason)
  })

  function twice(): Uint8Array {
    const pair = [...encode('digest'), ...encode('SHA384')]
    return Uint8Array.from([0xa2, ...pair, ...pair])
  }
  function cut(): Uint8Array {
    const document = documentOf().slice(0, -1)
    // The head of the signature: a byte string of 96 bytes.
    document[document.length - 96] = 95
    return document
  }
  function spliced(): Uint8Array {
    const [a, b] = [documentOf(), documentOf({ module_id: 'i-1-enc3' })]
    return Uint8Array.of(...a.subarray(0, -96), ...b.subarray(-96))
  }
})

describe('members (specification 3.2.2)', () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ...['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle'].flatMap(
      (name): [string, Record<string, unknown>][] => [
        [`no ${name}`, { [name]: undefined }],
        [`${name} null`, { [name]: null }],
      ],
    ),
    ['an empty module_id', { module_id: '' }],
    ['module_id in bytes', { module_id: bytes(4) }],
    ['another digest', { digest: 'SHA256' }],
    ['the time 0', { timestamp: 0 }],
    ['a negative time', { timestamp: -1 }],
    ['a broken time', { timestamp: 1.5 }],
    ['a time beyond 2^53', { timestamp: 2n ** 60n }],
    ['the time as text', { timestamp: '2026' }],
    ['no registers', { pcrs: new Map() }],
    [
      '33 registers',
      { pcrs: registers(...Array.from({ length: 33 }, (_, i) => [i, 48] as const)) },
    ],
    ['register 32', { pcrs: registers([32, 48]) }],
    ['register -1', { pcrs: registers([-1, 48]) }],
    ['a register by name', { pcrs: registers(['0', 48]) }],
    ['a register of 47 bytes', { pcrs: registers([0, 47]) }],
    ['a register as text', { pcrs: new Map([[0, 'ab']]) }],
    ['registers in an array', { pcrs: [bytes(48)] }],
    ['registers of both kinds', { nitrotpm_pcrs: registers([0, 48]) }],
    ['an empty certificate', { certificate: bytes(0) }],
    ['a certificate of 1025 bytes', { certificate: bytes(1025) }],
    ['an empty cabundle', { cabundle: [] }],
    ['a cabundle of 17', { cabundle: Array.from({ length: 17 }, () => root()) }],
    ['a cabundle with a text', { cabundle: ['root'] }],
    ['a cabundle with nothing in it', { cabundle: [bytes(0)] }],
    ['a cabundle with 1025 bytes', { cabundle: [bytes(1025)] }],
    ['a cabundle that is no array', { cabundle: root() }],
    ['an empty public_key', { public_key: bytes(0) }],
    ['a public_key of 1025 bytes', { public_key: bytes(1025) }],
    ['a public_key as text', { public_key: 'key' }],
    ['user_data of 513 bytes', { user_data: bytes(513) }],
    ['a nonce of 513 bytes', { nonce: bytes(513) }],
    ['a nonce as text', { nonce: 'once' }],
    ['a member more', { extra: 1 }],
  ])('%s', async (_, change) => {
    expect(await reasonOf(verify(documentOf(change)))).toBe('member')
  })
})

describe('certificates (RFC 5280 4.1, 4.2; specification 3.2.3)', () => {
  const leafOf = (change: Partial<CertificateInput>) => documentOf({ certificate: leaf(change) })
  const bundle = (...certificates: readonly Uint8Array[]) => documentOf({ cabundle: certificates })
  const zoneOf = (change: Partial<CertificateInput>) => bundle(root(), zone(change), host())
  const p256 = new Uint8Array(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
      type: 'spki',
      format: 'der',
    }),
  )
  const ecdsaSha256 = der.sequence(der.oid(fromHex('2a8648ce3d040302')!))
  const subjectKeyId = extension('551d0e', false, der.octets(bytes(20)))
  const nameConstraints = extension('551d1e', true, der.sequence())
  const basic = basicConstraints({})
  const usage = keyUsage([KEY_CERT_SIGN])

  test.each<[string, Uint8Array, string | undefined]>([
    ['no certificate', documentOf({ certificate: utf8('certificate') }), 'certificate'],
    ['a byte more', documentOf({ certificate: Uint8Array.of(...leaf(), 0) }), 'certificate'],
    ['version 1', leafOf({ version: 0 }), 'certificate'],
    ['signed with SHA-256', leafOf({ algorithm: ecdsaSha256 }), 'algorithm'],
    ['a key on P-256', leafOf({ spki: p256 }), 'algorithm'],
    ['an RSA key', leafOf({ spki }), 'algorithm'],
    ['an unknown extension', zoneOf({ extensions: [...authority(1), subjectKeyId] }), undefined],
    ['a critical one', zoneOf({ extensions: [...authority(1), nameConstraints] }), 'certificate'],
    ['an extension twice', zoneOf({ extensions: [basic, basic, usage] }), 'certificate'],
    ['uncritical constraints', zoneOf({ extensions: [basicConstraints({}, false), usage] }), 'certificate'], // prettier-ignore
    ['a signer without constraints', leafOf({ extensions: [keyUsage([DIGITAL_SIGNATURE])] }), undefined], // prettier-ignore
    ['another root', bundle(zone({ ...selfSigned() }), host()), 'untrusted'],
    ['the root of the same name and key', bundle(root({ serial: bytes(1).fill(2) }), zone(), host()), 'untrusted'], // prettier-ignore
    ['no root', bundle(zone(), host()), 'untrusted'],
    ['the other order', bundle(host(), zone(), root()), 'untrusted'],
    ['a link missing', bundle(root(), host()), 'chain'],
    ['a link too many', bundle(root(), zone(), zone(), host()), 'chain'],
    ['another issuer', zoneOf({ issuer: 'other' }), 'chain'],
    ['signed by another', zoneOf({ signer: OTHER.secretKey }), 'signature'],
    ['an authority that is none', zoneOf({ extensions: signer() }), 'chain'],
    ['an authority without constraints', zoneOf({ extensions: [usage] }), 'chain'],
    ['an authority without keyUsage', zoneOf({ extensions: [basic] }), 'chain'],
    ['an authority that may not certify', zoneOf({ extensions: [basic, keyUsage([DIGITAL_SIGNATURE])] }), 'chain'], // prettier-ignore
    ['pathLenConstraint exceeded', zoneOf({ extensions: authority(0) }), 'chain'],
    ['pathLenConstraint just met', zoneOf({ extensions: authority(1) }), undefined],
    ['a signer that is an authority', leafOf({ extensions: authority() }), 'chain'],
    ['a signer without keyUsage', leafOf({ extensions: [basicConstraints(undefined)] }), 'chain'],
    ['a signer that may not sign', leafOf({ extensions: [keyUsage([KEY_CERT_SIGN])] }), 'chain'],
    ['the signer expired', leafOf({ notAfter: new Date(NOW - 1000) }), 'expired'],
    ['the signer not yet valid', leafOf({ notBefore: new Date(NOW + 1000) }), 'expired'],
    ['an authority expired', zoneOf({ notAfter: new Date(NOW - 1000) }), 'expired'],
    ['an authority not yet valid', zoneOf({ notBefore: new Date(NOW + 1000) }), 'expired'],
    ['valid at the last second', zoneOf({ notAfter: new Date(NOW) }), undefined],
    ['valid beyond 2050', zoneOf({ notAfter: new Date('2061-01-01T00:00:00Z') }), undefined],
  ])('%s', async (_, document, reason) => {
    expect(await reasonOf(verify(document))).toBe(reason)
  })

  test('the root has its time as well', async () => {
    const old = root({ notAfter: new Date(NOW - 1000) })
    const document = bundle(old, zone(), host())
    expect(await reasonOf(verify(document, [old]))).toBe('expired')
  })

  test('of several roots, each is trusted', async () => {
    expect(await reasonOf(verify(documentOf(), [AWS_NITRO_ROOT_G1, root()]))).toBeUndefined()
    expect(await reasonOf(verify(documentOf(), []))).toBe('untrusted')
  })

  test('a point beside the curve signs nothing', async () => {
    const beside = LEAF.spki.slice()
    beside[beside.length - 1]! ^= 1
    expect(await reasonOf(verify(leafOf({ spki: beside })))).toBe('signature')
  })

  /** The zone as a root of its own. */
  function selfSigned(): Partial<CertificateInput> {
    return { issuer: 'zone', signer: ZONE.secretKey }
  }
})

describe('times (RFC 5280 4.1.2.5)', () => {
  const timed = (tag: number, digits: string): Uint8Array => {
    const right = root()
    const text = utf8('260602120000Z')
    const at = Buffer.from(right).indexOf(Buffer.from(text))
    expect(at).toBeGreaterThan(0)
    const other = der.encodeDer(der.node(tag, utf8(digits)))
    if (other.length !== text.length + 2) throw new Error('as long as the time it replaces')
    return Uint8Array.of(
      ...right.subarray(0, at - 2),
      ...other,
      ...right.subarray(at + text.length),
    )
  }
  test.each([
    [0x17, '500101000000Z', 1950],
    [0x17, '491231235959Z', 2049],
    [0x17, '000229000000Z', 2000],
  ])('tag %i, %s is in %i', (tag, digits, year) => {
    expect(new Date(readCertificate(timed(tag, digits)).notAfter).getUTCFullYear()).toBe(year)
  })

  test.each([
    [0x17, '260602120000+'],
    [0x17, '260602 20000Z'],
    [0x17, '261302120000Z'],
    [0x17, '260631120000Z'],
    [0x17, '260602240000Z'],
    [0x17, '260602120060Z'],
    [0x17, '250229120000Z'],
    [0x18, '260602120000Z'],
    [0x18, '2026060212Z..'],
  ])('tag %i, %s is refused', async (tag, digits) => {
    const read = Promise.resolve().then(() => readCertificate(timed(tag, digits)))
    expect(await reasonOf(read)).toBe('certificate')
  })
})

describe('the option attestationRoots', () => {
  test.each<[string, string | Uint8Array]>([
    ['no certificate', bytes(10)],
    ['no PEM', 'root'],
    ['PEM of nothing', '-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----'],
    ['a signer', leaf()],
    ['an authority under another', zone()],
  ])('%s is refused by its place', (_, given) => {
    expect(() => readRoots([root(), given])).toThrow(
      /^attestationRoots\[1\]: expected a root certificate with a key on P-384, in PEM or DER, got/,
    )
  })

  test('DER and PEM are the same', () => {
    const { root: pem } = nitroTestAuthority({ random: seededRandom(1) })
    const [raw] = readRoots([pem])
    expect(readRoots([raw!])).toEqual([raw])
    expect(new X509Certificate(pem).raw).toEqual(Buffer.from(raw!))
  })
})

describe('every change is noticed', () => {
  const document = documentOf()
  const bitOf = (bit: number): Uint8Array => {
    const changed = document.slice()
    changed[bit >> 3]! ^= 1 << (bit & 7)
    return changed
  }
  const flipped = async (bit: number) => reasonOf(verify(bitOf(bit)))

  test('each bit of the heads, and each byte of the signature: what is not signed', async () => {
    const start = Buffer.from(document).indexOf(Buffer.from(encode(members())))
    const heads = Array.from({ length: 8 * start }, (_, bit) => bit)
    const head = Array.from({ length: 16 }, (_, bit) => 8 * (document.length - 98) + bit)
    const tail = Array.from({ length: 96 }, (_, at) => 8 * (document.length - 96 + at) + (at % 8))
    for (const bit of [...heads, ...head, ...tail])
      expect(await flipped(bit), `bit ${bit}`).toBeDefined()
  })

  test('bits all over', async () => {
    for (let bit = 0; bit < 8 * document.length; bit += 61)
      expect(await flipped(bit), `bit ${bit}`).toBeDefined()
  })

  test('any bit of a certificate on its own, whoever signs the document', async () => {
    const zones = zone()
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * zones.length - 1), async (bit) => {
        const changed = zones.slice()
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const reason = await reasonOf(verify(documentOf({ cabundle: [root(), changed, host()] })))
        expect(reason).toBeDefined()
      }),
      { numRuns: 30 },
    )
  })

  test('any piece cut out, doubled or replaced', async () => {
    const place = fc.nat(document.length - 1)
    await fc.assert(
      fc.asyncProperty(place, fc.nat(40), fc.uint8Array({ maxLength: 40 }), async (at, n, by) => {
        const changed = Uint8Array.of(
          ...document.subarray(0, at),
          ...by,
          ...document.subarray(at + n),
        )
        fc.pre(Buffer.compare(changed, document) !== 0)
        expect(await reasonOf(verify(changed))).toBeDefined()
      }),
      { numRuns: 200 },
    )
  })

  test('bytes of chance are refused with a reason and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (given) => {
        expect(await reasonOf(verify(given))).toBe('structure')
      }),
    )
  })
})

test('the root key signs certificates, not documents', async () => {
  const document = documentOf(
    { certificate: root(), cabundle: [root()] },
    { secretKey: ROOT.secretKey },
  )
  expect(await reasonOf(verify(document))).toBe('chain')
})

test('a refusal says what was expected', async () => {
  await expect(verify(documentOf({ cabundle: [zone(), host()] }))).rejects.toThrow(
    'The attestation document is not accepted: expected a chain that begins at a trusted root certificate.',
  )
  await expect(verify(documentOf(), undefined, day(2).getTime())).rejects.toThrow(
    'expected certificates that are valid at 2026-06-03T12:00:00.000Z.',
  )
})
