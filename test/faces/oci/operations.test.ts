/** Every operation of the three clients, once with success, and what its reply holds (contracts: OCI 3, 4). */
import { beforeAll, describe, expect, test } from 'vitest'
import { OPERATIONS } from '../../../src/faces/oci/operations.ts'
import { prepare, v, w, type Checks } from './checks.ts'
import { KEY_CHECKS } from './checks-keys.ts'
import { VAULT_CHECKS } from './checks-vaults.ts'
import { COMPARTMENT, onEachWay } from './world.ts'

onEachWay((way) => {
  beforeAll(() => prepare(way))
  const CHECKS: Checks = { ...VAULT_CHECKS, ...KEY_CHECKS }

  test('no operation is left out', () => {
    expect(Object.keys(CHECKS).sort()).toEqual(Object.keys(OPERATIONS).sort())
  })

  describe('with success', () => {
    test.each(Object.entries(CHECKS))('%s', async (_, check) => {
      const [reply, holds] = await check()
      expect(reply).toMatchObject(holds)
    })
  })

  describe('on the wire', () => {
    /** The JSON of a reply, before the client makes a model of it. */
    const wire = async (base: string, path: string) => {
      const uri = `${base}/20180608${path}`
      const request = { method: 'GET', uri, headers: new Headers() }
      return (await (await w.httpClient.send(request)).json()) as Record<string, unknown>
    }
    const names = (words: string) => words.split(' ').sort()

    test('a property without a value is null', async () => {
      const { id } = await v.key()
      const vault = await wire(w.service, `/vaults/${v.vault.id}`)
      const key = await wire(v.keys.endpoint, `/keys/${id}`)
      const nulls = (reply: object) =>
        Object.entries(reply).flatMap(([name, value]) => (value === null ? [name] : []))
      expect(nulls(vault).sort()).toEqual(
        names(
          'externalKeyManagerMetadataSummary replicaDetails restoredFromVaultId timeOfDeletion',
        ),
      )
      expect(nulls(key).sort()).toEqual(
        names(
          'autoKeyRotationDetails externalKeyReferenceDetails replicaDetails restoredFromKeyId ' +
            'timeOfDeletion',
        ),
      )
    })

    test('lists are arrays of summaries', async () => {
      const query = `?compartmentId=${COMPARTMENT}`
      const [vault] = (await wire(w.service, `/vaults${query}`)) as unknown as object[]
      const [key] = (await wire(v.keys.endpoint, `/keys${query}`)) as unknown as object[]
      expect(Object.keys(vault!).sort()).toEqual(
        names(
          'compartmentId cryptoEndpoint definedTags displayName externalKeyManagerMetadataSummary ' +
            'freeformTags id lifecycleState managementEndpoint timeCreated vaultType',
        ),
      )
      expect(Object.keys(key!).sort()).toEqual(
        names(
          'algorithm compartmentId definedTags displayName externalKeyReferenceDetails freeformTags ' +
            'id isAutoRotationEnabled lifecycleState protectionMode timeCreated vaultId',
        ),
      )
    })
  })
})
