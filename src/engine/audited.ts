/** A use of a key with its trace in the journal: whatever came of it, before anybody hears of it. */
import { parseCiphertext } from '../format/ciphertext.ts'
import { asCoded } from './coded.ts'
import type { Core } from './core.ts'
import { findPlace, keyIdAt, locateKey } from './lookup.ts'

interface Asked {
  readonly keyId?: string
  readonly vaultId?: string
  readonly versionId?: string
  readonly ciphertext?: Uint8Array
  readonly sourceKeyId?: string
  readonly sourceVaultId?: string
  readonly sourceVersionId?: string
  readonly principal?: string
  readonly requestId?: string
  readonly note?: Readonly<Record<string, string>>
}
/** What answers of uses have in common. */
type Served = Pick<Asked, 'keyId' | 'versionId' | 'sourceKeyId' | 'sourceVersionId'>

interface Outcome {
  readonly outcome: string
  readonly time: number
}

export async function audited<T>(
  core: Core,
  operation: string,
  asked: Asked,
  use: () => Promise<T>,
): Promise<T> {
  await core.uses.admit()
  const time = core.now()
  const answer = await use().catch(async (error: unknown) => {
    await note(core, operation, asked, {}, { outcome: asCoded(error).code, time })
    throw error
  })
  await note(core, operation, asked, answer as Served, { outcome: 'ok', time })
  return answer
}

/** A key that was used, or was to be used, as far as it is named. */
interface Named {
  readonly keyId?: string | undefined
  readonly versionId?: string | undefined
  readonly vaultId?: string | undefined
}

/** Operations that open a ciphertext of one key and make one of another: both were used. */
const TWO_KEYS: ReadonlySet<string> = new Set(['reEncrypt'])

function keysOf(operation: string, asked: Asked, served: Served): readonly Named[] {
  // Of a ciphertext that names its version nobody has to say the key.
  const stated = asked.ciphertext && parseCiphertext(asked.ciphertext)?.versionId
  const keyId = served.keyId ?? asked.keyId
  const { versionId = keyId === undefined ? stated : undefined } = served
  const own = { keyId, versionId, vaultId: asked.vaultId }
  if (!TWO_KEYS.has(operation)) return [own]
  const source = served.sourceKeyId ?? asked.sourceKeyId
  const sourceVersion = served.sourceVersionId ?? (source === undefined ? stated : undefined)
  return [{ keyId: source, versionId: sourceVersion, vaultId: asked.sourceVaultId }, own]
}

async function note(
  core: Core,
  operation: string,
  asked: Asked,
  served: Served,
  outcome: Outcome,
): Promise<void> {
  const { principal, requestId, note: said } = asked
  for (const named of keysOf(operation, asked, served)) {
    const home = await homeOf(core, named)
    if (!home) continue
    const { vaultId, ...key } = home
    core.uses.note(vaultId, {
      operation,
      ...outcome,
      ...key,
      ...(principal !== undefined && { principal }),
      ...(requestId !== undefined && { requestId }),
      ...(said && { note: said }),
    })
  }
}

interface Home {
  readonly vaultId: string
  readonly keyId: string
  readonly versionId?: string
}

/**
 * Undefined for what names no key that exists: it belongs to no vault, and is told by the
 * diagnostics channel alone.
 */
async function homeOf(core: Core, named: Named): Promise<Home | undefined> {
  try {
    return named.keyId === undefined
      ? await homeOfVersion(core, named)
      : await homeOfKey(core, named)
  } catch (error) {
    const { code } = asCoded(error)
    if (code === 'NOT_FOUND' || code === 'INVALID_ARGUMENT') return undefined
    throw error
  }
}

async function homeOfKey(core: Core, { keyId, versionId, vaultId }: Named): Promise<Home> {
  const { cell, ordinal } = await locateKey(core, keyId!, vaultId)
  const id = await keyIdAt(core, { vaultId: cell.id, ordinal, version: 0 })
  return { vaultId: cell.id, keyId: id, ...(versionId !== undefined && { versionId }) }
}

async function homeOfVersion(core: Core, named: Named): Promise<Home | undefined> {
  const { versionId, vaultId } = named
  const place = versionId === undefined ? undefined : await findPlace(core, versionId, vaultId)
  if (!place || place.version === 0) return undefined
  return { vaultId: place.vaultId, keyId: await keyIdAt(core, place), versionId: versionId! }
}
