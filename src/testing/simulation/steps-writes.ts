/** Writes at the primary: each with what the model says of it. */
import type { Purpose, Spec } from '../../domain/algorithms.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { SPECS } from '../../domain/algorithms.ts'
import type { Strongroom } from '../../engine/room.ts'
import * as m from '../model.ts'
import { cachedRsa, providerOf } from './provider.ts'
import type { Step } from './step.ts'
import type { Truth } from './truth.ts'
import { write, type World } from './world.ts'

/** More of them make a run longer, and show nothing new. */
const KEYS_MAX = 8
const VERSIONS_MAX = 6

const KEY_SPECS: readonly Spec[] = ['AES_256', 'AES_256', 'AES_256', 'AES_128', 'HMAC_256']
/** Pairs are slower to make, and the signatures of the second when they have to be repeatable. */
const PAIR_SPECS: readonly Spec[] = ['ED25519', 'ED25519', 'ED25519', 'ED25519', 'EC_P256']
const PAIR_SHARE = 0.1

type OnKey = (
  world: World,
  key: m.ModelKey,
) =>
  | {
      readonly note?: string
      readonly act: (model: m.Model, key: m.ModelKey) => void
      readonly call: (room: Strongroom, keyId: string) => Promise<unknown>
    }
  | undefined

/** A step on a key: mostly one that lives. */
function onKey(name: string, weight: number, plan: OnKey): Step {
  const run = async (world: World): Promise<string | undefined> => {
    const truth = world.chance.pick(world.truths)
    const key = someKey(world, truth)
    return key && key.id !== '' ? onThis(world, truth, key, plan) : undefined
  }
  return { name, weight, run }
}

async function onThis(world: World, truth: Truth, key: m.ModelKey, plan: OnKey) {
  const planned = plan(world, key)
  if (!planned) return undefined
  const { note = '', act, call } = planned
  const { displayName, id } = key
  const outcome = await write(world, truth, {
    act: (model, vault) => act(model, keyIn(vault, displayName)),
    call: (room) => call(room, id),
  })
  return outcome && `${displayName} ${note}: ${outcome}`
}

export const keyIn = (vault: m.ModelVault, name: string): m.ModelKey =>
  vault.keys.find(({ displayName }) => displayName === name) ?? m.refuse('NOT_FOUND')

export function someKey(world: World, { vault }: Truth): m.ModelKey | undefined {
  const living = vault.keys.filter((key) => m.keyState(key) !== 'deleted')
  return world.chance.maybe(living.length > 0 && world.chance.hits(0.95) ? living : vault.keys)
}

const purposesOf = (spec: Spec): readonly Purpose[] => SPECS[spec].defaults

export async function createKey(world: World): Promise<string | undefined> {
  const { chance } = world
  const truth = chance.pick(world.truths)
  if (truth.vault.keys.length >= KEYS_MAX) return undefined
  const spec = chance.pick(chance.hits(PAIR_SHARE) ? PAIR_SPECS : KEY_SPECS)
  const imported = spec === 'AES_256' && chance.hits(0.25)
  const displayName = world.name('key')
  const purposes = purposesOf(spec)
  const outcome = await write(world, truth, {
    act: (model, vault) => m.createKey(model, vault, { spec, purposes, displayName, imported }),
    call: (room) => {
      const origin = imported ? ({ origin: 'imported' } as const) : {}
      return room.createKey({ vaultId: truth.id, displayName, spec, ...origin })
    },
  })
  return outcome && `${displayName} ${spec}${imported ? ' imported' : ''}: ${outcome}`
}

const daysAhead = (world: World): number =>
  world.clock.now() + world.chance.pick([7, 8, 30]) * m.DAY_MS

/** Material for an imported key: the same every time, so that it may come again. */
async function bringMaterial(room: Strongroom, keyId: string): Promise<unknown> {
  const provider = await providerOf('import')
  const { publicKey: spki } = await cachedRsa()
  const { importToken } = await room.getImportParameters({
    keyId,
    wrapping: 'RSA_OAEP_SHA_256',
    wrappingSpec: 'RSA_2048',
  })
  const material = new Uint8Array(32).fill(4)
  const wrapped = await provider.publicKey('RSA_2048', spki).oaepEncrypt('SHA_256', material)
  return room.importKeyMaterial({ keyId, importToken, wrapped: wrapped! })
}

async function importMaterial(world: World): Promise<string | undefined> {
  const waiting = world.truths.flatMap((truth) =>
    truth.vault.keys.filter((key) => key.imported && key.id !== '').map((key) => ({ truth, key })),
  )
  const one = world.chance.maybe(waiting)
  return (
    one &&
    onThis(world, one.truth, one.key, () => ({
      act: (model, key) => m.importMaterial(model, key, { material: 4 }),
      call: bringMaterial,
    }))
  )
}

/** A step on an older version, or sometimes on the current one. */
function onVersion(
  name: string,
  weight: number,
  plan: (
    world: World,
    version: m.ModelVersion,
  ) => {
    readonly act: (model: m.Model, version: m.ModelVersion) => void
    readonly call: (
      room: Strongroom,
      at: { readonly keyId: string; readonly versionId: string },
    ) => Promise<unknown>
  },
): Step {
  const run = async (world: World): Promise<string | undefined> => {
    const truth = world.chance.pick(world.truths)
    const key = someKey(world, truth)
    const version = key && world.chance.maybe(key.versions)
    if (!version || version.id === '') return undefined
    const { act, call } = plan(world, version)
    const { number } = version
    return onThis(world, truth, key, () => ({
      note: `version ${number}`,
      act: (model, its) => act(model, its.versions[number - 1]!),
      call: (room, keyId) => call(room, { keyId, versionId: version.id }),
    }))
  }
  return { name, weight, run }
}

