/**
 * Material from outside: under the vault's wrapping key, or under import parameters with a token.
 */
import { concat, constantTimeEqual, utf8, wipe } from '../../base/bytes.ts'
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import type { Wrapping } from '../../domain/algorithms.ts'
import { DAY_MS, LIMITS } from '../../domain/limits.ts'
import type { KeyRecord, TicketRecord, VersionRecord } from '../../domain/records.ts'
import { resumed } from '../../domain/rotation.ts'
import { settleKey, type KeyView, type VersionView } from '../../domain/settle.ts'
import { bytesToUuid, path, uuidToBytes } from '../../format/paths.ts'
import { note } from '../agenda.ts'
import type { ImportKeyMaterialInput, Key, WrappingKey } from '../api.ts'
import { writing, type Bodies, type Context } from '../body.ts'
import type { Core, Reader } from '../core.ts'
import { forgetMaterial } from '../destroy.ts'
import { newId } from '../ids.ts'
import { keyring } from '../keyring.ts'
import { eachVersion, keyView, vaultView, versionView } from '../lookup.ts'
import {
  beginning,
  createVersion,
  dispose,
  dropBeginning,
  generate,
  keySuite,
  openWrapped,
  withCurrent,
  type Beginning,
  type Material,
} from '../make.ts'
import { damaged } from '../records.ts'
import { makeKey, saveKey } from '../save.ts'
import type { Tx } from '../tx.ts'
import { secretHandle } from '../use-key.ts'
import { unwrapMaterial } from '../unwrap.ts'
import { keyAnswer } from '../views.ts'
import { addVersion } from './versions.ts'

type Names =
  | 'getWrappingKey'
  | 'importKey'
  | 'importKeyVersion'
  | 'getImportParameters'
  | 'importKeyMaterial'
  | 'deleteKeyMaterial'

const EXPIRY_DAYS_MAX = 365

export const IMPORT_BODIES: Bodies<Names> = {
  getWrappingKey: writing<'getWrappingKey', Material | undefined>({
    prepare: async ({ core, vault }) =>
      vault.record.wrappingKeyId === undefined ? generate(core.provider, 'RSA_4096') : undefined,
    run: async (context, material) => wrappingKey(context, material),
    dispose,
  }),

  importKey: writing<'importKey', Beginning>({
    prepare: ({ core, reader, vault, input, now }) =>
      beginning(core, input.id, async () => {
        const unwrapper = await wrappingPrivateKey(core, reader, vault.record.wrappingKeyId, now)
        return unwrapMaterial(core.provider, unwrapper, input.wrapping, input.wrapped, input.spec)
      }),
    run: async ({ core, tx, vault, input, now }, begun) => {
      const material = begun.material!
      const { wrapped: _, wrapping: __, expiresAt, ...rest } = input
      const entry = await makeKey(core, tx, vault, {
        input: rest,
        origin: 'imported',
        material,
        fingerprint: (keyId) => fingerprint(core, keyId, material),
        ...expiry(expiresAt, now),
      })
      return keyAnswer(settleKey(entry, vault, now))
    },
    dispose: dropBeginning,
  }),

  importKeyVersion: writing<'importKeyVersion', Material>({
    prepare: async ({ core, reader, vault, key, input, now }) => {
      if (key.record.origin === 'external') throw external()
      const unwrapper = await wrappingPrivateKey(core, reader, vault.record.wrappingKeyId, now)
      return unwrapMaterial(
        core.provider,
        unwrapper,
        input.wrapping,
        input.wrapped,
        key.record.spec,
      )
    },
    run: async ({ core, tx, key, input, now }, material) => {
      const { wrapped: _, wrapping: __, expiresAt, ...attributes } = input
      return addVersion(core, tx, key, {
        material,
        origin: 'imported',
        attributes,
        fingerprint: fingerprint(core, key.record.id, material),
        ...expiry(expiresAt, now),
      })
    },
    dispose,
  }),

  getImportParameters: writing<'getImportParameters', Material>({
    prepare: ({ core, key, input }) => {
      refuseUnlessImported(key)
      return generate(core.provider, input.wrappingSpec ?? 'RSA_4096')
    },
    run: async ({ core, tx, key, input, now }, material) => {
      const id = newId(core.provider.random)
      const expiresAt = now + (LIMITS.importTokenHours * DAY_MS) / 24
      const ticket: TicketRecord = {
        id,
        keyId: key.record.id,
        wrapping: input.wrapping,
        wrappingSpec: input.wrappingSpec ?? 'RSA_4096',
        privateKey: material.secret,
        publicKey: material.publicKey!,
        expiresAt,
      }
      const ring = await keyring(core, tx.cell)
      tx.create('ticket', path.ticket(tx.cell.id, id), ticket, ring.suites.get(ring.epoch))
      return Object.freeze({
        keyId: key.record.id,
        publicKey: new Uint8Array(ticket.publicKey),
        importToken: token(core, id, key.record.id, expiresAt),
        expiresAt: new Date(expiresAt),
      })
    },
    dispose,
  }),

  importKeyMaterial: writing<'importKeyMaterial', Material>({
    prepare: async ({ core, reader, key, input, now }) => {
      const ticket = await redeem(core, reader, key, input.importToken, now)
      try {
        const pair = { privateKey: ticket.privateKey, publicKey: ticket.publicKey }
        const unwrapper = core.provider.privateKey(ticket.wrappingSpec, pair)
        const wrapping = ticket.wrapping as Wrapping
        return await unwrapMaterial(
          core.provider,
          unwrapper,
          wrapping,
          input.wrapped,
          key.record.spec,
        )
      } finally {
        wipe(ticket.privateKey)
      }
    },
    run: async ({ core, tx, key, input, now }, material) => {
      const ticket = await redeem(core, tx, key, input.importToken, now)
      wipe(ticket.privateKey)
      await tx.del('ticket', path.ticket(tx.cell.id, ticket.id))
      return restore(core, tx, key, material, input)
    },
    dispose,
  }),

  deleteKeyMaterial: {
    run: async ({ core, tx, key }) => {
      refuseUnlessImported(key)
      const held = key.state === 'pendingImport' ? undefined : await newestImported(core, tx, key)
      if (!held) return keyAnswer(key)
      await forgetMaterial(core, tx, key, [held])
      return savedKey(tx, key, { ...withoutExpiry(key.record), state: 'pendingImport' })
    },
  },
}

