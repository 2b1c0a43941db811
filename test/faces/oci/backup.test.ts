/** Backups and restores: places, streams, sums, and what is refused (contracts: OCI 9). */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { models, requests } from 'oci-keymanagement'
import { beforeAll, describe, expect, test } from 'vitest'
import { ociFetch } from '../../../src/faces/oci/index.ts'
import {
  AES,
  base64,
  COMPARTMENT,
  compartment,
  file,
  openRoom,
  refusal,
  REGION,
  told,
  word,
  onEachWay,
} from './world.ts'
import type { Furnished, VaultClients, World } from './world.ts'

onEachWay(({ world, facing, transport }) => {
  let w: World
  let v: Furnished
  beforeAll(async () => {
    w = await world()
    v = await w.furnished()
  })

  let names = 0
  const place = (): { backupLocation: models.BackupLocationURI } => ({
    backupLocation: { destination: 'PRE_AUTHENTICATED_REQUEST_URI', uri: `https://o/${names++}` },
  })
  const backedUp = async (key: models.Key): Promise<Uint8Array> => {
    await v.keys.backupKey({ keyId: key.id, backupKeyDetails: place() })
    return w.objects.last
  }
  const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('base64')
  type Body = requests.RestoreKeyFromFileRequest['restoreKeyFromFileDetails']
  const restore = (bytes: Uint8Array, more: object = {}, { keys }: VaultClients = v) => {
    const { body, contentLength } = file(bytes)
    return keys.restoreKeyFromFile({ restoreKeyFromFileDetails: body, contentLength, ...more })
  }
  const restoreVault = (bytes: Uint8Array) => {
    const { body: restoreVaultFromFileDetails, contentLength } = file(bytes)
    const request = { restoreVaultFromFileDetails, contentLength, compartmentId: COMPARTMENT }
    return w.vaults.restoreVaultFromFile(request)
  }

  describe('a file comes in whatever way', () => {
    const ways: Record<string, (bytes: Uint8Array) => Body> = {
      'a string': (bytes) => Buffer.from(bytes).toString('latin1'),
      'a buffer': (bytes) => Buffer.from(bytes),
      bytes: (bytes) => bytes,
      'a blob': (bytes) => new Blob([new Uint8Array(bytes)]),
      'a stream of Node': (bytes) => Readable.from([bytes.subarray(0, 9), bytes.subarray(9)]),
      'a stream of strings': (bytes) => Readable.from([Buffer.from(bytes).toString('latin1')]),
      'a stream of the web': (bytes) => new Blob([new Uint8Array(bytes)]).stream() as never,
    }
    const signed = ['a string', 'a stream of Node', 'a stream of strings']
    const cases = Object.keys(ways)
      .flatMap((way) => [[way, true] as const, [way, false] as const])
      .filter(([way, withLength]) => !transport.signs || (withLength && signed.includes(way)))
    test.each(cases)('as %s, with its length told: %s', async (way, withLength) => {
      const key = await v.key()
      const bytes = await backedUp(key)
      const contentLength = withLength ? { contentLength: bytes.length } : {}
      const reply = await v.keys.restoreKeyFromFile({
        restoreKeyFromFileDetails: ways[way]!(bytes),
        ...contentLength,
        contentMd5: md5(bytes),
      })
      expect(reply.key.id).toBe(key.id)
      expect(reply.opcContentMd5).toBe(md5(bytes))
    })

    test('also in small pieces, unsigned', async () => {
      const key = await v.key()
      const bytes = new Uint8Array(await backedUp(key))
      const pieces = [bytes.slice(0, 1), bytes.slice(1, 100), bytes.slice(100)]
      const body = Readable.toWeb(Readable.from(pieces)) as ReadableStream<Uint8Array>
      const lenient = await facing(w.room, { signatures: { keys: {}, required: false } })
      const { management } = lenient.endpoints(v.vault)
      const uri = `${management}/20180608/keys/actions/restoreFromFile`
      const request = new Request(uri, { method: 'POST', body, duplex: 'half' as const })
      const response = await (transport.signs ? fetch(request) : ociFetch(w.room)(request))
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ id: key.id })
    })
  })

  describe('the sum of a file', () => {
    test.each([md5(Buffer.from('other')), 'm'])(
      'that is wrong (%s) is told with both',
      async (contentMd5) => {
        const bytes = await backedUp(await v.key())
        const call = () => restore(bytes, { contentMd5 })
        expect(await refusal(call())).toBe('400 UnmatchedContentMD5')
        expect(await told(call())).toContain(
          `The computed MD5 of the request body (${md5(bytes)}) does not match the Content-MD5 header (${contentMd5}).`,
        )
      },
    )
  })

  describe('a key', () => {
    test('comes back with its ids and versions, and what was added since stays', async () => {
      const key = await v.key()
      const bytes = await backedUp(key)
      const { keyVersion } = await v.keys.createKeyVersion({ keyId: key.id })
      const { key: back } = await restore(bytes)
      expect(back).toMatchObject({ id: key.id, lifecycleState: 'ENABLED' })
      const { items } = await v.keys.listKeyVersions({ keyId: key.id })
      expect(items.map(({ id }) => id)).toEqual([keyVersion.id, key.currentKeyVersion])
    })

    test('goes with its vault to another region, under new ids that say where from', async () => {
      const far = await world({}, { region: 'eu-paris-1', realm: w.room, objects: w.objects })
      const { vault, keys, key } = await w.furnished()
      const made = await key()
      const { id: keyId } = made
      const details = place()
      const backupVaultDetails = { ...details, isIncludeKeys: true }
      await w.vaults.backupVault({ vaultId: vault.id, backupVaultDetails })
      const restored = await far.vaults.restoreVaultFromObjectStore({
        compartmentId: compartment('r'),
        restoreVaultFromObjectStoreDetails: details,
      })
      const there = restored.vault
      expect(there).toMatchObject({ compartmentId: compartment('r'), lifecycleState: 'ACTIVE' })
      expect(there.id).not.toBe(vault.id)
      expect(there.id).toContain('.eu-paris-1.')
      expect(there.restoredFromVaultId).toBe(vault.id)
      const { items } = await far.at(there).keys.listKeys({ compartmentId: COMPARTMENT })
      const found = (await far.at(there).keys.getKey({ keyId: items[0]!.id })).key
      expect(found.restoredFromKeyId).toBe(keyId)
      const sealed = await w
        .at(vault)
        .crypto.encrypt({ encryptDataDetails: { keyId, plaintext: 'eA==' } })
      expect(sealed.encryptedData.keyVersionId).toBe(made.currentKeyVersion)
      expect(keys.endpoint).not.toBe(there.managementEndpoint)
    })
  })

  test('a vault goes with its HSM keys alone', async () => {
    const { vault, keys, key } = await w.furnished()
    const [hsm, disabled] = [await key(), await key()]
    await keys.disableKey({ keyId: disabled.id })
    await key(AES, { protectionMode: word('SOFTWARE') })
    const leaving = await key()
    await keys.scheduleKeyDeletion({ keyId: leaving.id, scheduleKeyDeletionDetails: {} })
    const details = place()
    const backupVaultDetails = { ...details, isIncludeKeys: true }
    await w.vaults.backupVault({ vaultId: vault.id, backupVaultDetails })
    const far = await world({}, { region: REGION, realm: w.room, objects: w.objects })
    const { vault: back } = await far.vaults.restoreVaultFromObjectStore({
      compartmentId: COMPARTMENT,
      restoreVaultFromObjectStoreDetails: details,
    })
    expect(back.id).toBe(vault.id)
    const { items } = await far.at(back).keys.listKeys({ compartmentId: COMPARTMENT })
    const found = items.map(({ id, lifecycleState }) => [id, lifecycleState])
    expect(Object.fromEntries(found)).toEqual({ [hsm.id]: 'ENABLED', [disabled.id]: 'DISABLED' })
  })

  describe('refused', () => {
    test.each<[string, string, () => Promise<unknown>]>([
      [
        'a backup to nowhere',
        '400 MissingParameter',
        async () => v.keys.backupKey({ keyId: (await v.key()).id, backupKeyDetails: {} }),
      ],
      [
        'a restore from nowhere',
        '400 MissingParameter',
        () => v.keys.restoreKeyFromObjectStore({ restoreKeyFromObjectStoreDetails: {} }),
      ],
      [
        'a vault from nowhere',
        '400 MissingParameter',
        () =>
          w.vaults.restoreVaultFromObjectStore({
            compartmentId: COMPARTMENT,
            restoreVaultFromObjectStoreDetails: {},
          }),
      ],
      [
        'a destination that is none',
        '400 InvalidParameter',
        async () =>
          v.keys.backupKey({
            keyId: (await v.key()).id,
            backupKeyDetails: { backupLocation: { destination: 'TAPE' } as never },
          }),
      ],
      [
        'a bucket without object',
        '400 MissingParameter',
        () =>
          w.vaults.backupVault({
            vaultId: v.vault.id,
            backupVaultDetails: {
              backupLocation: { destination: 'BUCKET', namespace: 'n', bucketName: 'b' } as never,
            },
          }),
      ],
      [
        'a SOFTWARE key',
        '400 InvalidParameter',
        async () => {
          const { id: keyId } = await v.key(AES, { protectionMode: word('SOFTWARE') })
          return v.keys.backupKey({ keyId, backupKeyDetails: place() })
        },
      ],
      [
        'a vault that is not private',
        '400 InvalidParameter',
        async () => {
          const { id: vaultId } = await w.vault({ vaultType: word('DEFAULT') })
          return w.vaults.backupVault({ vaultId, backupVaultDetails: place() })
        },
      ],
      [
        'a key of such a vault',
        '400 InvalidParameter',
        async () => {
          const { keys, key } = await w.furnished('DEFAULT')
          return keys.backupKey({ keyId: (await key()).id, backupKeyDetails: place() })
        },
      ],
      [
        'a vault that is there',
        '409 Conflict',
        async () => {
          await w.vaults.backupVault({ vaultId: v.vault.id, backupVaultDetails: place() })
          return restoreVault(w.objects.last)
        },
      ],
      [
        'a key backup as a vault',
        '400 InvalidParameter',
        async () => restoreVault(await backedUp(await v.key())),
      ],
      [
        'a key in another vault',
        '400 InvalidParameter',
        async () => restore(await backedUp(await v.key()), {}, await w.furnished()),
      ],
      [
        'a key without its vault',
        '404 NotAuthorizedOrNotFound',
        async () => {
          const bytes = await backedUp(await v.key())
          const { at } = await facing(await openRoom({ realm: w.room, region: 'eu-madrid-1' }))
          return restore(bytes, {}, at(v.vault))
        },
      ],
      [
        'half a file',
        '400 InvalidParameter',
        async () => {
          const bytes = await backedUp(await v.key())
          return restore(bytes.subarray(0, bytes.length >> 1))
        },
      ],
      ['nonsense', '400 InvalidParameter', () => restore(Buffer.from(base64('nonsense')))],
      ['nothing', '400 InvalidParameter', () => restore(new Uint8Array(0))],
      [
        'no object store',
        '400 InvalidParameter',
        async () => {
          const { furnished } = await facing(await openRoom())
          const { keys, key } = await furnished()
          return keys.backupKey({ keyId: (await key()).id, backupKeyDetails: place() })
        },
      ],
    ])('%s', async (_, gives, call) => {
      expect(await refusal(call())).toBe(gives)
    })

    test('what is a backup of a disabled key comes back disabled', async () => {
      const key = await v.key()
      await v.keys.disableKey({ keyId: key.id })
      const { key: back } = await restore(await backedUp(key))
      expect(back.lifecycleState).toBe('DISABLED')
    })
  })
})
