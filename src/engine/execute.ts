/**
 * The one path of every operation: check the input, find the target, settle what time has changed,
 * match the etag, ask for the permit, run the body, commit, answer. Nothing reaches a body by
 * another way.
 */
import { readInput } from '../base/check.ts'
import { check } from '../domain/permit.ts'
import { path } from '../format/paths.ts'
import { OPERATIONS, type OperationRow } from '../domain/operations.ts'
import { authorizeKey, authorizeOther, isOwner, type AskedFor } from './access.ts'
import type { Answer, OperationName } from './api.ts'
import { audited } from './audited.ts'
import { BODIES } from './bodies.ts'
import type { Reading, Writing } from './body.ts'
import type { Cell } from './cell.ts'
import { asCoded } from './coded.ts'
import { spread } from './copies.ts'
import type { Core, Reader } from './core.ts'
import { finishOwed } from './destroy.ts'
import {
  keyView,
  leadsTo,
  locateKey,
  onlyVault,
  vaultView,
  versionNumber,
  versionView,
  type KeyPlace,
} from './lookup.ts'
import { replicationId } from './replication/ids.ts'
import { DELIVERIES } from './operations/backups.ts'
import { NAMED_BY } from './operations/grants.ts'
import { matchEtag, rememberAnswer, replayed } from './retry.ts'
import { overdue, rotateDue } from './rotate.ts'
import { SCHEMAS } from './schemas.ts'
import { atOnce, stable } from './stable.ts'
import { causeOf, type Cause, type Tx } from './tx.ts'
import { etagOf, keyEtag, versionEtag } from './views.ts'

/** What inputs have in common, as far as the pipeline looks at them. */
interface Envelope extends AskedFor {
  readonly vaultId?: string
  readonly keyId?: string
  readonly versionId?: string
  readonly requestId?: string
  readonly ifMatch?: string
  readonly retryToken?: string
  readonly whileDisabled?: boolean
  readonly idempotent?: boolean
  readonly whileUsable?: boolean
}

interface Target {
  readonly cell: Cell
  readonly place?: KeyPlace
  readonly number?: number
}

export async function execute<O extends OperationName>(
  core: Core,
  operation: O,
  raw: unknown,
): Promise<Answer<O>> {
  const start = performance.now()
  let outcome = 'INTERNAL'
  let input: Envelope = {}
  core.enter()
  try {
    input = readInput(SCHEMAS[operation], raw) as Envelope
    input = NAMED_BY[operation]?.(core, input as never) ?? input
    const answer = await dispatch(core, operation, input)
    outcome = 'ok'
    return answer as Answer<O>
  } catch (error) {
    const coded = asCoded(error)
    outcome = coded.code
    throw coded
  } finally {
    core.leave()
    const { keyId, principal } = input
    core.meter.record({
      operation,
      outcome,
      durationMs: performance.now() - start,
      ...(keyId === undefined ? {} : { keyId }),
      ...(principal === undefined ? {} : { principal }),
    })
  }
}

async function dispatch(core: Core, operation: OperationName, input: Envelope): Promise<unknown> {
  const row: OperationRow = OPERATIONS[operation]
  if (row.target === 'room' || row.target === 'use') {
    if (row.target === 'room') {
      authorizeOther(core, operation, input)
      check(operation, { now: core.now() })
    }
    const body = BODIES[operation] as unknown as Reading<'listVaults'>
    const answer = () => body({ core, input: input, now: core.now() })
    return row.target === 'use' && core.uses.enabled
      ? audited(core, operation, input, answer)
      : answer()
  }
  for (;;) {
    const target = await locate(core, row, input)
    if (target.place) await rotateDue(core, target.place)
    try {
      const answer = await (row.writes ? write : read)(core, operation, row, input, target)
      const deliver = DELIVERIES[operation]
      return deliver ? await deliver(core, input as never, answer as never) : answer
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
    }
  }
}

/**
 * Meanwhile a rotation fell due, the alias went to another key, or the room recovered: from the
 * beginning.
 */
class Overtaken extends Error {}

function overtaken(): never {
  throw new Overtaken()
}

async function locate(core: Core, row: OperationRow, input: Envelope): Promise<Target> {
  if (row.target === 'vault') {
    const vaultId = input.vaultId
    return { cell: await core.cell(vaultId ?? (await onlyVault(core))) }
  }
  const place = await locateKey(core, input.keyId!, input.vaultId)
  if (row.target === 'key') return { cell: place.cell, place }
  // To a copy of a multi-Region key the version may have to come first.
  await rotateDue(core, place)
  return { cell: place.cell, place, number: await versionNumber(core, place, input.versionId!) }
}

async function load(core: Core, reader: Reader, input: Envelope, target: Target, now: number) {
  const vault = await vaultView(reader, now)
  if (!target.place) return { vault }
  if (!(await leadsTo(core, reader, input.keyId!, target.place))) throw new Overtaken()
  const key = await keyView(core, reader, vault, target.place.ordinal, now)
  if (target.number === undefined) return { vault, key }
  return { vault, key, version: await versionView(reader, key, target.number, now) }
}
type Loaded = Awaited<ReturnType<typeof load>>

async function read(
  core: Core,
  operation: OperationName,
  row: OperationRow,
  input: Envelope,
  target: Target,
) {
  const body = BODIES[operation] as unknown as Reading<'getKeyVersion'>
  const look = async () => {
    const context = await judged(core, operation, row, input, target)
    return body(context as unknown as Parameters<typeof body>[0])
  }
  // A pass over a whole vault does not stop for what others write meanwhile.
  if (!target.place) return stable(target.cell, look)
  return (await atOnce(core, target.cell, look)) ?? overtaken()
}

