/** Policies and grants go where their keys go: restarts, backups, exports, replicas. */
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { LIMITS } from '../../../src/domain/limits.ts'
import { Strongroom } from '../../../src/index.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { pair } from '../../replication/pair.ts'
import { blank, elsewhere, keyBlob, vaultBlob } from '../backup-support.ts'
import { codeOf, lasting, SEAL, stage, type Room } from '../support.ts'
import { allow, ANN, as, BOB, deny, policy, ruleOf } from './support.ts'

const TEXT = policy(allow(ANN, '*'))
const PLAINTEXT = utf8('attack at dawn')

async function guarded(room: Room, vaultId: string) {
  const { id: keyId } = await room.createKey({
    ...{ vaultId, displayName: 'k', spec: 'AES_256', policy: TEXT },
  })
  const { grant, grantToken } = await room.createGrant({
    ...{ keyId, granteePrincipal: BOB, operations: ['Encrypt'] },
  })
  return { keyId, grant, grantToken }
}

/** What is kept, and what comes of it. */
async function expectGuarded(room: Room, { keyId, grant }: Awaited<ReturnType<typeof guarded>>) {
  expect((await room.getKeyPolicy({ keyId })).policy).toBe(TEXT)
  expect((await room.listGrants({ keyId })).items).toEqual([grant])
  const use = (who: string) => ruleOf(room.encrypt({ keyId, plaintext: PLAINTEXT, ...as(who) }))
  expect([await use(ANN), await use(BOB), await use('eve')]).toEqual([
    'ok',
    'ok',
    'keyPolicy.silent',
  ])
  expect(await room.verify()).toMatchObject({ ok: true })
}

test('a restart', async () => {
  const s = await stage()
  const made = await guarded(s.room, s.vaultId)
  const room = await s.again()
  await expectGuarded(room, made)
  expect(await codeOf(room.retireGrant({ grantToken: made.grantToken }))).toBe('ok')
  await room.close()
})

describe('the backup of a key', () => {
  test('brings back both, and the number of grants', async () => {
    const s = await stage()
    const made = await guarded(s.room, s.vaultId)
    const vault = await vaultBlob(s.room, s.vaultId, false)
    const key = await keyBlob(s.room, made.keyId)
    const room = await blank(s.room, s.clock)
    await room.restoreVault({ blob: vault })
    await room.restoreKey({ blob: key })
    await expectGuarded(room, made)
    expect(await codeOf(room.retireGrant({ grantToken: made.grantToken }))).toBe('ok')
    expect((await room.listGrants({ keyId: made.keyId })).items).toEqual([])
    await Promise.all([room.close(), s.room.close()])
  })

  test('brings nothing back that was taken away since', async () => {
    const s = await stage()
    const { keyId, grant } = await guarded(s.room, s.vaultId)
    const blob = await keyBlob(s.room, keyId)
    await s.room.revokeGrant({ keyId, grantId: grant.id })
    await s.room.putKeyPolicy({ keyId, policy: policy(deny(ANN, '*')) })
    await s.room.restoreKey({ blob })
    expect((await s.room.listGrants({ keyId })).items).toEqual([])
    expect(await ruleOf(s.room.encrypt({ keyId, plaintext: PLAINTEXT, ...as(ANN) }))).toBe(
      'keyPolicy.deny',
    )
    await s.room.close()
  })

  test('as a copy has the policy, and no grants', async () => {
    const s = await stage()
    const { keyId } = await guarded(s.room, s.vaultId)
    const blob = await keyBlob(s.room, keyId)
    const copy = await s.room.restoreKey({ blob, newIds: true })
    expect(await s.room.getKeyPolicy({ keyId: copy.id })).toMatchObject({
      keyId: copy.id,
      policy: TEXT,
    })
    expect((await s.room.listGrants({ keyId: copy.id })).items).toEqual([])
    await s.room.close()
  })

  test('with more grants than one commit takes is refused, and names the way out', async () => {
    const limits = LIMITS as { grantsPerKeyBackupMax: number }
    const before = limits.grantsPerKeyBackupMax
    const s = await stage()
    try {
      limits.grantsPerKeyBackupMax = 1
      const { keyId } = await guarded(s.room, s.vaultId)
      expect(await codeOf(s.room.backupKey({ keyId }))).toBe('ok')
      await s.room.createGrant({ keyId, granteePrincipal: ANN, operations: ['Encrypt'] })
      expect(await codeOf(s.room.backupKey({ keyId }))).toBe('LIMIT_EXCEEDED')
    } finally {
      limits.grantsPerKeyBackupMax = before
      await s.room.close()
    }
  })
})

