/** The seal: how the root key of a realm is kept. Changing it rewraps 32 bytes and nothing else. */
import { integer, readInput, type Field } from '../base/check.ts'
import { StrongroomError, invalidArgument } from '../base/errors.ts'
import { secretCopy, utf8, wipe } from '../base/bytes.ts'
import type { CryptoProvider, ScryptCost } from '../crypto/provider.ts'
import { encodeSealHeader, sealHeaderAad, type SealHeader } from '../format/seal-header.ts'

/** What opens a store. */
export type Seal =
  | {
      /** At least one character; scrypt (RFC 7914) with stored parameters. */
      readonly passphrase: string
      /**
       * Log2 of the scrypt cost, 17 (OWASP's floor, the least) to 20; default: calibrated to about
       * half a second.
       */
      readonly workFactor?: number
    }
  | {
      /** 32 random bytes. */
      readonly key: Uint8Array
    }
  | {
      /**
       * Another key manager. Called with nothing when the seal is made: answers 32 bytes and what
       * it wants to be shown later; called with that when the store is opened.
       */
      readonly unseal: (wrapped: Uint8Array | undefined) => Promise<Unsealed> | Unsealed
    }
export interface Unsealed {
  readonly key: Uint8Array
  readonly wrapped?: Uint8Array
}

const SALT_BYTES = 32
const COST = { r: 8, p: 1 }
const WORK_FACTOR_MIN = 17
const WORK_FACTOR_MAX = 20
const CALIBRATION_MS = 500
const WRAPPED_BYTES_MAX = 4096
const NOTHING = new Uint8Array(0)

/** The stored form of a root key under a seal. */
export async function sealRoot(
  provider: CryptoProvider,
  seal: Seal,
  realmId: string,
  createdAt: number,
  root: Uint8Array,
): Promise<Uint8Array> {
  const { kdf, key } = await newSealKey(provider, seal)
  try {
    const header: SealHeader = { realmId, createdAt, kdf, wrappedRoot: NOTHING }
    const wrappedRoot = provider.suite(key).seal(NOTHING, sealHeaderAad(header), root)
    return encodeSealHeader({ ...header, wrappedRoot })
  } finally {
    wipe(key)
  }
}

/** The root key, or WRONG_SEAL before anything else is looked at. */
export async function openRoot(
  provider: CryptoProvider,
  seal: Seal,
  header: SealHeader,
): Promise<Uint8Array> {
  const key = await sealKey(provider, seal, header.kdf)
  try {
    const root = provider.suite(key).open(header.wrappedRoot, 0, sealHeaderAad(header))
    if (root?.length === 32) return root
    throw new StrongroomError(
      'WRONG_SEAL',
      `seal: expected the ${KINDS[header.kdf.type]} that sealed this store, got another one.`,
    )
  } finally {
    wipe(key)
  }
}

const KINDS = { scrypt: 'passphrase', key: 'key', callback: 'unseal callback' } as const
const kindOf = (seal: Seal): keyof typeof KINDS =>
  'passphrase' in seal ? 'scrypt' : 'key' in seal ? 'key' : 'callback'

/** How a seal is read, before any file is touched: as an object of our own. */
export const SEAL_FIELD: Field = {
  type: '{ passphrase }, { key } of 32 bytes or { unseal }',
  read: (value, path) => readSeal(value, path === '' ? 'seal' : path),
}

function readSeal(value: unknown, at: string): Seal {
  const expected = SEAL_FIELD.type
  if (typeof value !== 'object' || value === null) invalidArgument(at, expected, value)
  const { passphrase, key, unseal, workFactor } = value as Record<string, unknown>
  if ([passphrase, key, unseal].filter((given) => given !== undefined).length !== 1)
    invalidArgument(at, `exactly one of ${expected}`, value)
  if (key !== undefined) return isKey(key) ? { key } : invalidArgument(`${at}.key`, '32 bytes', key)
  if (unseal === undefined) return readPassphrase(passphrase, workFactor, at)
  if (typeof unseal !== 'function') invalidArgument(`${at}.unseal`, 'a function', unseal)
  return { unseal: unseal as Extract<Seal, { unseal: unknown }>['unseal'] }
}

/** Not copied: whoever gave it wipes it. */
const isKey = (key: unknown): key is Uint8Array =>
  key instanceof Uint8Array && ArrayBuffer.isView(key) && key.length === 32

const WORK_FACTOR = integer(WORK_FACTOR_MIN, WORK_FACTOR_MAX)

