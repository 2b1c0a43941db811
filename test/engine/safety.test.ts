/** What makes writes safe to repeat and to race: etags for every mutable resource, retry tokens for every write. */
import { beforeAll, describe, expect, test } from 'vitest'
import { call } from '../adversary/entries.ts'
import { INPUTS, openWorld, type World } from '../adversary/world.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { OPERATIONS } from '../../src/domain/operations.ts'
import type { OperationName } from '../../src/engine/api.ts'
import { SCHEMA_FIELDS } from '../../src/engine/schemas.ts'
import { codeOf, imageOf, stage } from './support.ts'

/** What an input of any write may name. */
interface Named {
  readonly vaultId?: string
  readonly keyId?: string
  readonly versionId?: string
  readonly name?: string
  readonly keyStoreId?: string
}
const WRITES = (Object.keys(OPERATIONS) as OperationName[]).filter(
  (operation) => 'retryToken' in SCHEMA_FIELDS[operation],
)
/** Something new has no etag yet that could be matched. */
const NEW = ['createVault', 'createKey', 'createAlias', 'createKeyStore', 'importKey']
const ALIASES = ['updateAlias', 'deleteAlias']

interface Takes {
  readonly ifMatch?: boolean
  readonly retryToken?: boolean
}
const SILENT: Takes = { ifMatch: false, retryToken: false }
const UNUSUAL: Readonly<Partial<Record<OperationName, Takes>>> = {
  // What these write is neither seen nor chosen by the caller: repeating them is safe by itself.
  getWrappingKey: SILENT,
  getImportParameters: SILENT,
  // Whoever leads already stays so.
  promoteVaultReplica: SILENT,
  // What they bring may not be there yet.
  restoreKey: { ifMatch: false },
  restoreVault: { ifMatch: false },
  // A copy of what the caller saw.
  backupKey: { ifMatch: true },
  backupVault: { ifMatch: true },
}

test('every write takes both, and nothing else does', () => {
  for (const operation of Object.keys(OPERATIONS) as OperationName[]) {
    const fields = SCHEMA_FIELDS[operation]
    const { writes } = OPERATIONS[operation]
    const takes = { ifMatch: 'ifMatch' in fields, retryToken: 'retryToken' in fields }
    const usual = { ifMatch: writes, retryToken: writes }
    expect([operation, takes]).toEqual([operation, { ...usual, ...UNUSUAL[operation] }])
  }
})

const OTHER_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Deny', Principal: '*', Action: 'kms:*', Resource: '*' },
})

describe('etags', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld()
    return () => world.room.close()
  })

  /** The etag of what an input is about, as a reader sees it. */
  async function etagOf(operation: OperationName, input: Named): Promise<string> {
    const { room, vaultId: home } = world
    const { vaultId = home, keyId, versionId, name, keyStoreId } = input
    if (keyStoreId !== undefined) return (await room.getKeyStore({ vaultId, keyStoreId })).etag
    if (ALIASES.includes(operation)) {
      const { items } = await room.listAliases({ vaultId, limit: 1000 })
      return items.find((alias) => alias.name === name)!.etag
    }
    if (operation === 'putKeyPolicy') return (await room.getKeyPolicy({ keyId: keyId! })).etag!
    if (versionId !== undefined)
      return (await room.getKeyVersion({ keyId: keyId!, versionId })).etag
    if (keyId !== undefined) return (await room.getKey({ keyId })).etag
    return (await room.getVault({ vaultId })).etag
  }
  /** A change that makes what was read before stale. */
  async function touch(operation: OperationName, input: Named): Promise<void> {
    const { room, vaultId: home } = world
    const { vaultId = home, keyId, versionId, name, keyStoreId } = input
    if (keyStoreId !== undefined) {
      const touched = `touched before ${operation}`
      await room.updateKeyStore({ vaultId, keyStoreId, name: touched, whileConnected: true })
    } else if (operation === 'putKeyPolicy') {
      await room.putKeyPolicy({ keyId: keyId!, policy: OTHER_POLICY })
    } else if (ALIASES.includes(operation)) {
      const alias = (await room.listAliases({ vaultId })).items.find((one) => one.name === name)
      await room.updateAlias({ keyId: alias!.keyId, vaultId, name: name! })
    } else if (versionId !== undefined) {
      const version = { keyId: keyId!, versionId }
      if ((await room.getKeyVersion(version)).state === 'pendingDeletion') {
        await room.cancelKeyVersionDeletion(version)
        await room.scheduleKeyVersionDeletion(version)
      } else await room.updateKeyVersion({ ...version, tags: { touched: 'yes' } })
    } else if (keyId !== undefined) {
      if ((await room.getKey({ keyId })).state === 'pendingDeletion') {
        await room.cancelKeyDeletion({ keyId })
        await room.scheduleKeyDeletion({ keyId })
      } else await room.tagKey({ keyId, tags: { touched: 'yes' } })
    } else if ((await room.getVault({ vaultId })).state === 'pendingDeletion') {
      await room.cancelVaultDeletion({ vaultId })
      await room.scheduleVaultDeletion({ vaultId })
    } else await room.updateVault({ vaultId, tags: { touched: 'yes' } })
  }

  const CHANGES = WRITES.filter(
    (operation) => !NEW.includes(operation) && 'ifMatch' in SCHEMA_FIELDS[operation],
  )
  test.each(CHANGES)('%s: a stale one changes nothing, the newest one does', async (operation) => {
    const { ifMatch: _, ...input } = (await INPUTS[operation](world)) as Named & {
      ifMatch?: string
    }
    const stale = await etagOf(operation, input)
    await touch(operation, input)
    const before = await imageOf(world.store)
    for (const ifMatch of [stale, 'another'])
      expect(await codeOf(call(world, operation, { ...input, ifMatch }))).toBe('ETAG_MISMATCH')
    expect(await imageOf(world.store)).toBe(before)
    const ifMatch = await etagOf(operation, input)
    expect(ifMatch).not.toBe(stale)
    expect(await codeOf(call(world, operation, { ...input, ifMatch }))).toBe('ok')
  })

  test('an asterisk matches whatever exists', async () => {
    const { room, aes } = world
    expect(await codeOf(room.updateKey({ keyId: aes.id, ifMatch: '*' }))).toBe('ok')
    const keyId = '00000000-0000-4000-8000-000000000000'
    expect(await codeOf(room.updateKey({ keyId, ifMatch: '*' }))).toBe('NOT_FOUND')
  })

  test('time changes them where it changes what they stand for', async () => {
    const { room, clock, vaultId } = await stage()
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
    const { etag } = await room.scheduleKeyDeletion({ keyId })
    expect((await room.getKey({ keyId })).etag).toBe(etag)
    clock.advance({ days: 30 })
    const gone = await room.getKey({ keyId })
    expect(gone.state).toBe('deleted')
    expect(gone.etag).not.toBe(etag)
    await room.close()
  })
})