describe('the backup of a vault', () => {
  test('brings back both', async () => {
    const s = await stage()
    const made = await guarded(s.room, s.vaultId)
    const blob = await vaultBlob(s.room, s.vaultId)
    const room = await blank(s.room, s.clock)
    await room.restoreVault({ blob })
    await expectGuarded(room, made)
    await Promise.all([room.close(), s.room.close()])
  })

  test('brings back what went with the vault', async () => {
    const s = await stage()
    const made = await guarded(s.room, s.vaultId)
    const blob = await vaultBlob(s.room, s.vaultId)
    await s.room.scheduleVaultDeletion({ vaultId: s.vaultId })
    s.clock.advance({ days: 31 })
    await s.room.tick()
    await s.room.restoreVault({ blob })
    await expectGuarded(s.room, made)
    await s.room.close()
  })

  test('of many grants', async () => {
    const s = await stage()
    const made = await guarded(s.room, s.vaultId)
    await Promise.all(
      Array.from({ length: 40 }, () =>
        s.room.createGrant({
          ...{ keyId: made.keyId, granteePrincipal: ANN, operations: ['Encrypt'] },
        }),
      ),
    )
    const before = (await s.room.listGrants({ keyId: made.keyId })).items
    const blob = await vaultBlob(s.room, s.vaultId)
    const room = await blank(s.room, s.clock)
    await room.restoreVault({ blob })
    expect((await room.listGrants({ keyId: made.keyId })).items).toEqual(before)
    await Promise.all([room.close(), s.room.close()])
  })

  test('elsewhere makes copies: with policies, without grants', async () => {
    const s = await stage()
    await guarded(s.room, s.vaultId)
    const blob = await vaultBlob(s.room, s.vaultId)
    const room = await elsewhere(s.room, { clock: s.clock })
    const { id: vaultId } = await room.restoreVault({ blob })
    const [copy] = (await room.listKeys({ vaultId })).items
    expect((await room.getKeyPolicy({ keyId: copy!.id })).policy).toBe(TEXT)
    expect((await room.listGrants({ keyId: copy!.id })).items).toEqual([])
    await Promise.all([room.close(), s.room.close()])
  })
})

test('an export of the realm', async () => {
  const s = await stage()
  const made = await guarded(s.room, s.vaultId)
  const room = await Strongroom.importRealm({
    from: s.room.exportRealm({ seal: SEAL }),
    seal: SEAL,
    open: { store: lasting(createMemoryStore()), seal: SEAL, clock: s.clock },
  })
  await expectGuarded(room, made)
  await Promise.all([room.close(), s.room.close()])
})

describe('a replica', () => {
  test('serves by the same rules, also those that change later', async () => {
    const { us, eu } = await pair()
    const { id: vaultId } = await us.createVault({ displayName: 'v' })
    const early = await guarded(us, vaultId)
    await us.createVaultReplica({ vaultId, region: 'eu' })
    await eu.replicate()
    await expectGuarded(eu, early)
    const late = await guarded(us, vaultId)
    await eu.replicate()
    await expectGuarded(eu, late)
    const { keyId, grant } = late
    await us.revokeGrant({ keyId, grantId: grant.id })
    await us.putKeyPolicy({ keyId, policy: policy(deny(ANN, 'Encrypt')) })
    await eu.replicate()
    const use = (who: string) => ruleOf(eu.encrypt({ keyId, plaintext: PLAINTEXT, ...as(who) }))
    expect([await use(ANN), await use(BOB)]).toEqual(['keyPolicy.deny', 'keyPolicy.silent'])
    expect(await codeOf(eu.putKeyPolicy({ keyId, policy: TEXT }))).toBe('READ_ONLY_REPLICA')
    await Promise.all([us.close(), eu.close()])
  })

  test('knows the tokens of its primary', async () => {
    const { us, eu } = await pair()
    const { id: vaultId } = await us.createVault({ displayName: 'v' })
    const { keyId, grantToken } = await guarded(us, vaultId)
    await us.createVaultReplica({ vaultId, region: 'eu' })
    await eu.replicate()
    const asked = { keyId, plaintext: PLAINTEXT, ...as(BOB, { grantTokens: [grantToken] }) }
    expect(await codeOf(eu.encrypt(asked))).toBe('ok')
    await Promise.all([us.close(), eu.close()])
  })
})
