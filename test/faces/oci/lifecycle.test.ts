/** States, windows and cascades, and the states in between (contracts: OCI 5, 6). */
import { FixedTimeDelayStrategy, MaxAttemptsTerminationStrategy } from 'oci-common'
import { models } from 'oci-keymanagement'
import { describe, expect, test } from 'vitest'
import { compartment, DAY_MS, RSA, refusal, word, type World, onEachWay } from './world.ts'

onEachWay(({ world }) => {
  const KeyState = models.Key.LifecycleState
  const VaultState = models.Vault.LifecycleState
  const inDays = (w: World, days: number) => new Date(w.clock.now() + days * DAY_MS)
  const deletion = { scheduleVaultDeletionDetails: {}, scheduleKeyDeletionDetails: {} }

  describe('a vault that goes takes its keys along', () => {
    test('and cancelling brings each back to what it was', async () => {
      const w = await world()
      const { vault, keys, crypto, key } = await w.furnished()
      const [enabled, disabled, leaving] = [await key(), await key(), await key()]
      await keys.disableKey({ keyId: disabled.id })
      const timeOfDeletion = inDays(w, 8)
      const details = { scheduleKeyDeletionDetails: { timeOfDeletion } }
      await keys.scheduleKeyDeletion({ keyId: leaving.id, ...details })
      const scheduled = await w.vaults.scheduleVaultDeletion({ vaultId: vault.id, ...deletion })
      const states = async () =>
        Promise.all(
          [enabled, disabled, leaving].map(async ({ id: keyId }) => {
            const { key: found } = await keys.getKey({ keyId })
            return [found.lifecycleState, found.timeOfDeletion] as const
          }),
        )
      const vaults = scheduled.vault.timeOfDeletion
      const own = timeOfDeletion.toISOString()
      expect(new Date(vaults!)).toEqual(inDays(w, 30))
      expect(await states()).toEqual([
        ['PENDING_DELETION', vaults],
        ['PENDING_DELETION', vaults],
        ['PENDING_DELETION', own],
      ])
      expect(await refusal(keys.cancelKeyDeletion({ keyId: enabled.id }))).toBe(
        '409 IncorrectState',
      )
      const use = { encryptDataDetails: { keyId: enabled.id, plaintext: 'eA==' } }
      expect(await refusal(crypto.encrypt(use))).toBe('409 IncorrectState')
      await w.vaults.cancelVaultDeletion({ vaultId: vault.id })
      expect((await states()).map(([state]) => state)).toEqual([
        'ENABLED',
        'DISABLED',
        'PENDING_DELETION',
      ])
    })

    test('but not before a key that goes later', async () => {
      const w = await world()
      const { vault, keys, key } = await w.furnished()
      const { id: keyId } = await key()
      await keys.scheduleKeyDeletion({ keyId, ...deletion })
      const details = { scheduleVaultDeletionDetails: { timeOfDeletion: inDays(w, 10) } }
      const call = w.vaults.scheduleVaultDeletion({ vaultId: vault.id, ...details })
      expect(await refusal(call)).toBe('409 Conflict')
    })

    test('and all are DELETED when the time has come', async () => {
      const w = await world()
      const { vault, keys, key } = await w.furnished()
      const { id: keyId, currentKeyVersion: keyVersionId } = await key()
      const timeOfDeletion = inDays(w, 7)
      const details = { scheduleVaultDeletionDetails: { timeOfDeletion } }
      await w.vaults.scheduleVaultDeletion({ vaultId: vault.id, ...details })
      w.clock.advance({ days: 7 })
      const gone = { lifecycleState: 'DELETED' }
      expect((await w.vaults.getVault({ vaultId: vault.id })).vault).toMatchObject(gone)
      expect((await keys.getKey({ keyId })).key).toMatchObject(gone)
      expect((await keys.getKeyVersion({ keyId, keyVersionId })).keyVersion).toMatchObject(gone)
      const { vaultUsage } = await w.vaults.getVaultUsage({ vaultId: vault.id })
      expect(vaultUsage).toMatchObject({ keyCount: 0, keyVersionCount: 0 })
    })
  })

  describe('rotation', () => {
    test('old ciphertexts open, old versions of RSA keys encrypt and sign no more', async () => {
      const w = await world()
      const { keys, crypto, key } = await w.furnished()
      const { id: keyId, currentKeyVersion: keyVersionId } = await key(RSA)
      const plaintext = 'eA=='
      const algorithm = { encryptionAlgorithm: word('RSA_OAEP_SHA_256') }
      const encrypt = (more: object = {}) =>
        crypto.encrypt({ encryptDataDetails: { keyId, plaintext, ...algorithm, ...more } })
      const { ciphertext } = (await encrypt()).encryptedData
      await keys.createKeyVersion({ keyId })
      const decryptDataDetails = { keyId, ciphertext, keyVersionId, ...algorithm }
      expect((await crypto.decrypt({ decryptDataDetails })).decryptedData.plaintext).toBe(plaintext)
      expect(await refusal(encrypt({ keyVersionId }))).toBe('400 InvalidParameter')
      const { keyVersionId: _, ...current } = decryptDataDetails
      const call = crypto.decrypt({ decryptDataDetails: current })
      expect(await refusal(call)).toBe('400 InvalidParameter')
    })

    test('by policy, in private vaults', async () => {
      const w = await world()
      const { keys, key } = await w.furnished()
      const timeOfScheduleStart = new Date(w.clock.now() + 5 * DAY_MS + 1000)
      const autoKeyRotationDetails = { rotationIntervalInDays: 60, timeOfScheduleStart }
      const { id: keyId, ...made } = await key(undefined, {
        isAutoRotationEnabled: true,
        autoKeyRotationDetails,
      })
      expect(made.autoKeyRotationDetails).toMatchObject({
        timeOfScheduleStart: '2026-01-06T00:00:00.000Z',
        timeOfNextRotation: '2026-03-07T00:00:00.000Z',
      })
      w.clock.set(new Date('2026-03-07T00:00:00.000Z'))
      const { key: found } = await keys.getKey({ keyId })
      expect(found.currentKeyVersion).not.toBe(made.currentKeyVersion)
      expect(found.autoKeyRotationDetails).toMatchObject({
        timeOfNextRotation: '2026-05-06T00:00:00.000Z',
        timeOfLastRotation: '2026-03-07T00:00:00.000Z',
        lastRotationStatus: 'SUCCESS',
      })
      const { items } = await keys.listKeyVersions({ keyId })
      expect(items.map(({ isAutoRotated }) => isAutoRotated)).toEqual([true, false])

      const off = { keyId, updateKeyDetails: { isAutoRotationEnabled: false } }
      const kept = (await keys.updateKey(off)).key
      expect(kept).toMatchObject({
        isAutoRotationEnabled: false,
        autoKeyRotationDetails: { rotationIntervalInDays: 60 },
      })
      const on = { keyId, updateKeyDetails: { isAutoRotationEnabled: true } }
      expect((await keys.updateKey(on)).key.isAutoRotationEnabled).toBe(true)

      const shared = await w.furnished('DEFAULT')
      const call = shared.key(undefined, { isAutoRotationEnabled: true, autoKeyRotationDetails })
      expect(await refusal(call)).toBe('400 InvalidParameter')
    })
  })

  describe('decisions', () => {
    test('a disabled key is updated only by option', async () => {
      const w = await world({ updateWhileDisabled: true })
      const { keys, key } = await w.furnished()
      const { id: keyId } = await key()
      await keys.disableKey({ keyId })
      const updateKeyDetails = { displayName: 'x' }
      const updated = (await keys.updateKey({ keyId, updateKeyDetails })).key
      expect(updated).toMatchObject({ displayName: 'x', lifecycleState: 'DISABLED' })
    })
  })

  const MS = 3000
  const held = async () => {
    const w = await world({ transitionMs: MS })
    /** Lets the state in between pass. */
    const pass = () => w.clock.advance({ milliseconds: MS })
    return { ...w, pass }
  }

  describe('states in between', () => {
    test('a vault passes through those of its operations', async () => {
      const { vaults, vault, pass, ...w } = await held()
      const made = await vault()
      const vaultId = made.id
      const seen = [made.lifecycleState]
      const now = async () => (await vaults.getVault({ vaultId })).vault.lifecycleState
      const after = async (call: Promise<{ vault: models.Vault }>) => {
        seen.push((await call).vault.lifecycleState, await now())
        pass()
        seen.push(await now())
      }
      expect(await now()).toBe('CREATING')
      await after(vaults.updateVault({ vaultId, updateVaultDetails: { displayName: 'x' } }))
      await after(vaults.scheduleVaultDeletion({ vaultId, ...deletion }))
      await after(vaults.cancelVaultDeletion({ vaultId }))
      const backupLocation = { destination: 'PRE_AUTHENTICATED_REQUEST_URI', uri: 'https://o/p' }
      await after(vaults.backupVault({ vaultId, backupVaultDetails: { backupLocation } }))
      await vaults.scheduleVaultDeletion({ vaultId, ...deletion })
      w.clock.advance({ days: 30 })
      seen.push(await now())
      pass()
      seen.push(await now())
      expect(seen).toEqual([
        'CREATING',
        ...['UPDATING', 'UPDATING', 'ACTIVE'],
        ...['SCHEDULING_DELETION', 'SCHEDULING_DELETION', 'PENDING_DELETION'],
        ...['CANCELLING_DELETION', 'CANCELLING_DELETION', 'ACTIVE'],
        ...['BACKUP_IN_PROGRESS', 'BACKUP_IN_PROGRESS', 'ACTIVE'],
        ...['DELETING', 'DELETED'],
      ])
    })

    test('a key refuses changes meanwhile, and the same request again is no change', async () => {
      const { furnished, pass } = await held()
      const { keys, crypto, key } = await furnished().then((made) => (pass(), made))
      const { id: keyId } = await key()
      // One that is being made can be renamed, and then used: it is UPDATING.
      const encryptDataDetails = { keyId, plaintext: 'eA==' }
      expect(await refusal(crypto.encrypt({ encryptDataDetails }))).toBe('409 IncorrectState')
      expect(await refusal(keys.disableKey({ keyId }))).toBe('409 IncorrectState')
      const updateKeyDetails = { displayName: 'x' }
      expect(await refusal(keys.updateKey({ keyId, updateKeyDetails }))).toBe('ok')
      await crypto.encrypt({ encryptDataDetails })
      pass()
      const request = { keyId, opcRetryToken: 'token' }
      const first = await keys.disableKey(request)
      expect(first.key.lifecycleState).toBe('DISABLING')
      expect((await keys.disableKey(request)).key).toEqual(first.key)
      expect(await refusal(keys.enableKey({ keyId }))).toBe('409 IncorrectState')
      pass()
      expect((await keys.enableKey({ keyId })).key.lifecycleState).toBe('ENABLING')
    })

    test('a rotated key is UPDATING and its version CREATING', async () => {
      const { furnished, pass } = await held()
      const { keys, crypto, key } = await furnished().then((made) => (pass(), made))
      const { id: keyId } = await key()
      pass()
      const { keyVersion } = await keys.createKeyVersion({ keyId })
      expect(keyVersion.lifecycleState).toBe('CREATING')
      expect((await keys.getKey({ keyId })).key.lifecycleState).toBe('UPDATING')
      await crypto.encrypt({ encryptDataDetails: { keyId, plaintext: 'eA==' } })
      expect(await refusal(keys.createKeyVersion({ keyId }))).toBe('409 IncorrectState')
      pass()
      const version = await keys.getKeyVersion({ keyId, keyVersionId: keyVersion.id })
      expect(version.keyVersion.lifecycleState).toBe('ENABLED')
    })

    test('a moved one is UPDATING, its reply is empty', async () => {
      const { furnished, vaults, pass } = await held()
      const { vault, keys, key } = await furnished().then((made) => (pass(), made))
      const { id: keyId } = await key()
      pass()
      const details = { compartmentId: compartment('m') }
      await keys.changeKeyCompartment({ keyId, changeKeyCompartmentDetails: details })
      expect((await keys.getKey({ keyId })).key.lifecycleState).toBe('UPDATING')
      const move = { vaultId: vault.id, changeVaultCompartmentDetails: details }
      await vaults.changeVaultCompartment(move)
      expect((await vaults.getVault(move)).vault.lifecycleState).toBe('UPDATING')
      expect(await refusal(key())).toBe('ok')
    })
  })

  describe('waiters', () => {
    /** Each look at the resource takes half a second. */
    const waiting = async () => {
      const w: World = await world({
        transitionMs: MS,
        intercept: ({ method }) => {
          if (method !== 'GET') return undefined
          w.clock.advance({ milliseconds: 500 })
          looks++
          return undefined
        },
      })
      const delayStrategy = new FixedTimeDelayStrategy(0.001)
      const terminationStrategy = new MaxAttemptsTerminationStrategy(20)
      let looks = 0
      return { ...w, strategy: { delayStrategy, terminationStrategy }, looks: () => looks }
    }

    test('wait for a vault', async () => {
      const w = await waiting()
      const { id: vaultId } = await w.vault()
      const waiters = w.vaults.createWaiters(w.strategy)
      const reply = await waiters.forVault({ vaultId }, VaultState.Active)
      expect(reply!.vault.lifecycleState).toBe('ACTIVE')
      expect(w.looks()).toBe(MS / 500)
    })

    test('wait for keys and versions, to be there and to be gone', async () => {
      const w = await waiting()
      const { keys, key } = await w.furnished()
      const waiters = keys.createWaiters(w.strategy)
      w.clock.advance({ milliseconds: MS })
      const { id: keyId, currentKeyVersion: keyVersionId } = await key()
      expect(await waiters.forKey({ keyId }, KeyState.Enabled)).toBeTruthy()
      const Enabled = models.KeyVersion.LifecycleState.Enabled
      expect(await waiters.forKeyVersion({ keyId, keyVersionId }, Enabled)).toBeTruthy()
      const scheduled = (await keys.scheduleKeyDeletion({ keyId, ...deletion })).key
      await waiters.forKey({ keyId }, KeyState.PendingDeletion)
      w.clock.set(new Date(scheduled.timeOfDeletion!))
      const before = w.looks()
      const reply = await waiters.forKey({ keyId }, KeyState.Deleted)
      expect(reply!.key.lifecycleState).toBe('DELETED')
      expect(w.looks() - before).toBeGreaterThan(1)
    })
  })
})
