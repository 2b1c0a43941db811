/** Key stores go along to replicas, with what opens them; into backups they do not. */
import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { complaints } from '../engine/audit.ts'
import { codeOf } from '../engine/support.ts'
import { collected } from '../engine/backup-support.ts'
import { sealingLink } from '../helpers/sealing-link.ts'
import { followed, pair, PLAINTEXT } from './pair.ts'

/** A vault with a key of a connected key store, which both rooms can reach. */
async function linkedPair() {
  const both = await pair()
  const { us, eu } = both
  const link = sealingLink()
  for (const room of [us, eu]) room.linkKeyStores('EXTERNAL', link)
  const { id: vaultId } = await us.createVault({ displayName: 'v' })
  const store = { vaultId, name: 'theirs', type: 'EXTERNAL', settings: { at: 'theirs' } } as const
  const { id: keyStoreId } = await us.createKeyStore({ ...store, secret: utf8('s3cret') })
  const ref = { vaultId, keyStoreId }
  await us.connectKeyStore(ref)
  const key = { vaultId, displayName: 'k', spec: 'AES_256' } as const
  const { id: keyId } = await us.createKey({ ...key, keyStore: { id: keyStoreId, keyId: 'k1' } })
  return { ...both, link, ref, keyId }
}

test('a replica uses the key store, and follows its connection', async () => {
  const { us, eu, link, ref, keyId, stores } = await linkedPair()
  const { vaultId } = ref
  const { ciphertext } = await us.encrypt({ keyId, plaintext: PLAINTEXT })
  await us.createVaultReplica({ vaultId, region: 'eu' })
  expect(await followed(eu, vaultId)).toMatchObject({ snapshot: true })
  expect(await eu.getKeyStore(ref)).toEqual(await us.getKeyStore(ref))
  expect((await eu.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
  expect(link.calls.at(-1)?.secret).toBe('s3cret')
  await us.updateKeyStore({ ...ref, secret: utf8('newer'), whileConnected: true })
  await followed(eu, vaultId)
  await eu.encrypt({ keyId, plaintext: PLAINTEXT })
  expect(link.calls.at(-1)?.secret).toBe('newer')
  await us.disconnectKeyStore(ref)
  await followed(eu, vaultId)
  expect((await eu.getKey({ keyId })).state).toBe('unavailable')
  expect(await codeOf(eu.decrypt({ ciphertext }))).toBe('INVALID_STATE')
  expect(await codeOf(eu.connectKeyStore(ref))).toBe('READ_ONLY_REPLICA')
  expect(await complaints(stores.eu)).toEqual([])
  expect((await eu.verify()).finding).toBeUndefined()
})

test('a restored key waits for a key store that is not there', async () => {
  const { us, eu, ref } = await linkedPair()
  const { blob } = await us.backupVault({ vaultId: ref.vaultId, includeKeys: true })
  const { id: vaultId } = await eu.restoreVault({ blob: await collected(blob!) })
  const { items } = await eu.listKeys({ vaultId })
  expect(items.map(({ state, keyStore }) => [state, keyStore])).toEqual([
    ['unavailable', { id: ref.keyStoreId, keyId: 'k1' }],
  ])
  expect((await eu.listKeyStores({ vaultId })).items).toEqual([])
  expect(await codeOf(eu.encrypt({ keyId: items[0]!.id, plaintext: PLAINTEXT }))).toBe(
    'INVALID_STATE',
  )
})
