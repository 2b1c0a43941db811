/** Words of the core that faces need: one commit for what one request changes, lists asked with ids. */
import { expect, test } from 'vitest'
import { roomLink, Strongroom, VirtualClock } from '../../src/index.ts'
import { codeOf, stage } from './support.ts'

test('a page follows whatever the requests are called', async () => {
  const { room, vaultId } = await stage()
  for (const displayName of ['a', 'b', 'c'])
    await room.createKey({ vaultId, displayName, spec: 'AES_256' })
  const first = await room.listKeys({ vaultId, limit: 2, requestId: 'first' })
  const rest = await room.listKeys({ vaultId, requestId: 'second', pageToken: first.nextPage! })
  expect(rest.items.map(({ displayName }) => displayName)).toEqual(['a'])
})

test('updateKey changes the rotation policy in the same commit, or ends it', async () => {
  const { room, vaultId, clock } = await stage()
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
  const { sequence } = room.head()
  const rotation = { everyDays: 90 }
  const key = await room.updateKey({ keyId, displayName: 'b', rotation })
  expect(room.head().sequence).toBe(sequence + 1n)
  expect(key).toMatchObject({ displayName: 'b', rotation: { everyDays: 90, enabled: true } })
  clock.advance({ days: 90 })
  expect((await room.listKeyVersions({ keyId })).items).toHaveLength(2)

  const refused = room.updateKey({ keyId, displayName: 'c', rotation: {} })
  expect(await codeOf(refused)).toBe('INVALID_ARGUMENT')
  expect((await room.getKey({ keyId })).displayName).toBe('b')
  expect((await room.updateKey({ keyId, rotation: null })).rotation).toBeUndefined()
})

test('a list of keys without those that are deleted has full pages', async () => {
  const { room, vaultId, clock } = await stage()
  const ids: string[] = []
  for (let i = 0; i < 9; i++)
    ids.push((await room.createKey({ vaultId, displayName: `${i}`, spec: 'AES_256' })).id)
  await room.destroyKey({ keyId: ids[0]! })
  await room.destroyKey({ keyId: ids[4]! })
  await room.scheduleKeyDeletion({ keyId: ids[2]! })
  const query = { vaultId, sortOrder: 'ASC', withDeleted: false, limit: 4 } as const
  const first = await room.listKeys(query)
  expect(first.items.map(({ id }) => id)).toEqual([1, 2, 3, 5].map((i) => ids[i]))
  clock.advance({ days: 30 })
  const rest = await room.listKeys({ ...query, pageToken: first.nextPage! })
  expect(rest.items.map(({ id }) => id)).toEqual([6, 7, 8].map((i) => ids[i]))
  expect(rest.nextPage).toBeUndefined()
  expect((await room.listKeys({ ...query, limit: 9 })).items).toHaveLength(6)
  expect((await room.listKeys({ vaultId })).items).toHaveLength(9)
})

test('an alias is refused to a key that has too many, whether it is new or led elsewhere', async () => {
  const { room, vaultId } = await stage()
  const make = async (displayName: string) =>
    (await room.createKey({ vaultId, displayName, spec: 'AES_256' })).id
  const [full, other] = [await make('full'), await make('other')]
  for (const name of ['alias/a', 'alias/b']) await room.createAlias({ keyId: full, name })
  await room.createAlias({ keyId: other, name: 'alias/c' })
  const limited = { keyId: full, perKeyMax: 2 }
  const made = room.createAlias({ ...limited, name: 'alias/d' })
  expect(await codeOf(made)).toBe('LIMIT_EXCEEDED')
  const led = room.updateAlias({ ...limited, name: 'alias/c' })
  expect(await codeOf(led)).toBe('LIMIT_EXCEEDED')
  expect((await room.updateAlias({ ...limited, name: 'alias/a' })).keyId).toBe(full)
  expect((await room.updateAlias({ ...limited, perKeyMax: 3, name: 'alias/c' })).keyId).toBe(full)
})

test('tags are refused beyond the number that the caller allows', async () => {
  const { room, vaultId } = await stage()
  const tags = { a: '1', b: '2' }
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256', tags })
  const third = room.tagKey({ keyId, tags: { c: '3' }, tagsMax: 2 })
  expect(await codeOf(third)).toBe('LIMIT_EXCEEDED')
  expect((await room.tagKey({ keyId, tags: { b: '3' }, tagsMax: 2 })).tags).toEqual({
    a: '1',
    b: '3',
  })
})

test('a room tells the time of its clock', async () => {
  const { room, clock } = await stage()
  clock.advance({ days: 3 })
  expect(room.now().getTime()).toBe(clock.now())
})