describe('retry tokens', () => {
  const token = (operation: string): { retryToken: string } => ({
    retryToken: `token ${operation}`,
  })
  let world: World
  beforeAll(async () => {
    world = await openWorld()
    return () => world.room.close()
  })

  test.each(WRITES)('%s: done once, answered twice', async (operation) => {
    const { ifMatch: _, ...plain } = (await INPUTS[operation](world)) as Named & {
      ifMatch?: string
    }
    const input = { ...plain, ...token(operation) }
    const first = await call(world, operation, input)
    const image = await imageOf(world.store)
    expect(await call(world, operation, { ...input })).toEqual(first)
    // The order of members is not part of a request.
    const turned = Object.fromEntries(Object.entries(input).reverse())
    expect(await call(world, operation, turned)).toEqual(first)
    const other = { ...input, principal: 'owner' }
    expect(await codeOf(call(world, operation, other))).toBe('RETRY_TOKEN_REUSED')
    expect(await imageOf(world.store)).toBe(image)
  })

  test('one token serves one operation of a vault', async () => {
    const { room, vaultId } = await stage()
    const asked = { vaultId, displayName: 'k', spec: 'AES_256', retryToken: 't' } as const
    const { id: keyId } = await room.createKey(asked)
    const calls = [
      room.disableKey({ keyId, retryToken: 't' }),
      room.updateVault({ vaultId, retryToken: 't' }),
      room.createKey({ ...asked, spec: 'AES_128' }),
    ]
    for (const one of calls) expect(await codeOf(one)).toBe('RETRY_TOKEN_REUSED')
    const other = await room.createVault({ displayName: 'another' })
    const elsewhere = await room.createKey({ ...asked, vaultId: other.id })
    expect(elsewhere.id).not.toBe(keyId)
    await room.close()
  })

  test('the first answer stays the answer, whatever happens after', async () => {
    const { room, vaultId, again } = await stage()
    const asked = { vaultId, displayName: 'k', spec: 'EC_P256', retryToken: 't' } as const
    const first = await room.createKey(asked)
    await room.updateKey({ keyId: first.id, displayName: 'renamed' })
    await room.destroyKey({ keyId: first.id })
    expect(await room.createKey(asked)).toEqual(first)
    const reopened = await again()
    expect(await reopened.createKey(asked)).toEqual(first)
    await reopened.close()
  })

  test('a refused request leaves its token unused', async () => {
    const { room, vaultId } = await stage()
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
    expect(await codeOf(room.enableKey({ keyId, retryToken: 't' }))).toBe('INVALID_STATE')
    expect(await codeOf(room.disableKey({ keyId, retryToken: 't' }))).toBe('ok')
    await room.close()
  })

  test.each(['before', 'after'] as const)('end after 24 hours, %s a tick', async (when) => {
    const { room, clock, vaultId } = await stage()
    const key = { vaultId, displayName: 'k', spec: 'AES_256', retryToken: 't' } as const
    const vault = { displayName: 'v', retryToken: 't' }
    const make = async (): Promise<string[]> => [
      (await room.createKey(key)).id,
      (await room.createVault(vault)).id,
    ]
    const first = await make()
    clock.advance({ days: 1, milliseconds: -1 })
    expect(await make()).toEqual(first)
    clock.advance({ milliseconds: 1 })
    if (when === 'after') await room.tick()
    const second = await make()
    for (const [i, id] of second.entries()) expect(id).not.toBe(first[i])
    expect(await make()).toEqual(second)
    expect(await codeOf(room.updateVault({ vaultId, retryToken: 't' }))).toBe('RETRY_TOKEN_REUSED')
    await room.close()
  })

  test('for vaults, n requests at once make one', async () => {
    const { room, again } = await stage()
    const asked = { displayName: 'once', retryToken: 'vault' }
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => room.createVault(asked)))
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect((await room.listVaults({})).items).toHaveLength(2)
    const other = room.createVault({ ...asked, displayName: 'other' })
    await expect(other).rejects.toBeInstanceOf(StrongroomError)
    const reopened = await again()
    expect(await reopened.createVault(asked)).toEqual(answers[0])
    await reopened.close()
  })
})
