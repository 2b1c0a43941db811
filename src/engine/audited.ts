/** A use of a key with its trace in the journal: whatever came of it, before anybody hears of it. */
import { isUuid } from '../format/paths.ts'
import { asCoded } from './coded.ts'
import type { Core } from './core.ts'
import { findPlace, locateKey } from './lookup.ts'

interface Use {
  readonly keyId?: string
  readonly vaultId?: string
  readonly principal?: string
  readonly requestId?: string
}
/** What answers of uses have in common. */
interface Served {
  readonly keyId?: string
  readonly versionId?: string
}

export async function audited<T>(
  core: Core,
  operation: string,
  input: Use,
  use: () => Promise<T>,
): Promise<T> {
  await core.uses.admit()
  const time = core.now()
  try {
    const answer = await use()
    const { keyId, versionId } = answer as Served
    await note(core, operation, input, { keyId, versionId, outcome: 'ok', time })
    return answer
  } catch (error) {
    await note(core, operation, input, { outcome: asCoded(error).code, time })
    throw error
  }
}

interface Outcome {
  readonly keyId?: string | undefined
  readonly versionId?: string | undefined
  readonly outcome: string
  readonly time: number
}

/** What names no key that exists belongs to no vault, and is told by the diagnostics channel alone. */
async function note(
  core: Core,
  operation: string,
  { keyId: asked, vaultId, principal, requestId }: Use,
  { keyId: served, versionId, ...rest }: Outcome,
): Promise<void> {
  const keyId = served ?? (asked !== undefined && isUuid(asked) ? asked : undefined)
  const home = await homeOf(core, served ?? asked, vaultId).catch(() => undefined)
  if (home === undefined) return
  core.uses.note(home, {
    operation,
    ...rest,
    ...(keyId !== undefined && { keyId }),
    ...(versionId !== undefined && { versionId }),
    ...(principal !== undefined && { principal }),
    ...(requestId !== undefined && { requestId }),
  })
}

async function homeOf(
  core: Core,
  keyId: string | undefined,
  vaultId: string | undefined,
): Promise<string | undefined> {
  if (keyId === undefined) return undefined
  if (isUuid(keyId)) return (await findPlace(core, keyId, vaultId))?.vaultId
  return (await locateKey(core, keyId, vaultId)).cell.id
}
