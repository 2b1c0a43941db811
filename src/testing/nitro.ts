/**
 * An authority for attestation documents of AWS Nitro, and the enclave's end of `Recipient`: what
 * tests need in place of an enclave.
 */
import { encode } from 'cborg'
import { fromHex, toBase64 } from '../base/bytes.ts'
import { systemClock, type Clock, type Random } from '../base/ports.ts'
import {
  basicConstraints,
  CRL_SIGN,
  DIGITAL_SIGNATURE,
  KEY_CERT_SIGN,
  keyPair,
  keyUsage,
  makeCertificate,
  SEED_BYTES,
  type CertificateInput,
  type KeyPair,
} from './nitro/certificate.ts'
import { makeSign1 } from './nitro/document.ts'
import { derOf, type KeyInput } from './nitro/recipient.ts'

export { openForRecipient, type KeyInput } from './nitro/recipient.ts'

export interface NitroAuthorityOptions {
  /** Keys and serial numbers come from it; `seededRandom` makes every document reproducible. */
  readonly random?: Random
  /** The time of documents that name none; default the system's. */
  readonly clock?: Clock
}

export interface AttestInput {
  /** Whom answers are for: an RSA key as SPKI DER, PEM or KeyObject. Without it, a document without. */
  readonly publicKey?: KeyInput
  /**
   * Registers by index from 0 to 31, as bytes or hex. The first 16 that are not given are 48 zero
   * bytes, as of an enclave in debug mode.
   */
  readonly pcrs?: Readonly<Record<number, Uint8Array | string>>
  readonly userData?: Uint8Array
  readonly nonce?: Uint8Array
  readonly moduleId?: string
  readonly timestamp?: Date
  /** What is measured: an enclave (the default), or an instance with NitroTPM. */
  readonly source?: 'enclave' | 'tpm'
}

export interface NitroTestAuthority {
  /** The root certificate, in PEM: for the option `attestationRoots` of the AWS face. */
  readonly root: string
  /** A signed document. Its certificate is valid for three hours from the time of the document on. */
  attest(input?: AttestInput): Uint8Array
}

const HOUR_MS = 3_600_000
const LEAF_MS = 3 * HOUR_MS
/** A little before the document, as the hypervisor does it. */
const EARLY_MS = 3000
/** Those of AWS's own root. */
const NOT_BEFORE = new Date('2019-10-28T13:28:05Z')
const NOT_AFTER = new Date('2049-10-28T14:28:05Z')
const SERIAL_BYTES = 16
const PCRS = 16
const PCR_BYTES = 48
const MODULE_ID = 'i-0123456789abcdef0-enc0123456789abcdef'

const platformRandom: Random = {
  fill: (target) => void globalThis.crypto.getRandomValues(target as Uint8Array<ArrayBuffer>),
}

interface Authority extends KeyPair {
  readonly name: string
  readonly certificate: Uint8Array
}

/**
 * A chain of real certificates on P-384 (root, zone, and a fresh signer for each document) that ends in
 * a root of its own.
 *
 * @example
 * const authority = nitroTestAuthority()
 * const handler = awsRequestHandler(room, { attestationRoots: [authority.root] })
 * const AttestationDocument = authority.attest({ publicKey, pcrs: { 0: image } })
 */
export function nitroTestAuthority(options: NitroAuthorityOptions = {}): NitroTestAuthority {
  const { random = platformRandom, clock = systemClock } = options
  const draw = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length)
    random.fill(bytes)
    return bytes
  }
  const certify = (
    input: Pick<CertificateInput, 'subject' | 'extensions' | 'notBefore' | 'notAfter'>,
    above?: Authority,
  ): Authority => {
    const pair = keyPair(draw(SEED_BYTES))
    const issuer = above ?? { ...pair, name: input.subject }
    const certificate = makeCertificate({
      ...input,
      issuer: issuer.name,
      serial: serial(draw(SERIAL_BYTES)),
      spki: pair.spki,
      signer: issuer.secretKey,
    })
    return { ...pair, name: input.subject, certificate }
  }
  const long = { notBefore: NOT_BEFORE, notAfter: NOT_AFTER }
  const root = certify({ ...long, subject: 'test.nitro-enclaves', extensions: authority() })
  const zone = certify(
    { ...long, subject: 'zonal.test.nitro-enclaves', extensions: authority(0) },
    root,
  )
  const cabundle = [root.certificate, zone.certificate]
  return Object.freeze({
    root: pemOf(root.certificate),
    attest: (input: AttestInput = {}) => {
      const timestamp = input.timestamp?.getTime() ?? clock.now()
      const notBefore = new Date(timestamp - EARLY_MS)
      const notAfter = new Date(timestamp + LEAF_MS)
      const subject = `${input.moduleId ?? MODULE_ID}.test.aws`.slice(0, 64)
      const signer = certify({ subject, notBefore, notAfter, extensions: SIGNER }, zone)
      const payload = encode(members(input, timestamp, signer.certificate, cabundle), UNSORTED)
      return makeSign1({ payload, secretKey: signer.secretKey })
    },
  })
}

/** As the hypervisor has them: of the signer only basicConstraints are critical. */
const SIGNER = [basicConstraints(undefined), keyUsage([DIGITAL_SIGNATURE], false)]
const authority = (pathLength?: number) => [
  basicConstraints(pathLength === undefined ? {} : { pathLength }),
  keyUsage([DIGITAL_SIGNATURE, KEY_CERT_SIGN, CRL_SIGN]),
]

/** RFC 5280 4.1.2.2: positive. */
function serial(bytes: Uint8Array): Uint8Array {
  bytes[0]! |= 1
  return bytes
}

/** Members stand in the order of the specification. */
const UNSORTED = { mapSorter: () => 0 }

function members(
  input: AttestInput,
  timestamp: number,
  certificate: Uint8Array,
  cabundle: readonly Uint8Array[],
): Map<string, unknown> {
  const { publicKey, userData, nonce, moduleId = MODULE_ID, source = 'enclave' } = input
  return new Map<string, unknown>([
    ['module_id', moduleId],
    ['digest', 'SHA384'],
    ['timestamp', timestamp],
    [source === 'tpm' ? 'nitrotpm_pcrs' : 'pcrs', registers(input.pcrs)],
    ['certificate', certificate],
    ['cabundle', cabundle],
    // The hypervisor writes null for what is absent.
    ['public_key', publicKey === undefined ? null : derOf(publicKey, 'spki')],
    ['user_data', userData ?? null],
    ['nonce', nonce ?? null],
  ])
}

function registers(given: AttestInput['pcrs'] = {}): Map<number, Uint8Array> {
  const zeros = Array.from({ length: PCRS }, (_, at) => [at, new Uint8Array(PCR_BYTES)] as const)
  const found = new Map<number, Uint8Array>(zeros)
  for (const [index, content] of Object.entries(given)) {
    const bytes = typeof content === 'string' ? fromHex(content) : content
    if (!bytes) throw new TypeError(`pcrs[${index}]: expected bytes or hex`)
    found.set(Number(index), bytes)
  }
  return found
}

const pemOf = (certificate: Uint8Array): string => {
  const lines = toBase64(certificate).match(/.{1,64}/g)!
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