test('a replica that is known to stand somewhere is given up under a retry token', async () => {
  const clock = new VirtualClock()
  const us = await Strongroom.open({ region: 'us', clock })
  const eu = await Strongroom.open({ region: 'eu', clock, realm: us })
  eu.linkRegion('us', roomLink(us))
  const { id: vaultId } = await us.createVault({ displayName: 'shop' })
  await us.createVaultReplica({ vaultId, region: 'eu', retryToken: 'a' })
  await eu.replicate()
  expect((await us.listVaultReplicas({ vaultId })).items[0]!.sequence).toBeTypeOf('bigint')
  const again = await us.createVaultReplica({ vaultId, region: 'eu', retryToken: 'b' })
  expect(again.status).toBe('CREATED')
  const request = { vaultId, region: 'eu', retryToken: 'c' }
  const leaving = await us.deleteVaultReplica(request)
  expect(leaving.status).toBe('DELETING')
  expect(await us.deleteVaultReplica(request)).toEqual(leaving)
  await Promise.all([us.close(), eu.close()])
})

test('a request with an id takes the same path, and the audit of uses has the id', async () => {
  const { room, vaultId } = await stage(undefined, { audit: 'all' })
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
  const plaintext = new Uint8Array(1)
  for (const requestId of ['first', 'second', 'third'])
    await room.encrypt({ keyId, plaintext, requestId })
  expect(await codeOf(room.encrypt({ keyId, plaintext, requestId: '' }))).toBe('INVALID_ARGUMENT')
  const tooLong = 'x'.repeat(257)
  const long = room.encrypt({ keyId, plaintext, requestId: tooLong })
  expect(await codeOf(long)).toBe('INVALID_ARGUMENT')
  const seen: (string | undefined)[] = []
  for await (const { uses = [] } of room.journal({ vaultId }))
    seen.push(...uses.map(({ requestId }) => requestId))
  expect(seen).toEqual(['first', 'second', 'third'])
})

test('a ciphertext says in clear which key it is of, as far as that is here', async () => {
  const { room, vaultId } = await stage()
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
  const plaintext = new Uint8Array(3)
  const { ciphertext, versionId } = await room.encrypt({ keyId, plaintext })
  const named = { versionId, keyId, vaultId }
  expect(await room.identifyCiphertext({ ciphertext })).toEqual(named)
  expect(await room.identifyCiphertext({ ciphertext, vaultId })).toEqual(named)
  const { id: elsewhere } = await room.createVault({ displayName: 'elsewhere' })
  const unknown = await room.identifyCiphertext({ ciphertext, vaultId: elsewhere })
  expect(unknown).toEqual({ versionId })
  const foreign = await stage()
  expect(await foreign.room.identifyCiphertext({ ciphertext })).toEqual({ versionId })
  const garbage = new Uint8Array(80).fill(9)
  expect(await room.identifyCiphertext({ ciphertext: garbage })).toBeUndefined()
})

test('what may not be done is explained with the code that it would end with', async () => {
  const { room, vaultId } = await stage()
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
  expect(await room.explain({ operation: 'encrypt', keyId })).toEqual({ allowed: true })
  await room.disableKey({ keyId })
  expect(await room.explain({ operation: 'encrypt', keyId })).toMatchObject({
    allowed: false,
    code: 'INVALID_STATE',
    explain: { rule: 'key.state', found: 'disabled' },
  })
})

test('the source of a re-encryption is looked for in the vault that is named for it', async () => {
  const { room, vaultId: sourceVaultId } = await stage()
  const { id: vaultId } = await room.createVault({ displayName: 'elsewhere' })
  const key = async (vaultId: string) =>
    (await room.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })).id
  const [sourceKeyId, keyId] = [await key(sourceVaultId), await key(vaultId)]
  const { ciphertext } = await room.encrypt({ keyId: sourceKeyId, plaintext: new Uint8Array(3) })
  const asked = { ciphertext, keyId, vaultId }
  expect(await room.reEncrypt({ ...asked, sourceVaultId })).toMatchObject({ sourceKeyId, keyId })
  const lost = room.reEncrypt({ ...asked, sourceVaultId: vaultId })
  expect(await codeOf(lost)).toBe('INVALID_CIPHERTEXT')
})

test('a vault is backed up with the keys of one protection mode, and what hangs on them', async () => {
  const { room, vaultId } = await stage()
  const make = async (protectionMode: 'HSM' | 'SOFTWARE') => {
    const asked = { vaultId, displayName: protectionMode, spec: 'AES_256', protectionMode } as const
    const { id } = await room.createKey(asked)
    await room.createAlias({ keyId: id, name: `alias/${protectionMode}` })
    return id
  }
  const [hsm] = [await make('HSM'), await make('SOFTWARE')]
  const backedUp = { vaultId, includeKeys: true, protectionMode: 'HSM' } as const
  const { blob } = await room.backupVault(backedUp)
  const other = await Strongroom.open({ realm: room })
  await other.restoreVault({ blob: blob! })
  expect((await other.listKeys({ vaultId })).items.map(({ id }) => id)).toEqual([hsm])
  const { items } = await other.listAliases({ vaultId })
  expect(items.map(({ name }) => name)).toEqual(['alias/HSM'])
  expect((await other.verify()).ok).toBe(true)
  const bad = { ...backedUp, protectionMode: 'PAPER' as never }
  expect(await codeOf(room.backupVault(bad))).toBe('INVALID_ARGUMENT')
  await other.close()
})
