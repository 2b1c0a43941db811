/** What replies show of keys (contracts: Azure 2). */
import { toBase64url } from '../../base/bytes.ts'
import { parseRsaSpki } from '../../crypto/keys.ts'
import { DAY_MS } from '../../domain/limits.ts'
import { SPECS } from '../../domain/algorithms.ts'
import type { Key, Version } from '../../engine/api.ts'
import type { Call } from './call.ts'
import type { VaultHere } from './face.ts'
import { deletedAt, shownVersion, type Named } from './names.ts'
import { shownPolicy } from './release-policy.ts'
import { settingsOf } from './settings.ts'
import { curveOf, HSM, kindOf, type KeyOp } from './shapes.ts'

export const seconds = (time: Date | number): number => Math.floor(Number(time) / 1000)

export const kidOf = (call: Call, { name }: Named, version: Version): string =>
  call.url('keys', name, shownVersion(version))

/** Those that the version may be used for, in the order of the service. */
export function keyOpsOf({ purposes }: Key, { spec, operations }: Version): KeyOp[] {
  const { ops } = kindOf(spec)!
  return (Object.entries(ops) as (readonly [KeyOp, string])[])
    .filter(([, ours]) => operations?.some((each) => each === ours) ?? true)
    .filter(([, ours]) => purposes.includes(PURPOSE_OF[ours]!))
    .map(([op]) => op)
}

const PURPOSE_OF: Readonly<Record<string, Key['purposes'][number]>> = {
  encrypt: 'encrypt',
  decrypt: 'encrypt',
  sign: 'sign',
  verify: 'sign',
  wrapKey: 'wrap',
  unwrapKey: 'wrap',
  generateMac: 'mac',
  verifyMac: 'mac',
}

/** The public part; there is none of a symmetric key. */
function publicMembers({ spec, publicKey }: Version): Readonly<Record<string, string>> {
  if (!publicKey) return {}
  const rsa = parseRsaSpki(publicKey)
  if (rsa) return { n: toBase64url(rsa.n), e: toBase64url(rsa.e) }
  const { bytes } = SPECS[spec]
  const [x, y] = [publicKey.slice(-2 * bytes, -bytes), publicKey.slice(-bytes)]
  return { crv: curveOf(spec)!, x: toBase64url(x), y: toBase64url(y) }
}

export const keyTypeOf = ({ protectionMode }: Key, { spec }: Version): string =>
  `${kindOf(spec)!.type}${protectionMode === 'HSM' ? HSM : ''}`

/** Contracts: Azure 2, recoveryLevel. */
export function recoveryLevel({ retentionDays, purgeProtection }: VaultHere): string {
  const level = retentionDays < 90 ? 'CustomizedRecoverable' : 'Recoverable'
  return purgeProtection ? level : `${level}+Purgeable`
}

/** What came with version 7.5 of the API. */
const OLDER = /^(?:2016-|7\.[0-4])/

function attributesOf(call: Call, key: Key, version: Version) {
  const { state, previousState = state, notBefore, expiresOn } = version
  const { managedHsm } = call.vault
  const platform = key.protectionMode === 'HSM' ? '2' : '0'
  return {
    enabled: previousState === 'enabled' && key.state !== 'disabled',
    ...(notBefore && { nbf: seconds(notBefore) }),
    ...(expiresOn && { exp: seconds(expiresOn) }),
    created: seconds(version.createdAt),
    updated: seconds(version.updatedAt),
    recoveryLevel: recoveryLevel(call.vault),
    recoverableDays: call.vault.retentionDays,
    exportable: key.exportable === true,
    ...(!managedHsm && !OLDER.test(call.apiVersion) && { hsmPlatform: platform }),
  }
}

const tagsOf = ({ tags }: Version) => (Object.keys(tags).length > 0 ? { tags } : {})

export function keyBundle(call: Call, named: Named, version: Version) {
  const { key } = named
  const policy = shownPolicy(settingsOf(key).releasePolicy)
  return {
    key: {
      kid: kidOf(call, named, version),
      kty: keyTypeOf(key, version),
      key_ops: keyOpsOf(key, version),
      ...publicMembers(version),
    },
    attributes: attributesOf(call, key, version),
    ...tagsOf(version),
    ...(policy && { release_policy: policy }),
  }
}

/** An item of a list of keys names no version, one of a list of versions does. */
export const keyItem = (call: Call, named: Named, version: Version, kid: string) => ({
  kid,
  attributes: attributesOf(call, named.key, version),
  ...tagsOf(version),
})

export const deletedMembers = (call: Call, named: Named) => ({
  recoveryId: call.url('deletedkeys', named.name),
  deletedDate: seconds(deletedAt(named)),
  scheduledPurgeDate: seconds(named.key.deletionAt ?? deletedAt(named) + 90 * DAY_MS),
})
