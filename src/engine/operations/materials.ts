/**
 * The materials of an imported key (contracts: AWS 9): parameters to import with, the import of new
 * material or of what was there before, and its deletion. A symmetric key takes new material beside
 * its current one, for the next rotation on demand.
 */
import { constantTimeEqual, wipe } from '../../base/bytes.ts'
import { invalidArgument, StrongroomError, type ErrorCode } from '../../base/errors.ts'
import { SPECS, type Wrapping } from '../../domain/algorithms.ts'
import { DAY_MS, LIMITS } from '../../domain/limits.ts'
import { isPending, materialId, materialIdOf } from '../../domain/material.ts'
import { needPrimary } from '../../domain/permit.ts'
import type { KeyRecord, TicketRecord, VersionRecord } from '../../domain/records.ts'
import { resumedIn } from '../../domain/rotation.ts'
import { settleKey, type KeyView, type VersionView } from '../../domain/settle.ts'
import { path } from '../../format/paths.ts'
import { note } from '../agenda.ts'
import type { ImportedMaterial, ImportKeyMaterialInput, Key } from '../api.ts'
import { writing, type Bodies } from '../body.ts'
import { notFound, type Core } from '../core.ts'
import { forgetMaterial } from '../destroy.ts'
import { expiry, fingerprint } from '../fingerprint.ts'
import { newId } from '../ids.ts'
import { importToken, redeem } from '../import-token.ts'
import { keyring } from '../keyring.ts'
import { eachVersion } from '../lookup.ts'
import {
  createVersion,
  dispose,
  generate,
  keySuite,
  nextNumber,
  withCurrent,
  type Material,
} from '../make.ts'
import { saveKey } from '../save.ts'
import type { Tx } from '../tx.ts'
import { unwrapMaterial } from '../unwrap.ts'
import { keyAnswer } from '../views.ts'

type Names = 'getImportParameters' | 'importKeyMaterial' | 'deleteKeyMaterial'

export const MATERIAL_BODIES: Bodies<Names> = {
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
        importToken: importToken(core, id, key.record.id, expiresAt),
        expiresAt: new Date(expiresAt),
      })
    },
    dispose,
  }),

  importKeyMaterial: writing<'importKeyMaterial', Material>({
    prepare: async ({ core, reader, key, input, now }) => {
      refuseUnlessImported(key)
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
      return imported({ core, tx, key, material, input })
    },
    dispose,
  }),

  deleteKeyMaterial: {
    run: async ({ core, tx, key, input }) => {
      refuseUnlessImported(key)
      const version = await deletable(core, tx, key, input.materialId)
      if (!version) return keyAnswer(key)
      const replica = key.family?.role === 'replica'
      if (isPending(version) && !replica) return withdrawn(core, tx, key, version.record)
      if (version.state === 'pendingImport') return keyAnswer(key)
      await forgetMaterial(core, tx, key, [version.record])
      if (isPending(version)) return savedKey(tx, key, key.record)
      return savedKey(tx, key, { ...withoutExpiry(key.record), state: 'pendingImport' })
    },
  },
}

function refuseUnlessImported({ record }: KeyView): void {
  if (record.origin === 'imported') return
  throw new StrongroomError(
    'NOT_PERMITTED_FOR_KEY',
    `Key: expected one of origin imported, found origin ${record.origin}.`,
    {
      explain: {
        operation: 'importKeyMaterial',
        rule: 'key.origin',
        expected: 'imported',
        found: record.origin,
      },
    },
  )
}

/** The version whose material is meant: the one that is named, else the newest in use. */
async function deletable(
  core: Core,
  tx: Tx,
  key: KeyView,
  wanted: string | undefined,
): Promise<VersionView | undefined> {
  for await (const version of imports(core, tx, key, { reverse: true }))
    if (wanted === undefined ? !isPending(version) : materialIdOf(version.record) === wanted)
      return version
  if (wanted === undefined) return undefined
  throw notFound('material', wanted)
}

/** Every version of the key with imported material, whether that is here or not. */
async function* imports(
  core: Core,
  tx: Tx,
  key: KeyView,
  order: { reverse?: boolean } = {},
): AsyncGenerator<VersionView> {
  await tx.cell.tail.catch(() => undefined)
  const living = { ...key, state: 'enabled' } as const
  for await (const version of eachVersion(core, living, tx.now, order))
    if (version.record.fingerprint && version.state !== 'deleted') yield version
}

/** Material that waited for its rotation was never part of the key: nothing of it stays. */
async function withdrawn(core: Core, tx: Tx, key: KeyView, version: VersionRecord): Promise<Key> {
  await forgetMaterial(core, tx, key, [version], 'deleted')
  const { pendingVersion: _, ...record } = key.record
  return keyAnswer(settleKey(await saveKey(tx, record), key.vault, tx.now, key))
}

interface Importing {
  readonly core: Core
  readonly tx: Tx
  readonly key: KeyView
  readonly material: Material
  readonly input: ImportKeyMaterialInput
}

