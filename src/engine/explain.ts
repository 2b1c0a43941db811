/** Questions about keys that use nothing: may they be used, and which one is it. */
import { readInput } from '../base/check.ts'
import { OPERATIONS } from '../domain/operations.ts'
import { explain } from '../domain/permit.ts'
import { parseCiphertext } from '../format/ciphertext.ts'
import { explainAccess, refusalOf } from './access.ts'
import type {
  AccessExplained,
  ExplainAccessInput,
  ExplainInput,
  Explained,
  IdentifiedCiphertext,
  IdentifyCiphertextInput,
} from './api.ts'
import type { Core } from './core.ts'
import {
  keyIdAt,
  keyView,
  leadsTo,
  locateKey,
  vaultView,
  versionNumber,
  versionView,
  type KeyPlace,
} from './lookup.ts'
import { EXPLAIN_ACCESS_SCHEMA, EXPLAIN_SCHEMA, IDENTIFY_SCHEMA } from './schemas.ts'
import { findVersion } from './rotate.ts'
import { atOnce } from './stable.ts'

export async function explained(core: Core, raw: ExplainInput): Promise<Explained> {
  const input = readInput(EXPLAIN_SCHEMA, raw) as ExplainInput
  for (;;) {
    const place = await locateKey(core, input.keyId, input.vaultId)
    const answer = await atOnce(core, place.cell, () => explainedAt(core, input, place))
    if (answer) return answer
  }
}

/** Undefined when an alias leads elsewhere by now. */
async function explainedAt(
  core: Core,
  input: ExplainInput,
  place: KeyPlace,
): Promise<Explained | undefined> {
  const { operation, keyId, versionId } = input
  const row = OPERATIONS[operation]
  const reader = core.reader(place.cell)
  if (!(await leadsTo(core, reader, keyId, place))) return undefined
  const now = core.now()
  const key = await keyView(core, reader, await vaultView(reader, now), place.ordinal, now)
  const named =
    versionId === undefined
      ? key.record.currentVersion
      : await versionNumber(core, place, versionId)
  const looks = row.target === 'use' || row.target === 'version'
  const version = looks && named > 0 ? await versionView(reader, key, named, now) : undefined
  const refused = await refusalOf(core, place.cell, operation, input, key)
  if (refused) return Object.freeze({ allowed: false, code: 'FORBIDDEN', explain: refused })
  const subject = { vault: key.vault, key, now, ...(version && { version }) }
  const refusal = explain(operation, subject)
  return Object.freeze(
    refusal
      ? { allowed: false, code: refusal.code, explain: refusal.explanation }
      : { allowed: true },
  )
}

export async function identified(
  core: Core,
  raw: IdentifyCiphertextInput,
): Promise<IdentifiedCiphertext | undefined> {
  const { ciphertext, vaultId } = readInput(IDENTIFY_SCHEMA, raw) as IdentifyCiphertextInput
  const versionId = parseCiphertext(ciphertext)?.versionId
  if (versionId === undefined) return undefined
  const place = await findVersion(core, versionId, vaultId)
  if (!place) return Object.freeze({ versionId })
  const keyId = await keyIdAt(core, place)
  return Object.freeze({ versionId, keyId, vaultId: place.vaultId })
}

export async function explainedAccess(
  core: Core,
  raw: ExplainAccessInput,
): Promise<AccessExplained> {
  const input = readInput(EXPLAIN_ACCESS_SCHEMA, raw) as ExplainAccessInput
  const { keyId, vaultId } = input
  if (keyId === undefined) return explainAccess(core, input)
  for (;;) {
    const place = await locateKey(core, keyId, vaultId)
    const reader = core.reader(place.cell)
    const answer = await atOnce(core, place.cell, async () => {
      if (!(await leadsTo(core, reader, keyId, place))) return undefined
      const now = core.now()
      const key = await keyView(core, reader, await vaultView(reader, now), place.ordinal, now)
      return explainAccess(core, input, { cell: place.cell, key })
    })
    if (answer) return answer
  }
}
