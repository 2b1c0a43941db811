/** Records with nothing remarkable about them, and their views at a moment; tests change a field. */
import { StrongroomError } from '../../src/base/errors.ts'
import type { KeyRecord, VaultRecord, VersionRecord } from '../../src/domain/records.ts'
import {
  settleKey,
  settleVault,
  settleVersion,
  type KeyView,
  type VaultView,
  type VersionView,
} from '../../src/domain/settle.ts'

export const VAULT = {
  id: 'vault',
  displayName: 'v',
  type: 'DEFAULT',
  compartmentId: '',
  createdAt: 0,
  updatedAt: 0,
  state: 'active',
  tags: {},
  definedTags: {},
} as const satisfies VaultRecord

export const KEY = {
  id: 'key',
  vaultId: 'vault',
  ordinal: 1,
  role: 'ordinary',
  compartmentId: '',
  displayName: 'k',
  description: '',
  spec: 'AES_256',
  purposes: ['encrypt'],
  protectionMode: 'HSM',
  origin: 'internal',
  createdAt: 0,
  updatedAt: 0,
  state: 'enabled',
  currentVersion: 2,
  lastVersion: 2,
  olderVersions: 'process',
  tags: {},
  definedTags: {},
} as const satisfies KeyRecord

export const VERSION = {
  id: 'version',
  keyId: 'key',
  vaultId: 'vault',
  number: 2,
  spec: 'AES_256',
  origin: 'internal',
  createdAt: 0,
  updatedAt: 0,
  state: 'enabled',
  tags: {},
  autoRotated: false,
} as const satisfies VersionRecord

export const vaultAt = (now: number, change: Partial<VaultRecord> = {}): VaultView =>
  settleVault({ record: { ...VAULT, ...change }, seq: 1n }, now)

export const keyAt = (
  now: number,
  change: Partial<KeyRecord> = {},
  vault: VaultView = vaultAt(now),
): KeyView => settleKey({ record: { ...KEY, ...change }, seq: 2n }, vault, now)

export const versionAt = (
  now: number,
  change: Partial<VersionRecord> = {},
  key: KeyView = keyAt(now),
): VersionView => settleVersion({ record: { ...VERSION, ...change }, seq: 3n }, key, now)

/** The code of the refusal, or `done`. */
export function codeOf(call: () => unknown): string {
  try {
    call()
    return 'done'
  } catch (error) {
    if (error instanceof StrongroomError) return error.code
    throw error
  }
}