/** Aliases have no room of their own in the model's refusals: both may be right at once. */
const ALIASES = ['alias/a', 'alias/b']

function aliasStep(name: 'createAlias' | 'deleteAlias', weight: number): Step {
  const run = async (world: World): Promise<string | undefined> => {
    const truth = world.chance.pick(world.truths)
    const alias = world.chance.pick(ALIASES)
    const key = someKey(world, truth)
    if (name === 'createAlias' && key && key.id !== '')
      return onThis(world, truth, key, () => ({
        note: alias,
        act: (_, its) => m.createAlias(its, alias),
        call: (room, keyId) => room.createAlias({ keyId, name: alias }),
      }))
    if (name === 'createAlias') return undefined
    const outcome = await write(world, truth, {
      act: (_, vault) => m.deleteAlias(vault, alias),
      call: (room) => room.deleteAlias({ vaultId: truth.id, name: alias }),
    })
    return outcome && `${alias}: ${outcome}`
  }
  return { name, weight, run }
}

async function destroyKey(world: World): Promise<string | undefined> {
  const truth = world.chance.pick(world.truths)
  const key = someKey(world, truth)
  const site = world.leader(truth)
  if (!key || key.id === '' || !site) return undefined
  const outcome = await onThis(world, truth, key, () => ({
    act: (_, its) => m.destroyKey(its),
    call: (room, keyId) => room.destroyKey({ keyId }),
  }))
  if (outcome?.endsWith(': ok')) world.swept.push({ site, keyName: key.displayName })
  return outcome
}

/** Nothing of a vault changes that the model knows: only who follows it, or how it is sealed. */
export async function sideWrite(
  world: World,
  truth: Truth,
  call: (room: Strongroom) => Promise<unknown>,
  allowed: readonly ErrorCode[],
): Promise<string | undefined> {
  return write(world, truth, { act: () => undefined, call, allowed })
}

export const WRITE_STEPS: readonly Step[] = [
  { name: 'createKey', weight: 10, run: createKey },
  onKey('createKeyVersion', 6, (_, { versions, imported }) =>
    versions.length >= VERSIONS_MAX || imported
      ? undefined
      : {
          act: (model, key) => void m.createKeyVersion(model, key, {}),
          call: (room, keyId) => room.createKeyVersion({ keyId }),
        },
  ),
  onKey('enableKey', 3, () => ({
    act: (model, key) => m.enableKey(model, key),
    call: (room, keyId) => room.enableKey({ keyId }),
  })),
  onKey('disableKey', 3, () => ({
    act: (_, key) => m.disableKey(key),
    call: (room, keyId) => room.disableKey({ keyId }),
  })),
  onKey('updateKey', 2, (world) => {
    const description = world.name('text')
    return {
      act: (_, key) => m.updateKey(key, { description }, true),
      call: (room, keyId) => room.updateKey({ keyId, description, whileDisabled: true }),
    }
  }),
  onKey('tagKey', 4, (world) => {
    const tags = { [world.chance.pick(['team', 'stage'])]: world.name('tag') }
    return {
      act: (_, key) => m.tagKey(key, tags),
      call: (room, keyId) => room.tagKey({ keyId, tags }),
    }
  }),
  onKey('scheduleKeyDeletion', 2, (world) => {
    const at = daysAhead(world)
    return {
      act: (model, key) => m.scheduleKeyDeletion(model, key, at),
      call: (room, keyId) => room.scheduleKeyDeletion({ keyId, deletionAt: new Date(at) }),
    }
  }),
  onKey('cancelKeyDeletion', 1, () => ({
    act: (model, key) => m.cancelKeyDeletion(model, key, 'previous'),
    call: (room, keyId) => room.cancelKeyDeletion({ keyId }),
  })),
  onVersion('disableKeyVersion', 2, () => ({
    act: (model, version) => m.updateKeyVersion(model, version, { enabled: false }),
    call: (room, at) => room.updateKeyVersion({ ...at, enabled: false }),
  })),
  onVersion('enableKeyVersion', 1, () => ({
    act: (model, version) => m.updateKeyVersion(model, version, { enabled: true }),
    call: (room, at) => room.updateKeyVersion({ ...at, enabled: true }),
  })),
  onVersion('scheduleKeyVersionDeletion', 3, (world) => {
    const at = daysAhead(world)
    return {
      act: (model, version) => m.scheduleVersionDeletion(model, version, at),
      call: (room, place) =>
        room.scheduleKeyVersionDeletion({ ...place, deletionAt: new Date(at) }),
    }
  }),
  onVersion('cancelKeyVersionDeletion', 1, () => ({
    act: (_, version) => m.cancelVersionDeletion(version),
    call: (room, at) => room.cancelKeyVersionDeletion(at),
  })),
  onKey('putRotationPolicy', 1, (_, { imported }) =>
    imported
      ? undefined
      : {
          act: (model, key) => m.putRotation(model, key, { everyDays: 25 }),
          call: (room, keyId) => room.putRotationPolicy({ keyId, rotation: { everyDays: 25 } }),
        },
  ),
  { name: 'importKeyMaterial', weight: 2, run: importMaterial },
  aliasStep('createAlias', 3),
  aliasStep('deleteAlias', 1),
  { name: 'destroyKey', weight: 4, run: destroyKey },
]
