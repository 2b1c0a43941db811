/** Where a vault was made stays with it: at replicas, whoever leads, and through backups. */
import { expect, test } from 'vitest'
import { collected } from '../engine/backup-support.ts'
import { another, followed, pair } from './pair.ts'

test('a replica says where its vault was made, also once it leads', async () => {
  const { us, eu } = await pair()
  const made = await us.createVault({ displayName: 'shop' })
  expect(made).toMatchObject({ homeRegion: 'us' })
  const { id: vaultId } = made
  await us.createVaultReplica({ vaultId, region: 'eu' })
  await followed(eu, vaultId)
  expect(await eu.getVault({ vaultId })).toMatchObject({ role: 'replica', homeRegion: 'us' })
  await eu.promoteVaultReplica({ vaultId })
  expect(await eu.getVault({ vaultId })).toMatchObject({ role: 'primary', homeRegion: 'us' })
})

test('what is restored was made where it came back under new ids, and says where it was before', async () => {
  const { us, eu, clock } = await pair()
  const { id: vaultId } = await us.createVault({ displayName: 'shop' })
  const { blob } = await us.backupVault({ vaultId })
  const bytes = await collected(blob!)
  const there = await eu.restoreVault({ blob: bytes })
  expect(there).toMatchObject({ homeRegion: 'eu', restoredFromRegion: 'us', restoredFrom: vaultId })
  const { room } = await another(us, 'us', clock)
  const back = await room.restoreVault({ blob: bytes })
  expect(back).toMatchObject({ id: vaultId, homeRegion: 'us', restoredFromRegion: 'us' })
})
