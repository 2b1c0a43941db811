/** Every refusal that the contract documents, in its words (contracts: OCI 2.1, 2.2, 2.3). */
import { beforeAll, describe, expect, test } from 'vitest'
import type { models } from 'oci-keymanagement'
import { ERROR_CODES } from '../../../src/base/errors.ts'
import { ERROR_TABLE } from '../../../src/faces/oci/errors.ts'
import { ociHandler, type OciHttpRequest } from '../../../src/faces/oci/index.ts'
import { Ocids, parseOcid } from '../../../src/faces/oci/ocid.ts'
import { AES, COMPARTMENT, ECDSA, openRoom, refusal, told, onEachWay } from './world.ts'
import type { Furnished, World } from './world.ts'

test('what is no URL leads nowhere', async () => {
  const handle = ociHandler(await openRoom())
  const { status, body } = await handle({ method: 'GET', url: 'https://[', headers: {} })
  expect([status, JSON.parse(body)]).toMatchObject([404, { code: 'NotFound' }])
})

describe('the table of codes', () => {
  test('has a row for every code that a request can meet', () => {
    const ours = Object.keys(ERROR_CODES).filter((code) => !Object.hasOwn(ERROR_TABLE, code))
    // Of these OCI has no operation; the rest is about opening stores and about our own defects: 500.
    expect(
      ours.filter(
        (code) => !/^(WRONG_SEAL|STORE_|INTEGRITY|ROLLED_BACK|SELF_TEST|INTERNAL)/.test(code),
      ),
    ).toEqual([
      'INVALID_IMPORT_TOKEN',
      'EXPIRED_IMPORT_TOKEN',
      'INVALID_POLICY',
      'POLICY_LOCKOUT',
      'INVALID_GRANT_TOKEN',
      'DRY_RUN',
    ])
  })
})