function readPassphrase(passphrase: unknown, workFactor: unknown, at: string): Seal {
  if (typeof passphrase !== 'string' || passphrase.length === 0 || !passphrase.isWellFormed())
    invalidArgument(`${at}.passphrase`, 'a well-formed string of at least 1 character', passphrase)
  if (workFactor === undefined) return { passphrase }
  return { passphrase, workFactor: WORK_FACTOR.read(workFactor, `${at}.workFactor`) as number }
}

async function newSealKey(
  provider: CryptoProvider,
  seal: Seal,
): Promise<{ kdf: SealHeader['kdf']; key: Uint8Array }> {
  if ('key' in seal) return { kdf: { type: 'key' }, key: secretCopy(seal.key) }
  if ('unseal' in seal) {
    const { key, wrapped = NOTHING } = await fromCallback(seal.unseal, undefined)
    return { kdf: { type: 'callback', wrapped }, key: secretCopy(key) }
  }
  const salt = new Uint8Array(SALT_BYTES)
  provider.random.fill(salt)
  const { N, key } = await calibrated(provider, seal.passphrase, salt, seal.workFactor)
  return { kdf: { type: 'scrypt', salt, N, ...COST }, key }
}

async function sealKey(
  provider: CryptoProvider,
  seal: Seal,
  kdf: SealHeader['kdf'],
): Promise<Uint8Array> {
  if (kindOf(seal) !== kdf.type)
    throw new StrongroomError(
      'WRONG_SEAL',
      `seal: expected the ${KINDS[kdf.type]} that sealed this store, got a ${KINDS[kindOf(seal)]}.`,
    )
  if ('key' in seal) return secretCopy(seal.key)
  if ('unseal' in seal) {
    const { key } = await fromCallback(
      seal.unseal,
      kdf.type === 'callback' ? kdf.wrapped : undefined,
    )
    return secretCopy(key)
  }
  if (kdf.type !== 'scrypt')
    throw new StrongroomError('INTERNAL', 'A passphrase met another kind of seal.')
  return derive(provider, seal.passphrase, kdf.salt, kdf)
}

/** Raises the cost from the floor while one derivation stays within half a second. */
async function calibrated(
  provider: CryptoProvider,
  passphrase: string,
  salt: Uint8Array,
  workFactor?: number,
) {
  if (workFactor !== undefined || provider.random.deterministic) {
    const N = 2 ** (workFactor ?? WORK_FACTOR_MIN)
    return { N, key: await derive(provider, passphrase, salt, { N, ...COST }) }
  }
  for (let factor = WORK_FACTOR_MIN; ; factor++) {
    const start = performance.now()
    const key = await derive(provider, passphrase, salt, { N: 2 ** factor, ...COST })
    const spent = performance.now() - start
    if (spent * 2 > CALIBRATION_MS || factor === WORK_FACTOR_MAX) return { N: 2 ** factor, key }
    wipe(key)
  }
}

async function derive(
  provider: CryptoProvider,
  passphrase: string,
  salt: Uint8Array,
  cost: ScryptCost,
) {
  const bytes = utf8(passphrase.normalize('NFC'))
  try {
    return await provider.scrypt(bytes, salt, cost, 32)
  } finally {
    wipe(bytes)
  }
}

async function fromCallback(
  unseal: (wrapped: Uint8Array | undefined) => Promise<Unsealed> | Unsealed,
  wrapped: Uint8Array | undefined,
): Promise<Unsealed> {
  let answer: unknown
  try {
    answer = await unseal(wrapped)
  } catch (cause) {
    throw new StrongroomError(
      'WRONG_SEAL',
      'seal.unseal: expected 32 bytes, the callback failed.',
      { cause },
    )
  }
  return readInput(ANSWER, answer) as Unsealed
}

/** What a callback answers; it may hold more. */
const ANSWER: Field = {
  type: 'an object with a key of 32 bytes',
  read(value) {
    const { key, wrapped } = value as Partial<Unsealed>
    if (!isKey(key)) invalidArgument('seal.unseal answer.key', '32 bytes', key)
    if (wrapped === undefined) return { key }
    if (!(wrapped instanceof Uint8Array) || wrapped.length > WRAPPED_BYTES_MAX)
      invalidArgument('seal.unseal answer.wrapped', `at most ${WRAPPED_BYTES_MAX} bytes`, wrapped)
    return { key, wrapped: new Uint8Array(wrapped) }
  },
}
