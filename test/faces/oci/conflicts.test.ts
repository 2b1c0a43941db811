/** What a request meets: states, etags, tokens of other requests (contracts: OCI 2.2, 2.3, 5). */
import { beforeAll, describe, expect, test } from 'vitest'
import type { models } from 'oci-keymanagement'
import { AES, COMPARTMENT, DAY_MS, refusal, word, onEachWay } from './world.ts'
import type { Furnished, World } from './world.ts'

onEachWay(({ world }) => {
  let w: World
  let v: Furnished
  let key: models.Key
  beforeAll(async () => {
    w = await world()
    v = await w.furnished()
    key = await v.key()
  })

  const HIDDEN = '404 NotAuthorizedOrNotFound'
  const soon = (days: number) => new Date(w.clock.now() + days * DAY_MS)
  const schedule = (timeOfDeletion?: Date) => ({
    scheduleKeyDeletionDetails: timeOfDeletion ? { timeOfDeletion } : {},
  })
  const encrypt = (details: object) =>
    v.crypto.encrypt({ encryptDataDetails: { keyId: key.id, plaintext: 'eA==', ...details } })

  interface Case {
    readonly what: string
    readonly call: () => Promise<string>
    readonly gives: string
  }
  const refused = (what: string, gives: string, call: () => Promise<unknown>): Case => ({
    what,
    gives,
    call: () => refusal(call()),
  })

  describe('states', () => {
    const incorrect = (what: string, call: () => Promise<unknown>) =>
      refused(what, '409 IncorrectState', call)
    const disabled = async () => {
      const { id: keyId } = await v.key()
      await v.keys.disableKey({ keyId })
      return { keyId }
    }
    const leaving = async () => {
      const { id: keyId } = await v.key()
      await v.keys.scheduleKeyDeletion({ keyId, ...schedule() })
      return { keyId }
    }
    const updateKeyDetails = { displayName: 'x' }
    test.each<Case>([
      incorrect('enable what is enabled', () => v.keys.enableKey({ keyId: key.id })),
      incorrect('disable what is disabled', async () => v.keys.disableKey(await disabled())),
      incorrect('update what is disabled', async () =>
        v.keys.updateKey({ ...(await disabled()), updateKeyDetails }),
      ),
      incorrect('rotate what is disabled', async () => v.keys.createKeyVersion(await disabled())),
      incorrect('encrypt with what is disabled', async () => encrypt(await disabled())),
      incorrect('encrypt with what is leaving', async () => encrypt(await leaving())),
      incorrect('enable what is leaving', async () => v.keys.enableKey(await leaving())),
      incorrect('cancel what is not leaving', () => v.keys.cancelKeyDeletion({ keyId: key.id })),
      incorrect('change what was deleted', async () => {
        const { keyId } = await leaving()
        w.clock.advance({ days: 31 })
        return v.keys.disableKey({ keyId })
      }),
      refused('use what was deleted', HIDDEN, async () => {
        const { keyId } = await leaving()
        w.clock.advance({ days: 31 })
        return encrypt({ keyId })
      }),
      refused('the current version leaving', '409 Conflict', () =>
        v.keys.scheduleKeyVersionDeletion({
          keyId: key.id,
          keyVersionId: key.currentKeyVersion,
          scheduleKeyVersionDeletionDetails: {},
        }),
      ),
      refused('another replica', '409 Conflict', async () => {
        const { id: vaultId } = await w.vault()
        const to = (replicaRegion: string) =>
          w.vaults.createVaultReplica({ vaultId, createVaultReplicaDetails: { replicaRegion } })
        await to('eu-zurich-1')
        await to('eu-zurich-1')
        return to('eu-paris-1')
      }),
      refused('a replica at home', '400 InvalidParameter', () =>
        w.vaults.createVaultReplica({
          vaultId: v.vault.id,
          createVaultReplicaDetails: { replicaRegion: w.room.region },
        }),
      ),
      refused('gone in 6 days', '400 InvalidParameter', () =>
        v.keys.scheduleKeyDeletion({ keyId: key.id, ...schedule(soon(6)) }),
      ),
      refused('gone in 31 days', '400 InvalidParameter', () =>
        v.keys.scheduleKeyDeletion({ keyId: key.id, ...schedule(soon(31)) }),
      ),
      refused('the wrapping key disabled', '400 InvalidParameter', () =>
        v.keys.disableKey({ keyId: v.vault.wrappingkeyId }),
      ),
    ])('$what', async ({ call, gives }) => {
      expect(await call()).toBe(gives)
    })
  })

  describe('etags', () => {
    test('a stale one is refused, before the state is looked at', async () => {
      const { id: keyId } = await v.key()
      const { etag } = await v.keys.getKey({ keyId })
      await v.keys.disableKey({ keyId, ifMatch: etag })
      expect(await refusal(v.keys.disableKey({ keyId, ifMatch: etag }))).toBe('412 NoEtagMatch')
      expect(await refusal(v.keys.disableKey({ keyId }))).toBe('409 IncorrectState')
    })

    test('any, and one in quotes', async () => {
      const { id: keyId } = await v.key()
      const { etag } = await v.keys.disableKey({ keyId, ifMatch: '*' })
      await v.keys.enableKey({ keyId, ifMatch: `"${etag}"` })
      const { keyVersion, etag: before } = await v.keys.createKeyVersion({ keyId })
      const version = { keyId, keyVersionId: keyVersion.id }
      await v.keys.createKeyVersion({ keyId })
      const request = { ...version, scheduleKeyVersionDeletionDetails: {} }
      const stale = v.keys.scheduleKeyVersionDeletion({ ...request, ifMatch: before })
      expect(await refusal(stale)).toBe('412 NoEtagMatch')
      const { etag: now } = await v.keys.getKeyVersion(version)
      await v.keys.scheduleKeyVersionDeletion({ ...request, ifMatch: now })
    })
  })

  describe('retry tokens', () => {
    const createKeyDetails = { compartmentId: COMPARTMENT, displayName: 'once', keyShape: AES }

    test('the same request has the same answer for 24 hours', async () => {
      const request = { createKeyDetails, opcRetryToken: 'one' }
      const first = await v.keys.createKey(request)
      w.clock.advance({ hours: 23 })
      const again = await v.keys.createKey({ ...request, opcRequestId: 'another' })
      expect(again.key).toEqual(first.key)
      expect(again.etag).toBe(first.etag)
      w.clock.advance({ hours: 1 })
      expect((await v.keys.createKey(request)).key.id).not.toBe(first.key.id)
    })

    test('another request under the same token is refused', async () => {
      await v.keys.createKey({ createKeyDetails, opcRetryToken: 'two' })
      const other = { ...createKeyDetails, displayName: 'twice' }
      const call = v.keys.createKey({ createKeyDetails: other, opcRetryToken: 'two' })
      expect(await refusal(call)).toBe('409 InvalidatedRetryToken')
    })

    test('a token counts for one path, and a refusal is not remembered', async () => {
      const opcRetryToken = 'three'
      const { id: keyId } = await v.key()
      await v.keys.disableKey({ keyId, opcRetryToken })
      await v.keys.enableKey({ keyId, opcRetryToken })
      expect((await v.keys.disableKey({ keyId, opcRetryToken })).key.lifecycleState).toBe(
        'DISABLED',
      )
      const other = await v.key()
      const refusing = { keyId: other.id, opcRetryToken: 'four' }
      expect(await refusal(v.keys.enableKey(refusing))).toBe('409 IncorrectState')
      await v.keys.disableKey({ keyId: other.id })
      expect((await v.keys.enableKey(refusing)).key.lifecycleState).toBe('ENABLED')
    })

    test('vaults are made once too', async () => {
      const request = { ...createKeyDetails, vaultType: word('DEFAULT') }
      const details = { compartmentId: COMPARTMENT, displayName: 'v', vaultType: request.vaultType }
      const make = () =>
        w.vaults.createVault({ createVaultDetails: details, opcRetryToken: 'five' })
      expect((await make()).vault.id).toBe((await make()).vault.id)
    })
  })
})
