/** TABLE of the operations that back up and restore (contracts: OCI 9). */
import { toBase64 } from '../../base/bytes.ts'
import { md5 } from '../../crypto/md5.ts'
import { row, type Bytes, type Call, type Reply } from './call.ts'
import { FAULTS, invalid, missing, OciFault } from './errors.ts'
import { flag, may } from './fields.ts'
import { keyReply, vaultReply } from './models.ts'
import { BOTH_HEADERS, COMPARTMENT, compartmentOf, location, type ObjectName } from './parts.ts'
import { workRequest } from './work-request.ts'

const FILE_HEADERS = [...BOTH_HEADERS, 'content-md5'] as const
const LOCATION = { backupLocation: may(location) }
const RUNNING = 'BACKUP_IN_PROGRESS'

/** The API marks it optional; without it there is nowhere to go. */
const placed = (where: ObjectName | undefined): ObjectName => where ?? missing('backupLocation')

/** Only private vaults are backed up, and of their keys those of the HSM. */
async function refuseOthers(call: Call): Promise<void> {
  if ((await call.vault()).type !== 'VIRTUAL_PRIVATE')
    invalid('vaultType', 'a VIRTUAL_PRIVATE vault for a backup')
}

const working = async (call: Call) => ({ 'opc-work-request-id': await workRequest(call) })

/** The bytes of an upload and the MD5 of all of them. */
class Upload implements AsyncIterable<Uint8Array> {
  readonly #hash = md5()
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>

  constructor(body: Bytes) {
    this.#source = body instanceof Uint8Array ? [body].values() : body[Symbol.asyncIterator]()
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const result = await this.#source.next()
        if (!result.done) this.#hash.update(result.value)
        return result
      },
    }
  }

  /** Reads what nobody read. */
  async md5(): Promise<string> {
    for await (const _ of this);
    return toBase64(this.#hash.digest())
  }
}

const MD5 = /^[A-Za-z0-9+/]{21}[AQgw]==$/

/** What the header says; what is no MD5 at all matches nothing, and the reply says so in full. */
async function expectedMd5(call: Call, upload: Upload): Promise<string | undefined> {
  const header = call.header('content-md5')
  if (header === undefined || MD5.test(header)) return header
  throw new OciFault(
    FAULTS.md5,
    `The computed MD5 of the request body (${await upload.md5()}) does not match the ` +
      `Content-MD5 header (${header}).`,
  )
}

/** Restores what was uploaded; the reply says what arrived. */
async function fromFile(
  call: Call<unknown, Bytes>,
  restore: (source: { blob: AsyncIterable<Uint8Array>; md5?: string }) => Promise<Reply>,
): Promise<Reply> {
  const upload = new Upload(call.body)
  const md5 = await expectedMd5(call, upload)
  const reply = await restore({ blob: upload, ...(md5 !== undefined && { md5 }) })
  const headers = { 'opc-content-md5': await upload.md5(), ...(await working(call)) }
  return { ...reply, headers }
}

export const BACKUP_ROWS = {
  backupVault: row({
    client: 'vault',
    method: 'POST',
    path: '/vaults/{vaultId}/actions/backup',
    headers: BOTH_HEADERS,
    transition: RUNNING,
    room: ['backupVault'],
    body: { ...LOCATION, isIncludeKeys: may(flag) },
    answer: async (call) => {
      const { backupLocation, isIncludeKeys: includeKeys = false } = call.body
      const to = placed(backupLocation)
      await refuseOthers(call)
      const { retryToken: _, ...asked } = call.write
      const { vault } = await call.room.backupVault({
        ...asked,
        vaultId: call.vaultId,
        to,
        includeKeys,
        protectionMode: 'HSM',
      })
      call.hold(vault.id, call.room.now())
      return vaultReply(call, vault, await working(call))
    },
  }),

  restoreVaultFromFile: row({
    client: 'vault',
    method: 'POST',
    path: '/vaults/actions/restoreFromFile',
    headers: FILE_HEADERS,
    transition: 'RESTORING',
    room: ['restoreVault'],
    query: COMPARTMENT,
    body: 'bytes',
    answer: async (call) => {
      const compartmentId = compartmentOf(call, call.query.compartmentId)
      return fromFile(call, async (source) => {
        const input = { ...call.create, ...source, compartmentId }
        return vaultReply(call, await call.room.restoreVault(input))
      })
    },
  }),

  restoreVaultFromObjectStore: row({
    client: 'vault',
    method: 'POST',
    path: '/vaults/actions/restoreFromObjectStore',
    headers: BOTH_HEADERS,
    transition: 'RESTORING',
    room: ['restoreVault'],
    query: COMPARTMENT,
    body: LOCATION,
    answer: async (call) => {
      const compartmentId = compartmentOf(call, call.query.compartmentId)
      const from = placed(call.body.backupLocation)
      const vault = await call.room.restoreVault({ ...call.create, from, compartmentId })
      return vaultReply(call, vault, await working(call))
    },
  }),

  backupKey: row({
    client: 'management',
    method: 'POST',
    path: '/keys/{keyId}/actions/backup',
    headers: BOTH_HEADERS,
    transition: RUNNING,
    room: ['backupKey'],
    body: LOCATION,
    answer: async (call) => {
      const to = placed(call.body.backupLocation)
      await refuseOthers(call)
      if (call.key.protectionMode !== 'HSM') invalid('protectionMode', 'an HSM key for a backup')
      const { retryToken: _, ...asked } = call.write
      const { key } = await call.room.backupKey({ ...asked, ...call.keyRef, to })
      call.hold(key.id, call.room.now())
      return keyReply(call, key, await working(call))
    },
  }),

  restoreKeyFromFile: row({
    client: 'management',
    method: 'POST',
    path: '/keys/actions/restoreFromFile',
    headers: FILE_HEADERS,
    transition: 'RESTORING',
    room: ['restoreKey'],
    body: 'bytes',
    answer: async (call) =>
      fromFile(call, async (source) => {
        const input = { ...call.create, ...source, vaultId: call.vaultId }
        return keyReply(call, await call.room.restoreKey(input))
      }),
  }),

  restoreKeyFromObjectStore: row({
    client: 'management',
    method: 'POST',
    path: '/keys/actions/restoreFromObjectStore',
    headers: BOTH_HEADERS,
    transition: 'RESTORING',
    room: ['restoreKey'],
    body: LOCATION,
    answer: async (call) => {
      const from = placed(call.body.backupLocation)
      const input = { ...call.create, from, vaultId: call.vaultId }
      return keyReply(call, await call.room.restoreKey(input), await working(call))
    },
  }),
}
