/** The second half of restoring a vault: key by key out of the spool, in bounded transactions. */
import { nextState, VAULT_TABLE } from '../../domain/lifecycle.ts'
import type {
  AliasRecord,
  GrantRecord,
  KeyRecord,
  VaultRecord,
  VersionRecord,
} from '../../domain/records.ts'
import { settleKey, settleVault } from '../../domain/settle.ts'
import { path, range } from '../../format/paths.ts'
import { note } from '../agenda.ts'
import type { Vault } from '../api.ts'
import type { Cell } from '../cell.ts'
import type { Core } from '../core.ts'
import { ordinalOf } from '../destroy.ts'
import { eachRow, eachVersion, vaultView } from '../lookup.ts'
import { readStore } from '../records.ts'
import { saveKey } from '../save.ts'
import type { Tx } from '../tx.ts'
import { vaultAnswer } from '../views.ts'
import {
  isDestroyed,
  placeOf,
  restoreGrants,
  writeKey,
  writeVersions,
  type Restoring,
} from './merge.ts'
import { partsOf, wipePart, type KeyPart } from './payload.ts'
import { restoreAliases } from './restore-key.ts'
import { spooled } from './spool.ts'

const CAUSE = 'restoreVault'
/** Keys on their way to the disk together, and their bytes. */
const IN_FLIGHT_MAX = 32
const IN_FLIGHT_BYTES_MAX = 4_194_304
/** Index, version, material, counter, and the share of a journal row; and what a key has once. */
const ROWS_PER_VERSION = 5
const ROWS_PER_KEY = 24
const VERSIONS_PER_COMMIT_MAX = 256
const ALIASES_PER_COMMIT = 16
const GRANTS_PER_COMMIT = 16
const VERSIONS_GONE_PER_COMMIT = 16

interface Filling {
  readonly idOf: (id: string) => string
  /** Runs in the transaction that ends the restore. */
  readonly last: (tx: Tx, answer: Vault) => Promise<void>
}

export async function fillVault(
  core: Core,
  cell: Cell,
  { id, restoredFrom, restore }: VaultRecord,
  { idOf, last }: Filling,
): Promise<void> {
  const { spoolId, pieces, over } = restore!
  const vault = await vaultView(core.reader(cell), core.now())
  const how: Restoring = { core, vault, idOf, over }
  const flight = new Flight()
  const aliases: AliasRecord[] = []
  const grants: GrantRecord[] = []
  try {
    const header = { kind: 'vault', vaultId: restoredFrom! } as const
    for await (const part of partsOf(spooled(core, spoolId, pieces), header)) {
      if (part.kind === 'key') await flight.add(part.part, () => restorePart(how, cell, part.part))
      else await flight.landed()
      if (part.kind === 'alias') aliases.push(part.alias)
      if (part.kind === 'grant') grants.push(part.grant)
      if (aliases.length >= ALIASES_PER_COMMIT) await putAliases(how, cell, aliases.splice(0))
      if (grants.length >= GRANTS_PER_COMMIT) await putGrants(how, cell, grants.splice(0))
    }
  } finally {
    await flight.settled()
  }
  await flight.landed()
  await putAliases(how, cell, aliases)
  await putGrants(how, cell, grants)
  if (over) await forgetLost(core, cell)
  await core.transact(cell, CAUSE, async (tx) => {
    const { record } = await vaultView(tx, tx.now)
    const { restore: _, ...rest } = record
    const state = nextState('vault', VAULT_TABLE, 'restoring', 'restored') as VaultRecord['state']
    const whole = { ...rest, state, updatedAt: tx.now, activeSince: tx.now }
    const entry = await tx.put('vault', path.vault(id), whole)
    await last(tx, vaultAnswer(settleVault(entry, tx.now)))
    tx.after(() => cell.permitGeneration++)
  })
}

/** Some keys at a time: their commits share groups. */
class Flight {
  #under: { readonly bytes: number; readonly done: Promise<void> }[] = []
  #bytes = 0

  async add(part: KeyPart, restore: () => Promise<void>): Promise<void> {
    const done = restore().finally(() => wipePart(part))
    done.catch(() => undefined)
    this.#under.push({ bytes: part.bytes, done })
    this.#bytes += part.bytes
    while (this.#under.length > IN_FLIGHT_MAX || this.#bytes > IN_FLIGHT_BYTES_MAX) {
      const first = this.#under.shift()!
      this.#bytes -= first.bytes
      await first.done
    }
  }

  /** Answers when all are durable; fails when one failed. */
  async landed(): Promise<void> {
    const under = this.#under.splice(0)
    this.#bytes = 0
    await this.#wait(under)
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#under.map(({ done }) => done))
  }

  async #wait(under: readonly { readonly done: Promise<void> }[]): Promise<void> {
    const results = await Promise.allSettled(under.map(({ done }) => done))
    const failed = results.find(({ status }) => status === 'rejected')
    if (failed) throw (failed as PromiseRejectedResult).reason
  }
}

