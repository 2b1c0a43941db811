/**
 * A real room driven through every cell of the tables, the windows and the stories of
 * `fixtures/lifecycle`.
 */
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../src/base/clock.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { callOf, cell, stage, stateOf } from './drive.ts'
import { STORIES, TABLES, WINDOWS, type Kind } from './fixtures.ts'
import { tell } from './story.ts'

const IMPORTS = ['importMaterial', 'deleteMaterial']

/** What waits for its material is imported; what imports needs a key that can. */
const isImported = (kind: Kind, state: string, event: string | null): boolean =>
  IMPORTS.includes(event ?? '') || (kind === 'key' && state === 'pendingImport')

/**
 * Not staged: the deletion of the current version, which is all that an imported key has; and what
 * its key forbids while the version waits for material.
 */
const staged = (kind: Kind, state: string, event: string | null): boolean =>
  kind !== 'version' ||
  (IMPORTS.includes(event ?? '')
    ? ['pendingImport', 'enabled', 'disabled'].includes(state)
    : state !== 'pendingImport')

const CELLS = (Object.keys(TABLES) as Kind[]).flatMap((kind) =>
  TABLES[kind].rows.flatMap(({ event, operations, cells }) =>
    operations.flatMap((operation) => {
      const call = callOf(kind, operation, event)
      return Object.entries(cells)
        .filter(([state]) => call && staged(kind, state, event))
        .filter(([state]) => operation !== 'getKeyVersion' || state !== 'pendingImport')
        .map(([state, after]) => ({ kind, operation, event, state, after, call: call! }))
    }),
  ),
)
const PREVIOUS: Readonly<Record<Kind, string>> = {
  vault: 'active',
  key: 'enabled',
  version: 'enabled',
}

describe('every cell', () => {
  test('there are cells of every kind', () => {
    for (const kind of ['vault', 'key', 'version'])
      expect(CELLS.filter((one) => one.kind === kind).length).toBeGreaterThan(10)
  })

  test.each(CELLS)('$kind $state: $operation ($event) -> $after', async (one) => {
    const { kind, state, event, after, call } = one
    const on = await stage(kind, state, isImported(kind, state, event))
    expect(await stateOf(kind, on)).toBe(state)
    const expected = after === 'previous' ? PREVIOUS[kind] : after
    expect(await cell(kind, call, on)).toBe(expected)
    await on.room.close()
  })
})

describe(`windows: ${WINDOWS.clause}`, () => {
  test.each(WINDOWS.rows)('$aheadMs ms ahead: $accepted', async ({ aheadMs, accepted }) => {
    const { room, clock, vaultId, keyId, versionId } = await stage('vault', 'active', false)
    await room.createKeyVersion({ keyId })
    const deletionAt = new Date(clock.now() + aheadMs)
    const calls = [
      () => room.scheduleKeyVersionDeletion({ keyId, versionId, deletionAt }),
      () => room.scheduleKeyDeletion({ keyId, deletionAt }),
      () => room.scheduleVaultDeletion({ vaultId, deletionAt }),
    ]
    for (const call of calls) {
      const result = await call().then(
        (answer) => answer.deletionAt,
        (error: unknown) => (error instanceof StrongroomError ? error.code : error),
      )
      expect(result).toEqual(accepted ? deletionAt : 'INVALID_ARGUMENT')
    }
    await room.close()
  })

  test('the default', async () => {
    const { room, clock, vaultId, keyId, versionId } = await stage('vault', 'active', false)
    await room.createKeyVersion({ keyId })
    const expected = new Date(clock.now() + WINDOWS.defaultMs)
    const version = await room.scheduleKeyVersionDeletion({ keyId, versionId })
    expect(version.deletionAt).toEqual(expected)
    expect((await room.scheduleKeyDeletion({ keyId })).deletionAt).toEqual(expected)
    expect((await room.scheduleVaultDeletion({ vaultId })).deletionAt).toEqual(expected)
    await room.close()
  })
})

describe('stories', () => {
  test.each(STORIES)('$title ($clause)', async ({ lines }) => {
    await tell(lines, new VirtualClock())
  })
})