/** The newest version with imported material: what is deleted is what can be brought back. */
async function newestImported(
  core: Core,
  tx: Tx,
  key: KeyView,
): Promise<VersionRecord | undefined> {
  await tx.cell.tail.catch(() => undefined)
  const living = { ...key, state: 'enabled' } as const
  for await (const { record, state } of eachVersion(core, living, tx.now, { reverse: true }))
    if (record.fingerprint && state !== 'pendingImport' && state !== 'deleted') return record
  return undefined
}

/** Imports the first material, or the same one again after it expired or was deleted. */
async function restore(
  core: Core,
  tx: Tx,
  key: KeyView,
  material: Material,
  input: ImportKeyMaterialInput,
): Promise<Key> {
  const { record } = key
  const print = fingerprint(core, record.id, material)
  const expires = expiry(input.expiresAt, tx.now)
  const suite = await keySuite(core, tx, record.ordinal)
  const state = key.state === 'disabled' ? 'disabled' : 'enabled'
  if (record.currentVersion === 0) {
    const version = createVersion(core, tx, suite, {
      key: record,
      number: 1,
      origin: 'imported',
      createdAt: tx.now,
      material,
      fingerprint: print,
      ...expires,
    }).record
    return savedKey(tx, key, { ...withCurrent(record, version, tx.now), ...expires, state })
  }
  const { match, missing, expiries } = await matching(core, tx, key, print)
  if (!match)
    throw new StrongroomError(
      'INVALID_KEY_MATERIAL',
      'wrapped: expected material that was imported into this key before, got other material.',
    )
  const { materialExpiresAt: _, ...rest } = match.record
  const held = rest.state === 'disabled' && match.state !== 'pendingImport'
  const back: VersionRecord = {
    ...rest,
    ...expires,
    state: held ? 'disabled' : 'enabled',
    updatedAt: tx.now,
  }
  await tx.put('version', path.version(record.vaultId, record.ordinal, back.number), back)
  await tx.put(
    'material',
    path.material(record.vaultId, record.ordinal, back.number),
    { material: material.secret },
    suite,
  )
  const earliest = Math.min(...expiries, expires.materialExpiresAt ?? Infinity)
  return savedKey(tx, key, {
    ...withoutExpiry(record),
    ...(earliest < Infinity && { materialExpiresAt: earliest }),
    state: missing ? 'pendingImport' : state,
  })
}

/**
 * The version that this material belongs to, whether others still lack theirs (the key waits for
 * all of them: AWS 9), and when the others expire.
 */
async function matching(core: Core, tx: Tx, key: KeyView, print: Uint8Array) {
  await tx.cell.tail.catch(() => undefined)
  let match: VersionView | undefined
  let missing = false
  const expiries: number[] = []
  for await (const version of eachVersion(core, { ...key, state: 'enabled' }, tx.now)) {
    const { record, state } = version
    if (state === 'deleted') continue
    if (record.fingerprint && constantTimeEqual(record.fingerprint, print)) match = version
    else if (state === 'pendingImport') missing = true
    else if (record.materialExpiresAt !== undefined) expiries.push(record.materialExpiresAt)
  }
  return { match, missing, expiries }
}

async function savedKey(tx: Tx, key: KeyView, changed: KeyRecord): Promise<Key> {
  const record = changed.state === 'enabled' ? resumed(changed, tx.now) : changed
  await note(tx, record)
  return keyAnswer(settleKey(await saveKey(tx, record), key.vault, tx.now))
}

const withoutExpiry = ({ materialExpiresAt: _, ...record }: KeyRecord): KeyRecord => record

/** Recognises material without keeping it: a MAC over key id and secret. */
const fingerprint = (core: Core, keyId: string, { secret }: Material): Uint8Array =>
  core.keys.fingerprints.compute(uuidToBytes(keyId), secret)