onEachWay(({ world, facing }) => {
  let w: World
  let v: Furnished
  let elsewhere: Furnished
  let key: models.Key
  beforeAll(async () => {
    w = await world()
    v = await w.furnished()
    elsewhere = await w.furnished()
    key = await v.key()
  })

  const HIDDEN = '404 NotAuthorizedOrNotFound'
  const plaintext = 'eA=='

  /** A plain request, for what the clients would not send. */
  async function raw(request: Partial<OciHttpRequest>) {
    const given = { method: 'GET', uri: '', headers: new Headers(), ...request }
    const response = await w.httpClient.send(given)
    const { code } = (await response.json()) as { code?: string }
    return code === undefined ? String(response.status) : `${response.status} ${code}`
  }
  const post = (path: string, body: string, base = v.vault.managementEndpoint) =>
    raw({ method: 'POST', uri: `${base}/20180608${path}`, ...(body !== '' && { body }) })
  const create = (details: object) =>
    v.keys.createKey({
      createKeyDetails: { compartmentId: COMPARTMENT, displayName: 'k', keyShape: AES, ...details },
    })
  const encrypt = (details: object) =>
    v.crypto.encrypt({ encryptDataDetails: { keyId: key.id, plaintext, ...details } })

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

  describe('what cannot be read', () => {
    const body = '{"compartmentId":"c","displayName":"k","keyShape":{"algorithm":"AES","length":32}'
    test.each<[string, () => Promise<string>, string]>([
      ['JSON that ends early', () => post('/keys', body), '400 CannotParseRequest'],
      ['an array', () => post('/keys', '[]'), '400 InvalidParameter'],
      ['nothing', () => post('/keys', ''), '400 MissingParameter'],
      ['null for a value', () => post('/keys', '{"compartmentId":null}'), '400 MissingParameter'],
      ['unknown properties', () => post('/keys', `${body},"more":1}`), '200'],
      ['numbers as strings', () => post('/keys', `${body}}`.replace('32', '"32"')), '200'],
      ['another path', () => raw({ uri: `${w.service}/20180608/secrets` }), '404 NotFound'],
      ['another version', () => raw({ uri: `${v.keys.endpoint}/20990101/keys` }), '404 NotFound'],
      [
        'another method',
        () => raw({ method: 'DELETE', uri: `${w.service}/20180608/vaults` }),
        '405 MethodNotAllowed',
      ],
      [
        'a path that is no UTF-8',
        () => raw({ uri: `${w.service}/20180608/vaults/%ff` }),
        '400 InvalidParameter',
      ],
      [
        'slashes twice',
        () => raw({ uri: `${w.service}//20180608//vaults?compartmentId=c` }),
        '200',
      ],
    ])('%s', async (_, call, gives) => {
      expect(await call()).toBe(gives)
    })
  })

  describe('values', () => {
    const invalid = (what: string, details: object) =>
      refused(what, '400 InvalidParameter', () => create(details))
    test.each<Case>([
      refused('no display name', '400 MissingParameter', () =>
        create({ displayName: undefined as never }),
      ),
      invalid('an empty display name', { displayName: '' }),
      invalid('a display name of 256 characters', { displayName: 'x'.repeat(256) }),
      invalid('an algorithm that is none', { keyShape: { algorithm: 'DES', length: 8 } }),
      invalid('a length that AES has not', { keyShape: { algorithm: 'AES', length: 20 } }),
      invalid('a curve beside AES', { keyShape: { ...AES, curveId: 'NIST_P256' } }),
      invalid('the curve of another length', { keyShape: { ...ECDSA, curveId: 'NIST_P384' } }),
      invalid('a protection that is none', { protectionMode: 'PAPER' }),
      invalid('rotation every 59 days', { autoKeyRotationDetails: { rotationIntervalInDays: 59 } }),
      invalid('rotation every 366 days', {
        autoKeyRotationDetails: { rotationIntervalInDays: 366 },
      }),
      refused('rotation without an interval', '400 MissingParameter', () =>
        create({ isAutoRotationEnabled: true }),
      ),
      invalid('an external key in a vault of ours', {
        protectionMode: 'EXTERNAL',
        externalKeyReference: { externalKeyId: 'e' },
      }),
      refused('an external key without reference', '400 MissingParameter', () =>
        create({ protectionMode: 'EXTERNAL' }),
      ),
      invalid('a tag that is no string', { freeformTags: { a: 1 } }),
      invalid('defined tags without namespaces', { definedTags: { a: 'b' } }),
      refused('a retry token of 65 characters', '400 InvalidParameter', () =>
        v.keys.createKey({
          createKeyDetails: { compartmentId: COMPARTMENT, displayName: 'k', keyShape: AES },
          opcRetryToken: 'x'.repeat(65),
        }),
      ),
    ])('$what', async ({ call, gives }) => {
      expect(await call()).toBe(gives)
    })
  })

  describe('what is not there', () => {
    const unknown = () => elsewhere.key().then(({ id }) => id)
    test.each<Case>([
      refused('a vault that is no OCID', HIDDEN, () => w.vaults.getVault({ vaultId: 'vault' })),
      refused('the OCID of a key for a vault', HIDDEN, () =>
        w.vaults.getVault({ vaultId: key.id }),
      ),
      refused('a mistyped letter', HIDDEN, () =>
        v.keys.getKey({ keyId: key.id.replace(/.$/, key.id.endsWith('a') ? 'e' : 'a') }),
      ),
      refused('a key of another vault', HIDDEN, async () =>
        v.keys.getKey({ keyId: await unknown() }),
      ),
      refused('its use', HIDDEN, async () => encrypt({ keyId: await unknown() })),
      refused('the OCID of such a key, made up to be here', HIDDEN, async () => {
        const there = parseOcid('key', await unknown())!
        const { vaultId } = parseOcid('key', key.id)!
        return encrypt({ keyId: new Ocids('oc1', 'x').of('key', { id: there.id, vaultId }) })
      }),
      refused('a version of another key', HIDDEN, async () => {
        const { currentKeyVersion: keyVersionId } = await v.key()
        return v.keys.getKeyVersion({ keyId: key.id, keyVersionId })
      }),
      refused('a key at the vault service', HIDDEN, async () => {
        const { keys } = w.at(v.vault)
        keys.endpoint = w.service
        return keys.getKey({ keyId: key.id })
      }),
      refused('a replication', HIDDEN, () => v.keys.getReplicationStatus({ replicationId: 'r' })),
      refused('an object to restore from', HIDDEN, () =>
        v.keys.restoreKeyFromObjectStore({
          restoreKeyFromObjectStoreDetails: {
            backupLocation: { destination: 'PRE_AUTHENTICATED_REQUEST_URI', uri: 'https://o/p' },
          },
        }),
      ),
      refused('a replica to delete', HIDDEN, () =>
        w.vaults.deleteVaultReplica({
          vaultId: v.vault.id,
          deleteVaultReplicaDetails: { replicaRegion: 'eu-zurich-1' },
        }),
      ),
    ])('$what', async ({ call, gives }) => {
      expect(await call()).toBe(gives)
    })

    test('is said in the words of the service, like what may not be seen', async () => {
      const message = 'Authorization failed or requested resource not found.'
      expect(await told(w.vaults.getVault({ vaultId: 'v' }))).toContain(message)
      const { at } = await facing(w.room, { principalOf: () => 'someone' })
      expect(await told(at(v.vault).keys.getKey({ keyId: key.id }))).toContain(message)
    })

    test('keys of other faces that OCI has no shape for do not exist here', async () => {
      const { id: vaultId } = (await w.room.listVaults({ sortOrder: 'ASC' })).items[0]!
      const { id } = await w.room.createKey({ vaultId, displayName: 'mac', spec: 'HMAC_256' })
      const keyId = new Ocids('oc1', 'x').of('key', { id, vaultId })
      const vault = [v.vault, elsewhere.vault].find(({ id: ocid }) =>
        ocid.includes(keyId.split('.')[4]!),
      )!
      const { keys } = w.at(vault)
      expect(await refusal(keys.getKey({ keyId }))).toBe(HIDDEN)
      expect(await refusal(keys.disableKey({ keyId }))).toBe(HIDDEN)
      const { items } = await keys.listKeys({ compartmentId: 'root' })
      expect(items).toEqual([])
    })
  })

  describe('what the face is told', () => {
    test('faults and policies come from outside', async () => {
      const answer = { status: 403, code: 'NotAllowed', message: 'Not on Sundays.', retryAfter: 2 }
      const there = await facing(w.room, { intercept: () => answer })
      const call = () => there.vaults.getVault({ vaultId: v.vault.id })
      expect(await refusal(call())).toBe('403 NotAllowed')
      expect(await told(call())).toContain('Not on Sundays.')
      const uri = `${there.service}/20180608/vaults?compartmentId=c`
      const request = { method: 'GET', uri, headers: new Headers() }
      const { headers } = await there.httpClient.send(request)
      expect(headers.get('retry-after')).toBe('2')
    })

    test('it may see which operation, and let it pass', async () => {
      const seen: unknown[] = []
      const { at } = await facing(w.room, { intercept: (call) => void seen.push(call) })
      await at(v.vault).keys.getKey({ keyId: key.id, opcRequestId: 'r' })
      const path = `/20180608/keys/${key.id}`
      const call = {
        operation: 'getKey',
        method: 'GET',
        path,
        requestId: 'r',
        principal: undefined,
      }
      expect(seen).toEqual([call])
    })

    test('a compartment that does not exist', async () => {
      const { at, vaults } = await facing(w.room, { compartments: [COMPARTMENT] })
      const gives = '400 RelatedResourceNotAuthorizedOrNotFound'
      const details = { compartmentId: 'other' }
      const { keys } = at(v.vault)
      const move = { keyId: key.id, changeKeyCompartmentDetails: details }
      expect(await refusal(keys.changeKeyCompartment(move))).toBe(gives)
      const vault = { vaultId: v.vault.id, changeVaultCompartmentDetails: details }
      expect(await refusal(vaults.changeVaultCompartment(vault))).toBe(gives)
    })

    test('a closed room is a response, never an exception', async () => {
      const room = await openRoom()
      const { vaults } = await facing(room)
      await room.close()
      const call = vaults.listVaults({ compartmentId: COMPARTMENT })
      expect(await refusal(call)).toBe('503 ServiceUnavailable')
    })
  })

  describe('a failure that nobody foresaw', () => {
    test('tells nothing', async () => {
      let breaks = false
      const broken = new Proxy(w.room, {
        get: (room, name) =>
          name === 'listVaults'
            ? (input: object) =>
                breaks ? Promise.reject(new Error('secret')) : room.listVaults(input)
            : (Reflect.get(room, name, room) as unknown),
      })
      const { vaults } = await facing(broken)
      breaks = true
      const call = vaults.listVaults({ compartmentId: COMPARTMENT })
      expect(await refusal(call)).toBe('500 InternalServerError')
      expect(await told(vaults.listVaults({ compartmentId: COMPARTMENT }))).not.toContain('secret')
    })
  })
})
