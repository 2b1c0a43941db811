/**
 * OCIDs that lead to our ids and back (contracts: OCI 1): the 60 letters at the end are the id of the
 * resource, the id of its vault and a check sum. The parts before them are for people: realm, region
 * and the extension that the host names of the vault begin with.
 */
import { utf8 } from '../../base/bytes.ts'
import { crc32 } from '../../base/crc.ts'
import { isUuid, UUID_BYTES, uuidAt, uuidToBytes } from '../../format/uuid.ts'
import { memo, Remembered } from '../../base/remembered.ts'

export type OcidType = 'vault' | 'key' | 'keyversion'

/** A resource and the vault in which it lies. */
export interface Named {
  readonly id: string
  readonly vaultId: string
}

/** RFC 4648 section 6 in lower case, as OCIDs have it. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const BODY_BYTES = 2 * UUID_BYTES + 4
/** Observed OCIDs begin so; it also fills the body up to 60 letters. */
const BODY_START = 'ab'
const EXTENSION_LETTERS = 13

/** Base32 without padding. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let word = 0
  let bits = 0
  for (const byte of bytes) {
    word = ((word << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(word >>> (bits - 5)) & 31]!
  }
  return bits > 0 ? text + ALPHABET[(word << (5 - bits)) & 31]! : text
}

function fromBase32(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let word = 0
  let bits = 0
  let at = 0
  for (const letter of text) {
    word = ((word << 5) | ALPHABET.indexOf(letter)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = (word >>> bits) & 0xff
  }
  return bytes
}

/** The 13 letters with which the host names of a vault begin. */
export const extensionOf = memo((vaultId) =>
  base32(uuidToBytes(vaultId)).slice(0, EXTENSION_LETTERS),
)

function bodyOf(type: OcidType, { id, vaultId }: Named): string {
  const bytes = new Uint8Array(BODY_BYTES)
  bytes.set(uuidToBytes(id))
  bytes.set(uuidToBytes(vaultId), UUID_BYTES)
  new DataView(bytes.buffer).setUint32(2 * UUID_BYTES, checkOf(type, bytes))
  return BODY_START + base32(bytes)
}

/** So that a mistyped letter, or an id of another kind, is no id at all. */
const checkOf = (type: OcidType, bytes: Uint8Array): number =>
  crc32(bytes.subarray(0, 2 * UUID_BYTES), crc32(utf8(type)))

/** The two oldest regions have keys of three letters, the others their names. */
const REGION_KEYS: ReadonlyMap<string, string> = new Map([
  ['us-ashburn-1', 'iad'],
  ['us-phoenix-1', 'phx'],
])

const keyOf = (region: string): string => REGION_KEYS.get(region) ?? region

/** A vault, as far as it matters here. */
interface Homed {
  readonly id: string
  readonly homeRegion?: string
}

interface Known {
  readonly vaultId: string
  readonly ocid: string
}

/** Writes OCIDs of one realm: each with the region in which its vault was made. */
export class Ocids {
  /** The last of each type, by id: they are asked for again and again. */
  readonly #known: Readonly<Record<OcidType, Remembered<Known>>> = {
    vault: new Remembered(),
    key: new Remembered(),
    keyversion: new Remembered(),
  }
  readonly #homes = new Remembered<string>()
  readonly #realm: string
  readonly #region: string

  /** @param region of vaults that do not say where they were made */
  constructor(realm: string, region: string) {
    this.#realm = realm
    this.#region = region
  }

  /** A vault has the region in which it was made in its OCIDs, and so has all that lies in it. */
  learn({ id, homeRegion = this.#region }: Homed): void {
    this.#homes.set(id, homeRegion)
  }

  knows(vaultId: string): boolean {
    return this.#homes.get(vaultId) !== undefined
  }

  of(type: OcidType, named: Named): string {
    const { id, vaultId } = named
    const known = this.#known[type].get(id)
    if (known?.vaultId === vaultId) return known.ocid
    const home = this.#homes.get(vaultId)
    const ocid = this.made(type, named, home)
    if (home !== undefined) this.#known[type].set(id, { vaultId, ocid })
    return ocid
  }

  /** The OCID of what was made in this region. */
  made(type: OcidType, named: Named, region = this.#region): string {
    const extension = extensionOf(named.vaultId)
    return `ocid1.${type}.${this.#realm}.${keyOf(region)}.${extension}.${bodyOf(type, named)}`
  }

  vault(vaultId: string): string {
    return this.of('vault', { id: vaultId, vaultId })
  }

  /** Of something that is no resource of ours: the letters are all that it has. */
  other(type: string, body: Uint8Array): string {
    const letters = (BODY_START + base32(body)).slice(0, 60)
    return `ocid1.${type}.${this.#realm}.${keyOf(this.#region)}.${letters}`
  }
}

/** Type, extension and the letters of an OCID; realm and region are not looked at. */
const OCID = /^ocid1\.([a-z]+)\.[a-z0-9]{1,32}\.[a-z0-9-]{0,64}\.([a-z2-7]{13})\.ab([a-z2-7]{58})$/

/**
 * What an OCID of this type names, or undefined when it is none of ours. Realm and region are not
 * looked at: a replica answers to the OCIDs of its primary.
 */
export function parseOcid(type: OcidType, text: string): Named | undefined {
  const parsed = parsedOf(text)
  return parsed?.type === type ? parsed.named : undefined
}

const parsedOf = memo((text) => parse(text))

const isType = (text: string | undefined): text is OcidType =>
  text === 'vault' || text === 'key' || text === 'keyversion'

function parse(text: string): { readonly type: OcidType; readonly named: Named } | undefined {
  const [, type, extension, letters] = OCID.exec(text) ?? []
  if (!isType(type) || letters === undefined) return undefined
  const bytes = fromBase32(letters)
  const named = { id: uuidAt(bytes, 0), vaultId: uuidAt(bytes, UUID_BYTES) }
  if (!isUuid(named.id) || !isUuid(named.vaultId)) return undefined
  const exact = BODY_START + letters === bodyOf(type, named)
  return exact && extension === extensionOf(named.vaultId) ? { type, named } : undefined
}