function expiry(expiresAt: Date | undefined, now: number): { materialExpiresAt?: number } {
  if (!expiresAt) return {}
  const at = expiresAt.getTime()
  if (at <= now || at > now + EXPIRY_DAYS_MAX * DAY_MS)
    invalidArgument('expiresAt', `a moment within the next ${EXPIRY_DAYS_MAX} days`, expiresAt)
  return { materialExpiresAt: at }
}

const external = (): StrongroomError =>
  new StrongroomError(
    'UNSUPPORTED',
    'Key: expected one whose material is here, got an external one.',
  )

function refuseUnlessImported({ record }: KeyView): void {
  if (record.origin === 'imported') return
  throw new StrongroomError(
    'NOT_PERMITTED_FOR_KEY',
    `Key: expected one of origin imported, found origin ${record.origin}.`,
  )
}

async function wrappingKey(
  { core, tx, vault, now }: Context<'getWrappingKey'> & { tx: Tx },
  material: Material | undefined,
): Promise<WrappingKey> {
  const known = vault.record.wrappingKeyId
  if (known !== undefined) return describe((await wrappingView(tx, known, now)).record)
  if (vault.record.type === 'EXTERNAL')
    throw new StrongroomError(
      'UNSUPPORTED',
      'vaultId: expected a vault that holds material, got an EXTERNAL one.',
    )
  const input = {
    vaultId: vault.record.id,
    displayName: 'RSA wrapping key',
    spec: 'RSA_4096',
    purposes: [],
  } as const
  const entry = await makeKey(core, tx, vault, {
    input,
    origin: 'internal',
    role: 'wrapping',
    material: material!,
  })
  await tx.put('vault', path.vault(vault.record.id), {
    ...vault.record,
    wrappingKeyId: entry.record.id,
    updatedAt: now,
  })
  const key = settleKey(entry, vault, now)
  return describe((await versionView(tx, key, 1, now)).record)
}

const describe = (version: VersionRecord): WrappingKey =>
  Object.freeze({
    id: version.keyId,
    vaultId: version.vaultId,
    publicKey: new Uint8Array(version.publicKey!),
    createdAt: new Date(version.createdAt),
  })

async function wrappingView(reader: Reader, keyId: string, now: number) {
  const index = await reader.get('index', path.index(keyId, reader.cell.id))
  if (!index) throw damaged('the wrapping key of a vault is missing')
  const key = await keyView(reader, await vaultView(reader, now), index.record.ordinal, now)
  return versionView(reader, key, key.record.currentVersion, now)
}

async function wrappingPrivateKey(
  core: Core,
  reader: Reader,
  keyId: string | undefined,
  now: number,
) {
  if (keyId === undefined)
    throw new StrongroomError(
      'INVALID_KEY_MATERIAL',
      'wrapped: expected material under the wrapping key of the vault, which has none ' +
        'yet: call getWrappingKey first.',
    )
  const version = await wrappingView(reader, keyId, now)
  const handle = await secretHandle(core, reader, version)
  if (handle.family !== 'pair')
    throw new StrongroomError('INTERNAL', 'The wrapping key is not a key pair.')
  return handle.privateKey
}

const TOKEN_BYTES = 16 + 16 + 8

/**
 * Ticket id, key id and expiry under a MAC: a token of another key or room is refused before
 * anything is looked up.
 */
function token(core: Core, id: string, keyId: string, expiresAt: number): Uint8Array {
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, BigInt(expiresAt))
  const body = concat(uuidToBytes(id), uuidToBytes(keyId), time)
  return concat(body, core.keys.tokens.compute(utf8('import'), body))
}

async function redeem(
  core: Core,
  reader: Reader,
  key: KeyView,
  given: Uint8Array,
  now: number,
): Promise<TicketRecord> {
  refuseUnlessImported(key)
  const body = given.subarray(0, TOKEN_BYTES)
  const authentic = core.keys.tokens.verify(given.subarray(TOKEN_BYTES), utf8('import'), body)
  const invalid = (found: string) =>
    new StrongroomError(
      'INVALID_IMPORT_TOKEN',
      `importToken: expected one made for this key and not used yet, got ${found}.`,
    )
  if (!authentic) throw invalid('one that was not made here')
  if (bytesToUuid(body.subarray(16, 32)) !== key.record.id) throw invalid('one of another key')
  const expiresAt = Number(new DataView(body.buffer, body.byteOffset).getBigUint64(32))
  if (now >= expiresAt)
    throw new StrongroomError(
      'EXPIRED_IMPORT_TOKEN',
      `importToken: expected one younger than ${LIMITS.importTokenHours} hours, got one ` +
        `that expired ${new Date(expiresAt).toISOString()}.`,
    )
  const at = path.ticket(reader.cell.id, bytesToUuid(body.subarray(0, 16)))
  const ticket = await openWrapped(core, reader, 'ticket', at)
  if (!ticket) throw invalid('one that was used or withdrawn')
  return ticket.record
}