/** The first material, the same one again after it expired or was deleted, or one for a rotation. */
async function imported(importing: Importing): Promise<ImportedMaterial> {
  const { core, tx, key, material, input } = importing
  const print = fingerprint(core, key.record.id, material)
  const id = materialId(key.record.id, '', print)
  const first = key.record.currentVersion === 0
  const asNew = (input.importType ?? (first ? 'new' : 'existing')) === 'new'
  if (asNew && input.materialId !== undefined)
    invalidArgument('materialId', 'nothing for new material', input.materialId)
  const known = await associated(core, tx, key, print)
  const refused = (rule: keyof typeof REFUSALS) => refusal(rule, id, known)
  if (asNew && known.match) throw refused('material.new')
  if (!asNew && (!known.match || (input.materialId ?? id) !== id)) throw refused('material.same')
  if (asNew) needPrimary('importKeyMaterial', key)
  if (asNew && !first) {
    if (SPECS[key.record.spec].family !== 'aes') throw refused('material.same')
    if (known.pending) throw refused('material.other')
  }
  const answer = asNew
    ? await putNew(importing, print, first)
    : await putBack(importing, known.match!, known)
  return Object.freeze({ ...answer, materialId: id })
}

async function putNew(
  { core, tx, key, material, input }: Importing,
  print: Uint8Array,
  first: boolean,
): Promise<Key> {
  const { record } = key
  const expires = expiry(input.expiresAt, tx.now)
  const version = createVersion(core, tx, await keySuite(core, tx, record.ordinal), {
    key: record,
    number: nextNumber(record),
    origin: 'imported',
    createdAt: tx.now,
    material,
    fingerprint: print,
    ...expires,
    ...named(input),
    forRotation: !first,
  }).record
  if (first)
    return savedKey(tx, key, {
      ...withCurrent(record, version, tx.now),
      ...expires,
      state: stateWith(key),
    })
  await note(tx, record, version.materialExpiresAt)
  const { number } = version
  return savedKey(tx, key, { ...record, lastVersion: number, pendingVersion: number })
}

const named = ({ materialDescription }: ImportKeyMaterialInput) =>
  materialDescription === undefined ? {} : { materialDescription }

/** A key that has all its material: disabled when it was. */
const stateWith = ({ state }: KeyView): KeyRecord['state'] =>
  state === 'disabled' ? 'disabled' : 'enabled'

async function putBack(
  { core, tx, key, material, input }: Importing,
  match: VersionView,
  { missing, expiries }: Associated,
): Promise<Key> {
  const { record } = key
  const { materialExpiresAt: _, ...rest } = match.record
  const expires = expiry(input.expiresAt, tx.now)
  const held = rest.state === 'disabled' && match.state !== 'pendingImport'
  const back: VersionRecord = {
    ...rest,
    ...expires,
    ...named(input),
    state: held ? 'disabled' : 'enabled',
    updatedAt: tx.now,
  }
  await tx.put('version', path.version(record.vaultId, record.ordinal, back.number), back)
  await tx.put(
    'material',
    path.material(record.vaultId, record.ordinal, back.number),
    { material: material.secret },
    await keySuite(core, tx, record.ordinal),
  )
  if (isPending(match)) {
    await note(tx, record, back.materialExpiresAt)
    return savedKey(tx, key, record)
  }
  const earliest = Math.min(...expiries, expires.materialExpiresAt ?? Infinity)
  return savedKey(tx, key, {
    ...withoutExpiry(record),
    ...(earliest < Infinity && { materialExpiresAt: earliest }),
    state: missing ? 'pendingImport' : stateWith(key),
  })
}

interface Associated {
  readonly match: VersionView | undefined
  readonly pending: VersionView | undefined
  /** Others that are part of the key lack theirs: it waits for all of them. */
  readonly missing: boolean
  /** When the others expire. */
  readonly expiries: readonly number[]
}

/** What the key knows of this material, and of its other ones. */
async function associated(
  core: Core,
  tx: Tx,
  key: KeyView,
  print: Uint8Array,
): Promise<Associated> {
  let match: VersionView | undefined
  let pending: VersionView | undefined
  let missing = false
  const expiries: number[] = []
  for await (const version of imports(core, tx, key)) {
    const { record, state } = version
    if (isPending(version)) pending = version
    if (constantTimeEqual(record.fingerprint!, print)) match = version
    else if (isPending(version)) continue
    else if (state === 'pendingImport') missing = true
    else if (record.materialExpiresAt !== undefined) expiries.push(record.materialExpiresAt)
  }
  return { match, pending, missing, expiries }
}

const REFUSALS = {
  'material.same': [
    'INVALID_KEY_MATERIAL',
    'material that was imported into this key before',
    'other material',
  ],
  'material.new': [
    'INVALID_KEY_MATERIAL',
    'material that was not imported into this key before',
    'material that was',
  ],
  'material.other': ['INVALID_STATE', 'no other material that waits for a rotation', ''],
} as const satisfies Record<string, readonly [ErrorCode, string, string]>

/** Why a material is not taken; `subject` is its id. */
function refusal(
  rule: keyof typeof REFUSALS,
  subject: string,
  { pending }: Associated,
): StrongroomError {
  const [code, expected, what] = REFUSALS[rule]
  const found = rule === 'material.other' ? materialIdOf(pending!.record) : what
  return new StrongroomError(code, `wrapped: expected ${expected}, got ${found}.`, {
    explain: { operation: 'importKeyMaterial', rule, expected, found, subject },
  })
}

async function savedKey(tx: Tx, key: KeyView, changed: KeyRecord): Promise<Key> {
  const record = resumedIn(key, changed, tx.now)
  await note(tx, record)
  return keyAnswer(settleKey(await saveKey(tx, record), key.vault, tx.now, key))
}

const withoutExpiry = ({ materialExpiresAt: _, ...record }: KeyRecord): KeyRecord => record