/** What is there at this moment, when the tables allow the operation on it. */
async function judged(
  core: Core,
  operation: OperationName,
  row: OperationRow,
  input: Envelope,
  target: Target,
) {
  const reader = core.reader(target.cell)
  const now = core.now()
  const views = await load(core, reader, input, target, now)
  await authorize(core, operation, row, input, target.cell, views)
  judge(operation, row, input, views, now)
  return { core, input: input as never, now, reader, ...views }
}

async function write(
  core: Core,
  operation: OperationName,
  row: OperationRow,
  input: Envelope,
  target: Target,
) {
  const body = BODIES[operation] as unknown as Writing<'updateKeyVersion'>
  const { cell } = target
  // Whoever may not ask any more gets no answer of an earlier time either.
  if (input.retryToken !== undefined && !isOwner(input)) {
    const look = () => admitted(core, operation, row, input, target)
    await stable(cell, async () => (await atOnce(core, cell, look)) ?? overtaken())
  }
  const replay = await replayed(core, core.reader(cell), operation, input)
  if (replay) {
    if (row.destroys) await finishOwed(core, cell.id, target.place!.ordinal)
    return replay.answer
  }
  const prepared = await prepare(core, operation, row, input, target, body)
  try {
    const answer = await changing(core, target, causeOf(operation, input), async (tx) => {
      const again = await replayed(core, tx, operation, input)
      if (again) return again.answer
      // What is on its way may decide who may.
      if (!isOwner(input)) await cell.tail.catch(() => undefined)
      const views = await load(core, tx, input, target, tx.now)
      if (views.key && overdue(core, views.key, tx.now)) throw new Overtaken()
      await authorize(core, operation, row, input, cell, views)
      judge(operation, row, input, views, tx.now)
      if (views.vault.record.replicas?.length) tx.replicationId = replicationId(core, tx)
      if (views.key) tx.concern(views.key.record.id)
      const context = { core, input: input as never, now: tx.now, reader: tx, tx, ...views }
      const answer = await body.run(context as unknown as Parameters<typeof body.run>[0], prepared)
      await rememberAnswer(core, tx, operation, input, answer)
      return answer
    })
    if (row.destroys) await finishOwed(core, cell.id, target.place!.ordinal)
    return answer
  } finally {
    body.dispose?.(prepared)
  }
}

/**
 * One transaction. Of a multi-Region key no two are made at once, and what the primary has now its
 * copies have before the answer; one that cannot be reached has it before its next use.
 */
async function changing<T>(
  core: Core,
  { cell, place }: Target,
  cause: Cause,
  body: (tx: Tx) => Promise<T>,
): Promise<T> {
  const at = place && path.key(cell.id, place.ordinal)
  const key = at && (await core.reader(cell).get('key', at))
  if (key?.record.primacy === undefined) return core.transact(cell, cause, body)
  return core.relating.run(async () => {
    const answer = await core.transact(cell, cause, body)
    await spread(core, place!).catch(() => undefined)
    return answer
  })
}

async function admitted(
  core: Core,
  operation: OperationName,
  row: OperationRow,
  input: Envelope,
  target: Target,
): Promise<true> {
  const views = await load(core, core.reader(target.cell), input, target, core.now())
  await authorize(core, operation, row, input, target.cell, views)
  return true
}

/** Whether the principal may: what is no key is for the caller's own policies to decide. */
async function authorize(
  core: Core,
  operation: OperationName,
  row: OperationRow,
  input: Envelope,
  cell: Cell,
  { vault, key }: Loaded,
): Promise<void> {
  if ('by' in row) return
  if (key) await authorizeKey(core, cell, operation, input, key)
  else authorizeOther(core, operation, { ...input, vaultId: vault.record.id })
}

async function prepare(
  core: Core,
  operation: OperationName,
  row: OperationRow,
  input: Envelope,
  target: Target,
  body: Writing<'updateKeyVersion'>,
): Promise<unknown> {
  if (!body.prepare) return undefined
  return stable(target.cell, async () => {
    const look = () => judged(core, operation, row, input, target)
    const context = (await atOnce(core, target.cell, look)) ?? overtaken()
    return body.prepare!(context as unknown as Parameters<typeof body.run>[0])
  })
}

/** Existence came first (locate), then who asks, then the etag, then what the tables allow. */
function judge(
  operation: OperationName,
  row: OperationRow,
  input: Envelope,
  views: Loaded,
  now: number,
): void {
  if (input.ifMatch !== undefined && row.etag !== false) {
    const { version, key, vault } = views
    const etag = version ? versionEtag(version) : key ? keyEtag(key) : etagOf(vault)
    matchEtag(input.ifMatch, etag)
  }
  const { flag, row: other } = VARIANTS[operation] ?? {}
  const asked = flag && input[flag] ? other : row
  check(operation, { ...views, now }, asked)
}

/** TABLE of what is allowed in other states when it is asked for so. */
const VARIANTS: Readonly<
  Partial<
    Record<
      OperationName,
      { readonly flag: 'whileDisabled' | 'idempotent' | 'whileUsable'; readonly row: OperationRow }
    >
  >
> = {
  updateKey: { flag: 'whileDisabled', row: OPERATIONS.tagKey },
  enableKey: { flag: 'idempotent', row: { ...OPERATIONS.enableKey, event: 'ensureEnabled' } },
  putRotationPolicy: {
    flag: 'whileUsable',
    row: { ...OPERATIONS.putRotationPolicy, key: OPERATIONS.encrypt.key },
  },
  disableKey: { flag: 'idempotent', row: { ...OPERATIONS.disableKey, event: 'ensureDisabled' } },
}
