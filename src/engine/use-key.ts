/** From a permit to a key that is ready: the only way to material. */
import { wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { PublicKey } from '../crypto/provider.ts'
import { isPair, SPECS } from '../domain/algorithms.ts'
import type { UseName } from '../domain/operations.ts'
import { check, permit, type Permitted } from '../domain/permit.ts'
import type { VersionView } from '../domain/settle.ts'
import { path } from '../format/paths.ts'
import { authorizeKey, isOwner, type AskedFor } from './access.ts'
import type { Core, Reader } from './core.ts'
import type { Handle } from './handles.ts'
import {
  keyView,
  leadsTo,
  locateKey,
  vaultView,
  versionNumber,
  versionView,
  type KeyPlace,
} from './lookup.ts'
import { keySuite } from './make.ts'
import { damaged } from './records.ts'
import { rotateDue } from './rotate.ts'
import { atOnce, stable } from './stable.ts'

/** The input of a use, as far as finding and judging it goes. */
export interface UseRef extends AskedFor {
  readonly keyId: string
  readonly versionId?: string
}

/** A permitted version with its keys. */
export interface InUse<O extends UseName = UseName> {
  readonly operation: O
  readonly permitted: Permitted<O>
  /** True when the caller named a version: what holds for it need not hold for the current one. */
  readonly versionNamed: boolean
  /** The generation of the vault when the decision was made. */
  readonly decidedAt: number
  readonly reader: Reader
  secret(): Promise<Handle>
  public(): PublicKey
}

/** Finds, settles and permits; material is loaded when asked for. */
export async function useKey<O extends UseName>(
  core: Core,
  operation: O,
  ref: UseRef,
): Promise<InUse<O>> {
  for (;;) {
    const place = await locateKey(core, ref.keyId, ref.vaultId)
    await rotateDue(core, place)
    const inUse = await atOnce(core, place.cell, () => decide(core, operation, place, ref))
    if (inUse) return inUse
  }
}

/** Undefined when an alias leads elsewhere by now. */
async function decide<O extends UseName>(
  core: Core,
  operation: O,
  place: KeyPlace,
  ref: UseRef,
): Promise<InUse<O> | undefined> {
  const reader = core.reader(place.cell)
  if (!(await leadsTo(core, reader, ref.keyId, place))) return undefined
  const decidedAt = place.cell.generation
  const now = core.now()
  const vault = await vaultView(reader, now)
  const key = await keyView(core, reader, vault, place.ordinal, now)
  if (!isOwner(ref) || ref.access) await authorizeKey(core, place.cell, operation, ref, key)
  const number =
    ref.versionId === undefined
      ? key.record.currentVersion
      : await versionNumber(core, place, ref.versionId)
  if (number === 0) {
    check(operation, { vault, key, now })
    throw damaged('a usable key has no version')
  }
  const version = await versionView(reader, key, number, now)
  const permitted = permit(operation, key, version, now)
  return {
    operation,
    permitted,
    versionNamed: ref.versionId !== undefined,
    decidedAt,
    reader,
    secret: () => stable(place.cell, () => secretHandle(core, reader, version)),
    public: () => publicHandle(core, version),
  }
}

/** The secret handle of a version, from the cache or from its sealed material. */
export async function secretHandle(
  core: Core,
  reader: Reader,
  version: VersionView,
): Promise<Handle> {
  const { id } = version.record
  const cached = core.handles.secret.get(id)
  if (cached) return cached
  const { generation, life } = reader.cell
  const secret = await openMaterial(core, reader, version)
  try {
    const handle = makeHandle(core, version, secret)
    if (reader.cell.generation === generation && life === core.life)
      core.handles.secret.set(id, handle)
    return handle
  } finally {
    wipe(secret)
  }
}

/** The material itself; the caller wipes it. */
export async function openMaterial(
  core: Core,
  reader: Reader,
  version: VersionView,
): Promise<Uint8Array> {
  const { ordinal, vaultId } = version.key.record
  const suite = await keySuite(core, reader, ordinal)
  const entry = await reader.get(
    'material',
    path.material(vaultId, ordinal, version.record.number),
    suite,
  )
  if (!entry) throw damaged('a usable version has no material')
  return entry.record.material
}

function makeHandle({ provider }: Core, { record }: VersionView, secret: Uint8Array): Handle {
  const { spec } = record
  if (isPair(spec)) {
    const pair = { privateKey: secret, publicKey: record.publicKey! }
    return { family: 'pair', privateKey: provider.privateKey(spec, pair) }
  }
  if (SPECS[spec].family === 'aes')
    return { family: 'aes', suite: provider.suite(secret), raw: provider.aes(secret) }
  return { family: 'hmac', mac: provider.hmac(`SHA_${SPECS[spec].bits as 256}`, secret) }
}

export function publicHandle(core: Core, { record }: VersionView): PublicKey {
  const cached = core.handles.public.get(record.id)
  if (cached) return cached
  if (!isPair(record.spec) || !record.publicKey)
    throw new StrongroomError('UNSUPPORTED', `Key: expected a key pair, found ${record.spec}.`)
  const handle = core.provider.publicKey(record.spec, record.publicKey)
  core.handles.public.set(record.id, handle)
  return handle
}

/** Narrows a handle to the family that a spec promises. */
export function ofFamily<F extends Handle['family']>(
  handle: Handle,
  family: F,
): Extract<Handle, { family: F }> {
  if (handle.family === family) return handle as Extract<Handle, { family: F }>
  throw new StrongroomError('INTERNAL', `Handle: expected ${family}, found ${handle.family}.`)
}
