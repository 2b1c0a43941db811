/** A replica: the same vault in another room, as far as it has followed (contracts: OCI 10). */
import { describe, expect, test } from 'vitest'
import { codeOf, rowsOf } from '../engine/support.ts'
import { complaints } from '../engine/audit.ts'
import { followed, furnished, PLAINTEXT } from './pair.ts'

describe('a new replica', () => {
  test('is built from a snapshot, has the same ids and opens what the primary sealed', async () => {
    const { us, eu, vaultId, keyId, ciphertext, stores } = await furnished()
    expect(await followed(eu, vaultId)).toMatchObject({ snapshot: true })
    expect((await eu.getVault({ vaultId })).role).toBe('replica')
    expect(await eu.getKey({ keyId })).toEqual(await us.getKey({ keyId }))
    expect((await eu.getKey({ keyId: 'alias/a' })).id).toBe(keyId)
    expect((await eu.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
    const back = await eu.encrypt({ keyId, plaintext: PLAINTEXT })
    expect((await us.decrypt(back)).plaintext).toEqual(PLAINTEXT)
    expect(await complaints(stores.eu)).toEqual([])
    expect((await eu.verify()).finding).toBeUndefined()
    expect((await us.verify()).finding).toBeUndefined()
  })

  test('follows every change, and the same chain', async () => {
    const { us, eu, vaultId, keyId, clock } = await furnished()
    await followed(eu, vaultId)
    await us.createKeyVersion({ keyId })
    const second = await us.createKey({ vaultId, displayName: 'b', spec: 'HMAC_256' })
    await us.disableKey({ keyId })
    expect((await followed(eu, vaultId)).applied).toBeGreaterThan(2)
    expect(await codeOf(eu.encrypt({ keyId, plaintext: PLAINTEXT }))).toBe('INVALID_STATE')
    const message = PLAINTEXT
    const { mac } = await us.generateMac({ keyId: second.id, message })
    expect((await eu.verifyMac({ keyId: second.id, message, mac })).valid).toBe(true)
    await us.enableKey({ keyId })
    clock.advance({ days: 1 })
    await followed(eu, vaultId)
    const sealed = await us.encrypt({ keyId, plaintext: PLAINTEXT })
    expect((await eu.decrypt(sealed)).plaintext).toEqual(PLAINTEXT)
    const [theirs] = await eu
      .journal({ vaultId })
      [Symbol.asyncIterator]()
      .next()
      .then((one) => [one])
    expect(theirs!.done).toBe(false)
    expect((await eu.verify()).finding).toBeUndefined()
  })

  test('refuses changes, and says where to make them', async () => {
    const { eu, vaultId, keyId } = await furnished()
    await followed(eu, vaultId)
    expect(await codeOf(eu.disableKey({ keyId }))).toBe('READ_ONLY_REPLICA')
    expect(await codeOf(eu.createKey({ vaultId, displayName: 'c', spec: 'AES_256' }))).toBe(
      'READ_ONLY_REPLICA',
    )
    expect(await codeOf(eu.updateVault({ vaultId, displayName: 'x' }))).toBe('READ_ONLY_REPLICA')
  })
})

describe('destruction', () => {
  test('reaches the replica, and its older images', async () => {
    const { us, eu, vaultId, keyId, ciphertext, stores } = await furnished()
    await followed(eu, vaultId)
    const { id: other } = await us.createKey({ vaultId, displayName: 'b', spec: 'AES_256' })
    const living = await us.encrypt({ keyId: other, plaintext: PLAINTEXT })
    await us.destroyKey({ keyId })
    await followed(eu, vaultId)
    expect(await codeOf(eu.decrypt({ ciphertext }))).toBe('INVALID_STATE')
    expect((await eu.decrypt(living)).plaintext).toEqual(PLAINTEXT)
    expect((await rowsOf(stores.eu)).length).toBeGreaterThan(0)
    expect((await eu.verify()).finding).toBeUndefined()
    expect(await complaints(stores.eu)).toEqual([])
  })

  test('of the replica itself leaves nothing of the vault', async () => {
    const { us, eu, vaultId, keyId } = await furnished()
    await followed(eu, vaultId)
    await us.deleteVaultReplica({ vaultId, region: 'eu' })
    expect((await us.listVaultReplicas({ vaultId })).items[0]!.status).toBe('DELETING')
    expect(await followed(eu, vaultId)).toMatchObject({ dropped: true })
    expect((await us.listVaultReplicas({ vaultId })).items).toEqual([])
    expect(await codeOf(eu.getKey({ keyId }))).toBe('NOT_FOUND')
    expect(await codeOf(eu.getVault({ vaultId }))).toBe('NOT_FOUND')
    expect((await eu.verify()).finding).toBeUndefined()
    await us.createVaultReplica({ vaultId, region: 'eu' })
    expect(await followed(eu, vaultId)).toMatchObject({ snapshot: true })
    expect((await eu.getKey({ keyId })).id).toBe(keyId)
  })
})

describe('promotion', () => {
  test('loses nothing, and the former primary follows', async () => {
    const { us, eu, vaultId, keyId } = await furnished()
    await followed(eu, vaultId)
    await us.tagKey({ keyId, tags: { last: 'write' } })
    const vault = await eu.promoteVaultReplica({ vaultId })
    expect(vault.role).toBe('primary')
    expect((await eu.getKey({ keyId })).tags).toEqual({ last: 'write' })
    expect(await codeOf(us.disableKey({ keyId }))).toBe('READ_ONLY_REPLICA')
    await eu.disableKey({ keyId })
    await followed(us, vaultId)
    expect((await us.getKey({ keyId })).state).toBe('disabled')
    expect((await eu.listVaultReplicas({ vaultId })).items).toMatchObject([
      { region: 'us', status: 'CREATED' },
    ])
    expect((await us.verify()).finding).toBeUndefined()
    expect((await eu.verify()).finding).toBeUndefined()
    await us.promoteVaultReplica({ vaultId })
    await us.enableKey({ keyId })
    await followed(eu, vaultId)
    expect((await eu.getKey({ keyId })).state).toBe('enabled')
  })
})
