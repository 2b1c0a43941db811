/**
 * TABLE of the members of an attestation document, with the bounds of its specification
 * (https://github.com/aws/aws-nitro-enclaves-nsm-api/blob/main/docs/attestation_process.md, 2.2 and
 * 3.2.2; NitroTPM: Amazon EC2 User Guide, "Validate a NitroTPM Attestation Document").
 */
import { toHex } from '../../../base/bytes.ts'
import { outside, readCbor } from './cose.ts'
import { refuse } from './refusal.ts'

const CERTIFICATE_BYTES_MAX = 1024
const PUBLIC_KEY_BYTES_MAX = 1024
const USER_BYTES_MAX = 512
const PCRS_MAX = 32
const PCR_BYTES: readonly number[] = [32, 48, 64]
/** Ours, since the specification sets none; real chains have four certificates above the leaf. */
const CABUNDLE_MAX = 16

/** Platform configuration registers: lower-case hex by index. */
export type Pcrs = ReadonlyMap<number, string>

export interface DocumentMembers {
  /** The hypervisor that issued the document. */
  readonly moduleId: string
  /** When it was made, in milliseconds since 1970. */
  readonly timestamp: number
  /** An enclave measures `pcrs`, an instance with NitroTPM `nitrotpm_pcrs`. */
  readonly source: 'enclave' | 'tpm'
  readonly pcrs: Pcrs
  /** DER of the certificate whose key signed the document. */
  readonly certificate: Uint8Array
  /** DER of what is above it, the root first. */
  readonly cabundle: readonly Uint8Array[]
  /** As it came: nothing says yet that it is a key. */
  readonly publicKey?: Uint8Array
  readonly userData?: Uint8Array
  readonly nonce?: Uint8Array
}

type Read = (value: unknown, name: string) => unknown

interface Member {
  readonly as: keyof DocumentMembers
  readonly optional?: boolean
  readonly read: Read
}

const bytes =
  (min: number, max: number): Read =>
  (value, name) =>
    value instanceof Uint8Array && !outside(value, min, max)
      ? value
      : refuse('member', `${name} of ${min} to ${max} bytes`)

const text: Read = (value, name) =>
  typeof value === 'string' && value !== '' ? value : refuse('member', `${name} as a text`)

const digest: Read = (value, name) =>
  value === 'SHA384' ? value : refuse('member', `${name} to be SHA384`)

const moment: Read = (value, name) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    ? value
    : refuse('member', `${name} in milliseconds since 1970`)

const certificate = bytes(1, CERTIFICATE_BYTES_MAX)

const certificates: Read = (value, name) =>
  Array.isArray(value) && !outside(value, 1, CABUNDLE_MAX)
    ? value.map((item) => certificate(item, `certificates in ${name}`))
    : refuse('member', `${name} of 1 to ${CABUNDLE_MAX} certificates`)

const registers: Read = (value, name) => {
  if (!(value instanceof Map) || value.size < 1 || value.size > PCRS_MAX)
    return refuse('member', `1 to ${PCRS_MAX} registers in ${name}`)
  const found = [...(value as Map<unknown, unknown>)].map(([index, content]) => {
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= PCRS_MAX)
      return refuse('member', `indexes from 0 to ${PCRS_MAX - 1} in ${name}`)
    if (!(content instanceof Uint8Array) || !PCR_BYTES.includes(content.length))
      return refuse('member', `registers of ${PCR_BYTES.join(', ')} bytes in ${name}`)
    return [index, toHex(content)] as const
  })
  return new Map(found.sort(([a], [b]) => a - b))
}

const MEMBERS: ReadonlyMap<unknown, Member> = new Map(
  Object.entries<Member>({
    module_id: { as: 'moduleId', read: text },
    timestamp: { as: 'timestamp', read: moment },
    certificate: { as: 'certificate', read: certificate },
    cabundle: { as: 'cabundle', read: certificates },
    public_key: { as: 'publicKey', optional: true, read: bytes(1, PUBLIC_KEY_BYTES_MAX) },
    user_data: { as: 'userData', optional: true, read: bytes(0, USER_BYTES_MAX) },
    nonce: { as: 'nonce', optional: true, read: bytes(0, USER_BYTES_MAX) },
  }),
)
/** The member that holds the registers tells what was measured. */
const SOURCES = { pcrs: 'enclave', nitrotpm_pcrs: 'tpm' } as const

/** @throws AttestationRefused `structure` or `member` */
export function readDocument(payload: Uint8Array): DocumentMembers {
  const given = readCbor(payload, 'structure', 'a document')
  if (!(given instanceof Map)) return refuse('structure', 'a document that is a map')
  const rest = new Map(given as Map<unknown, unknown>)
  const take = (name: string): unknown => {
    const value = rest.get(name)
    rest.delete(name)
    return value
  }
  const out: Record<string, unknown> = { ...readRegisters(take) }
  digest(take('digest'), 'digest')
  for (const [name, { as, optional, read }] of MEMBERS) {
    const value = take(name as string)
    // The specification has optional members absent; the hypervisor writes null.
    if (optional && (value === undefined || value === null)) continue
    out[as] = read(value, name as string)
  }
  if (rest.size > 0) refuse('member', 'no members beside those of the specification')
  return out as unknown as DocumentMembers
}

function readRegisters(take: (name: string) => unknown): Pick<DocumentMembers, 'source' | 'pcrs'> {
  const found = Object.entries(SOURCES).flatMap(([name, source]) => {
    const value = take(name)
    return value === undefined ? [] : [{ source, pcrs: registers(value, name) as Pcrs }]
  })
  const [only] = found
  if (!only || found.length > 1)
    return refuse('member', `one of ${Object.keys(SOURCES).join(', ')}`)
  return only
}