/** One key in as many transactions as its versions need; the key itself comes with the last. */
async function restorePart(how: Restoring, cell: Cell, part: KeyPart): Promise<void> {
  const { maxOps } = how.core.store.limits
  const most = Math.floor((maxOps - ROWS_PER_KEY) / ROWS_PER_VERSION)
  const size = Math.max(1, Math.min(VERSIONS_PER_COMMIT_MAX, most))
  const living: VersionRecord[] = []
  for (let at = 0; at < part.versions.length; at += size) {
    const some = part.versions.slice(at, at + size)
    const last = at + size >= part.versions.length
    const gone = await how.core.transact(cell, CAUSE, async (tx) => {
      const place = await placeOf(how, tx, part)
      if (place.existing && isDestroyed(place.existing, tx.now)) return true
      living.push(...(await writeVersions(how, tx, place, some)))
      if (last) await writeKey(how, tx, place, part, living)
      return false
    })
    if (gone) return
  }
}

async function putAliases(
  how: Restoring,
  cell: Cell,
  aliases: readonly AliasRecord[],
): Promise<void> {
  if (aliases.length === 0) return
  const { core, idOf } = how
  await core.transact(cell, CAUSE, async (tx) => {
    const targets = new Map<string, string>()
    for (const { keyId } of aliases) {
      const index = await tx.get('index', path.index(idOf(keyId), cell.id))
      const key = index && (await tx.get('key', path.key(cell.id, index.record.ordinal)))
      if (key && !isDestroyed(key.record, tx.now)) targets.set(keyId, key.record.id)
    }
    await restoreAliases(core, tx, aliases, (keyId) => targets.get(keyId))
  })
}

/** Of keys that keep their ids: a grant was made for one key, and a copy is another. */
async function putGrants(
  { core, idOf }: Restoring,
  cell: Cell,
  grants: readonly GrantRecord[],
): Promise<void> {
  const byKey = new Map<string, GrantRecord[]>()
  for (const grant of grants) {
    if (idOf(grant.keyId) !== grant.keyId) continue
    const known = byKey.get(grant.keyId)
    if (known) known.push(grant)
    else byKey.set(grant.keyId, [grant])
  }
  if (byKey.size === 0) return
  await core.transact(cell, CAUSE, async (tx) => {
    for (const [id, some] of byKey) {
      const index = await tx.get('index', path.index(id, cell.id))
      if (!index) continue
      const { ordinal } = index.record
      const key = await tx.get('key', path.key(cell.id, ordinal))
      if (key && !isDestroyed(key.record, tx.now)) await restoreGrants(tx, { id, ordinal }, some)
    }
  })
}

/** A vault that was deleted: what its backup did not bring back is gone, and says so. */
async function forgetLost(core: Core, cell: Cell): Promise<void> {
  for await (const row of eachRow(core, range.keys(cell.id))) {
    const { record } = core.records.open('key', cell.id, row.key, row.value)
    if (record.state === 'deleted') continue
    const ordinal = ordinalOf(row.key)
    const has = await readStore(() => core.store.get(path.keyKey(cell.id, ordinal)))
    if (has && !isDestroyed(record, core.now())) await forgetVersions(core, cell, record)
    else await core.transact(cell, CAUSE, (tx) => forgetKey(tx, record))
  }
}

async function forgetKey(tx: Tx, record: KeyRecord): Promise<void> {
  const deletedAt = record.deletion?.at ?? tx.now
  await saveKey(tx, { ...record, state: 'deleted', deletedAt })
}

async function forgetVersions(core: Core, cell: Cell, record: KeyRecord): Promise<void> {
  const now = core.now()
  const vault = await vaultView(core.reader(cell), now)
  const key = settleKey({ record, seq: 0n }, vault, now)
  const lost: VersionRecord[] = []
  const deadlines: (number | undefined)[] = []
  for await (const version of eachVersion(core, key, now)) {
    const { number, state, deletion, materialExpiresAt } = version.record
    if (state === 'deleted' || state === 'pendingImport') continue
    const at = path.material(cell.id, record.ordinal, number)
    if (await readStore(() => core.store.get(at))) deadlines.push(deletion?.at, materialExpiresAt)
    else lost.push(version.record)
  }
  await core.transact(cell, CAUSE, (tx) => note(tx, record, ...deadlines))
  for (let i = 0; i < lost.length; i += VERSIONS_GONE_PER_COMMIT) {
    const some = lost.slice(i, i + VERSIONS_GONE_PER_COMMIT)
    await core.transact(cell, CAUSE, async (tx) => {
      for (const { materialExpiresAt: _, ...version } of some)
        await tx.put('version', path.version(cell.id, record.ordinal, version.number), {
          ...version,
          state: 'deleted',
          deletedAt: version.deletion?.at ?? tx.now,
          updatedAt: tx.now,
        })
      tx.touch(record.id)
    })
  }
}
