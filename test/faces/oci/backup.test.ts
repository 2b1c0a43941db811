/** Backups and restores: places, streams, sums, and what is refused (contracts: OCI 9). */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { models, requests } from 'oci-keymanagement'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  AES,
  base64,
  COMPARTMENT,
  compartment,
  facing,
  openRoom,
  refusal,
  told,
  word,
  world,
} from './world.ts'
import type { Furnished, World } from './world.ts'

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
const restore = (body: Body, more: object = {}) =>
  v.keys.restoreKeyFromFile({ restoreKeyFromFileDetails: body, ...more })

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
  const cases = Object.keys(ways).flatMap((way) => [[way, true] as const, [way, false] as const])
  test.each(cases)('as %s, with its length told: %s', async (way, withLength) => {
    const key = await v.key()
    const file = await backedUp(key)
    const contentLength = withLength ? { contentLength: file.length } : {}
    const reply = await restore(ways[way]!(file), { ...contentLength, contentMd5: md5(file) })
    expect(reply.key.id).toBe(key.id)
    expect(reply.opcContentMd5).toBe(md5(file))
  })

  test('also in small pieces at the fetch handler', async () => {
    const key = await v.key()
    const file = await backedUp(key)
    const { ociFetch } = await import('../../../src/faces/oci/index.ts')
    const uri = `${v.keys.endpoint}/20180608/keys/actions/restoreFromFile`
    const body = new Blob([new Uint8Array(file)])
    const response = await ociFetch(w.room)(new Request(uri, { method: 'POST', body }))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id: key.id })
  })
})

describe('the sum of a file', () => {
  test.each([md5(Buffer.from('other')), 'm'])(
    'that is wrong (%s) is told with both',
    async (contentMd5) => {
      const file = await backedUp(await v.key())
      const call = () => restore(Buffer.from(file), { contentMd5 })
      expect(await refusal(call())).toBe('400 UnmatchedContentMD5')
      expect(await told(call())).toContain(
        `The computed MD5 of the request body (${md5(file)}) does not match the Content-MD5 header (${contentMd5}).`,
      )
    },
  )
})

describe('a key', () => {
  test('comes back with its ids and versions, and what was added since stays', async () => {
    const key = await v.key()
    const file = await backedUp(key)
    const { keyVersion } = await v.keys.createKeyVersion({ keyId: key.id })
    const { key: back } = await restore(Buffer.from(file))
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
    const strip = (ocid: string | undefined) => ocid?.replace(/oc1\.[a-z0-9-]+\./, '')
    expect(strip(there.restoredFromVaultId)).toBe(strip(vault.id))
    const { items } = await far.at(there).keys.listKeys({ compartmentId: COMPARTMENT })
    const found = (await far.at(there).keys.getKey({ keyId: items[0]!.id })).key
    expect(strip(found.restoredFromKeyId)).toBe(strip(keyId))
    const sealed = await w
      .at(vault)
      .crypto.encrypt({ encryptDataDetails: { keyId, plaintext: 'eA==' } })
    expect(sealed.encryptedData.keyVersionId).toBe(made.currentKeyVersion)
    expect(keys.endpoint).not.toBe(there.managementEndpoint)
  })
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
        const restoreVaultFromFileDetails = Buffer.from(w.objects.last)
        return w.vaults.restoreVaultFromFile({
          compartmentId: COMPARTMENT,
          restoreVaultFromFileDetails,
        })
      },
    ],
    [
      'a key backup as a vault',
      '400 InvalidParameter',
      async () => {
        const restoreVaultFromFileDetails = Buffer.from(await backedUp(await v.key()))
        return w.vaults.restoreVaultFromFile({
          compartmentId: COMPARTMENT,
          restoreVaultFromFileDetails,
        })
      },
    ],
    [
      'a key in another vault',
      '400 InvalidParameter',
      async () => {
        const { keys } = await w.furnished()
        const restoreKeyFromFileDetails = Buffer.from(await backedUp(await v.key()))
        return keys.restoreKeyFromFile({ restoreKeyFromFileDetails })
      },
    ],
    [
      'a key without its vault',
      '404 NotAuthorizedOrNotFound',
      async () => {
        const file = Buffer.from(await backedUp(await v.key()))
        const { at } = facing(await openRoom({ realm: w.room, region: 'eu-madrid-1' }))
        return at(v.vault).keys.restoreKeyFromFile({ restoreKeyFromFileDetails: file })
      },
    ],
    [
      'half a file',
      '400 InvalidParameter',
      async () => {
        const file = await backedUp(await v.key())
        return restore(Buffer.from(file.subarray(0, file.length >> 1)))
      },
    ],
    ['nonsense', '400 InvalidParameter', () => restore(base64('nonsense'))],
    ['nothing', '400 InvalidParameter', () => restore('', { contentLength: 0 })],
    [
      'no object store',
      '400 InvalidParameter',
      async () => {
        const { furnished } = facing(await openRoom())
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
    const { key: back } = await restore(Buffer.from(await backedUp(key)))
    expect(back.lifecycleState).toBe('DISABLED')
  })
})
