/** Material from outside under the vault's wrapping key: as a new key, as a new version. */
import { StrongroomError } from '../../base/errors.ts'
import { familyOf } from '../../domain/family.ts'
import type { VersionRecord } from '../../domain/records.ts'
import { settleKey } from '../../domain/settle.ts'
import { path } from '../../format/paths.ts'
import type { WrappingKey } from '../api.ts'
import { writing, type Bodies, type Context } from '../body.ts'
import type { Core, Reader } from '../core.ts'
import { expiry, fingerprint } from '../fingerprint.ts'
import { keyView, vaultView, versionView } from '../lookup.ts'
import {
  beginning,
  dispose,
  dropBeginning,
  generate,
  type Beginning,
  type Material,
} from '../make.ts'
import { damaged } from '../records.ts'
import { makeKey } from '../save.ts'
import type { Tx } from '../tx.ts'
import { secretHandle } from '../use-key.ts'
import { unwrapMaterial } from '../unwrap.ts'
import { keyAnswer } from '../views.ts'
import { addVersion } from './versions.ts'

type Names = 'getWrappingKey' | 'importKey' | 'importKeyVersion'

export const IMPORT_BODIES: Bodies<Names> = {
  getWrappingKey: writing<'getWrappingKey', Material | undefined>({
    prepare: async ({ core, vault }) =>
      vault.record.wrappingKeyId === undefined ? generate(core.provider, 'RSA_4096') : undefined,
    run: async (context, material) => wrappingKey(context, material),
    dispose,
  }),

  importKey: writing<'importKey', Beginning>({
    prepare: ({ core, reader, vault, input, now }) =>
      beginning(core, input.id, async () => {
        const unwrapper = await wrappingPrivateKey(core, reader, vault.record.wrappingKeyId, now)
        return unwrapMaterial(core.provider, unwrapper, input.wrapping, input.wrapped, input.spec)
      }),
    run: async ({ core, tx, vault, input, now }, begun) => {
      const material = begun.material!
      const { wrapped: _, wrapping: __, expiresAt, ...rest } = input
      const entry = await makeKey(core, tx, vault, {
        input: rest,
        origin: 'imported',
        material,
        fingerprint: (keyId) => fingerprint(core, keyId, material),
        ...expiry(expiresAt, now),
      })
      const family = input.multiRegion && { family: familyOf(entry.record, []) }
      return keyAnswer(settleKey(entry, vault, now, family || {}))
    },
    dispose: dropBeginning,
  }),

  importKeyVersion: writing<'importKeyVersion', Material>({
    prepare: async ({ core, reader, vault, key, input, now }) => {
      if (key.record.origin === 'external') throw external()
      const unwrapper = await wrappingPrivateKey(core, reader, vault.record.wrappingKeyId, now)
      return unwrapMaterial(
        core.provider,
        unwrapper,
        input.wrapping,
        input.wrapped,
        key.record.spec,
      )
    },
    run: async ({ core, tx, key, input, now }, material) => {
      const { wrapped: _, wrapping: __, expiresAt, ...attributes } = input
      return addVersion(core, tx, key, {
        material,
        origin: 'imported',
        attributes,
        fingerprint: fingerprint(core, key.record.id, material),
        ...expiry(expiresAt, now),
      })
    },
    dispose,
  }),
}

const external = (): StrongroomError =>
  new StrongroomError(
    'UNSUPPORTED',
    'Key: expected one whose material is here, got an external one.',
  )

async function wrappingKey(
  { core, tx, vault, now }: Context<'getWrappingKey'> & { tx: Tx },
  material: Material | undefined,
): Promise<WrappingKey> {
  const known = vault.record.wrappingKeyId
  if (known !== undefined) return describe((await wrappingView(core, tx, known, now)).record)
  if (vault.record.type === 'EXTERNAL')
    throw new StrongroomError(
      'UNSUPPORTED',
      'vaultId: expected a vault that holds material, got an EXTERNAL one.',
    )
  const input = {
    vaultId: vault.record.id,
    displayName: 'RSA wrapping key',
    spec: 'RSA_4096',
    purposes: [],
  } as const
  const entry = await makeKey(core, tx, vault, {
    input,
    origin: 'internal',
    role: 'wrapping',
    material: material!,
  })
  await tx.put('vault', path.vault(vault.record.id), {
    ...vault.record,
    wrappingKeyId: entry.record.id,
    updatedAt: now,
  })
  const key = settleKey(entry, vault, now)
  return describe((await versionView(tx, key, 1, now)).record)
}

const describe = (version: VersionRecord): WrappingKey =>
  Object.freeze({
    id: version.keyId,
    vaultId: version.vaultId,
    publicKey: new Uint8Array(version.publicKey!),
    createdAt: new Date(version.createdAt),
  })

async function wrappingView(core: Core, reader: Reader, keyId: string, now: number) {
  const index = await reader.get('index', path.index(keyId, reader.cell.id))
  if (!index) throw damaged('the wrapping key of a vault is missing')
  const key = await keyView(core, reader, await vaultView(reader, now), index.record.ordinal, now)
  return versionView(reader, key, key.record.currentVersion, now)
}

async function wrappingPrivateKey(
  core: Core,
  reader: Reader,
  keyId: string | undefined,
  now: number,
) {
  if (keyId === undefined)
    throw new StrongroomError(
      'INVALID_KEY_MATERIAL',
      'wrapped: expected material under the wrapping key of the vault, which has none ' +
        'yet: call getWrappingKey first.',
    )
  const version = await wrappingView(core, reader, keyId, now)
  const handle = await secretHandle(core, reader, version)
  if (handle.family !== 'pair')
    throw new StrongroomError('INTERNAL', 'The wrapping key is not a key pair.')
  return handle.privateKey
}
