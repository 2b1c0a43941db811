/** TABLE of the operations that make, show and change keys (contracts: Azure 4, 4.1, 4.2). */
import { wipe } from '../../base/bytes.ts'
import {
  DESCRIBED,
  KEY_TYPE,
  operationsOf,
  protectionOf,
  refuseImmutable,
  replacedPolicy,
  signsAlone,
  versionAttributes,
} from './attributes.ts'
import { row, type Call } from './call.ts'
import { again, makeKey } from './create.ts'
import { bad, invalid } from './errors.ts'
import { flag, integer, may, need, words, type Values } from './fields.ts'
import { JWK, materialOf } from './material.ts'
import { keyBundle, keyItem, kidOf } from './models.ts'
import { checkName, find, inUse, versionOf, versionsOf, shownVersion } from './names.ts'
import { pageAfter, pageOf, pageOfNames } from './paging.ts'
import { keptPolicy } from './release-policy.ts'
import { settingsOf, withSettings } from './settings.ts'
import {
  CURVE_NAMES,
  CURVES,
  OCT_BITS_DEFAULT,
  octSpec,
  RSA_BITS_DEFAULT,
  rsaSpec,
  sizesOf,
  type KeyType,
} from './shapes.ts'
import type { Spec } from '../../domain/algorithms.ts'

const PUBLIC_EXPONENT = 65537

const CREATE = {
  ...DESCRIBED,
  kty: need(KEY_TYPE),
  key_size: may(integer(0, 65_536)),
  public_exponent: may(integer(0, 2 ** 48)),
  crv: may(words(...CURVE_NAMES)),
}
type Create = Values<typeof CREATE>

const SPEC_OF: Readonly<Record<KeyType, (body: Create) => Spec>> = {
  RSA: ({ key_size = RSA_BITS_DEFAULT, public_exponent = PUBLIC_EXPONENT }) => {
    if (public_exponent !== PUBLIC_EXPONENT)
      invalid('public_exponent', `${PUBLIC_EXPONENT}: no other one is offered`)
    return rsaSpec(key_size) ?? invalid('key_size', `one of ${sizesOf('RSA')}`)
  },
  EC: ({ crv = 'P-256' }) => CURVES[crv],
  oct: ({ key_size = OCT_BITS_DEFAULT, key_ops }) => {
    const macs = signsAlone(key_ops)
    return octSpec(key_size, macs) ?? invalid('key_size', `one of ${sizesOf('oct', macs)}`)
  },
}

const UPDATE = DESCRIBED

async function update(call: Call<Values<typeof UPDATE>>): Promise<object> {
  const { key_ops, attributes, tags, release_policy } = call.body
  const { room, vaultId, asked } = call
  const named = await inUse(call)
  const { key } = named
  const version = await versionOf(call, named)
  if (attributes?.exportable !== undefined && attributes.exportable !== (key.exportable === true))
    bad('AKV.SKR.1014: Cannot modify the exportable state of a key.')
  const operations = operationsOf(version.spec, key_ops, key.exportable === true)
  await updatePolicy(call, named, keptPolicy(release_policy))
  const updated = await room.updateKeyVersion({
    ...asked,
    keyId: key.id,
    vaultId,
    versionId: version.id,
    ...versionAttributes(attributes, tags),
    ...(operations && { operations }),
  })
  return keyBundle(call, await again(call, named), updated)
}

async function updatePolicy(
  call: Call,
  { key }: Awaited<ReturnType<typeof inUse>>,
  given: ReturnType<typeof keptPolicy>,
): Promise<void> {
  if (!given) return
  const { room, vaultId, asked, vault, versionName } = call
  if (versionName !== undefined)
    bad('AKV.SKR.1016: Key Release Policy can only be set on versionless key.')
  if (!key.exportable) bad('AKV.SKR.1005: Non-exportable keys must not have release policy.')
  if (vault.managedHsm) refuseImmutable(given)
  const before = settingsOf(key).releasePolicy
  const releasePolicy = replacedPolicy(before, given)!
  if (releasePolicy === before) return
  const settings = withSettings(key, { releasePolicy })
  await room.updateKey({ ...asked, keyId: key.id, vaultId, whileDisabled: true, ...settings })
}

export const KEY_ROWS = {
  createKey: row({
    method: 'POST',
    path: '/keys/{name}/create',
    permission: 'create',
    room: ['createKey', 'createKeyVersion', 'updateKey'],
    body: CREATE,
    answer: (call) => {
      const { kty, key_ops, attributes, tags, release_policy } = call.body
      checkName(call.keyName)
      const { type, hsm } = protectionOf(kty, call.vault)
      const spec = SPEC_OF[type](call.body)
      return makeKey(call, {
        spec,
        hsm,
        ops: key_ops,
        attributes,
        tags,
        releasePolicy: release_policy,
      })
    },
  }),

  importKey: row({
    method: 'PUT',
    path: '/keys/{name}',
    permission: 'import',
    room: ['createKey', 'createKeyVersion', 'updateKey'],
    body: { ...DESCRIBED, Hsm: may(flag), key: need(JWK) },
    answer: async (call) => {
      const { key, Hsm, attributes, tags, release_policy, key_ops = key.key_ops } = call.body
      checkName(call.keyName)
      const { hsm } = protectionOf(key.kty, call.vault, Hsm)
      const { spec, material } = materialOf(key)
      try {
        return await makeKey(call, {
          spec,
          hsm,
          ops: key_ops,
          attributes,
          tags,
          releasePolicy: release_policy,
          material,
        })
      } finally {
        wipe(material)
      }
    },
  }),

  getKey: row({
    method: 'GET',
    path: '/keys/{name}/{version?}',
    permission: 'get',
    room: ['getKey', 'getKeyVersion'],
    body: {},
    answer: async (call) => {
      const { key, name, deleted } = await inUse(call)
      const { room, vaultId, asked } = call
      const asSeen = await room.getKey({ ...asked, keyId: key.id, vaultId })
      const named = { key: asSeen, name, deleted }
      return keyBundle(call, named, await versionOf(call, named))
    },
  }),

  updateKey: row({
    method: 'PATCH',
    path: '/keys/{name}/{version?}',
    permission: 'update',
    room: ['updateKeyVersion', 'updateKey'],
    body: UPDATE,
    answer: update,
  }),

  getKeys: row({
    method: 'GET',
    path: '/keys',
    permission: 'list',
    room: ['listAliases', 'getKey', 'getKeyVersion'],
    body: {},
    answer: async (call) => {
      const { items, next } = await pageOfNames(call, ({ deleted }) => !deleted)
      const value = []
      for (const named of items) {
        const version = await versionOf(call, named)
        value.push(keyItem(call, named, version, call.url('keys', named.name)))
      }
      return pageOf(call, value, next)
    },
  }),

  getKeyVersions: row({
    method: 'GET',
    path: '/keys/{name}/versions',
    permission: 'list',
    room: ['listKeyVersions'],
    body: {},
    answer: async (call) => {
      const named = await find(call)
      if (!named || named.deleted) return pageOf(call, [], undefined)
      const { room, vaultId, asked } = call
      await room.listKeyVersions({ ...asked, keyId: named.key.id, vaultId, limit: 1 })
      const all = []
      for await (const version of versionsOf(call, named))
        all.push({ marker: shownVersion(version), version })
      const { items, next } = pageAfter(call, all)
      const value = items.map(({ version }) =>
        keyItem(call, named, version, kidOf(call, named, version)),
      )
      return pageOf(call, value, next)
    },
  }),
}
