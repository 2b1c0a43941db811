/** Uses of keys, at the primary and at replicas, and what a replica must refuse. */
import * as m from '../model.ts'
import { codeOf, violated } from './trace.ts'
import type { Truth } from './truth.ts'
import type { Step } from './step.ts'
import { someKey } from './steps-writes.ts'
import { make, useFor, useOf } from './uses.ts'
import { write, type World } from './world.ts'
import type { Site } from './site.ts'

/** Uses that are remembered of a vault; older ones have been checked often enough. */
const MADE_MAX = 24

/** A use at a site that has all; the refusal or the version must be what the model says. */
async function use(world: World): Promise<string | undefined> {
  const truth = world.chance.pick(world.truths)
  const site = upToDate(world, truth)
  const key = someKey(world, truth)
  if (!site || !key || key.id === '' || !truth.certain) return undefined
  const named = world.chance.hits(0.3) ? world.chance.maybe(key.versions) : undefined
  const by = useOf(key)
  const target = { keyId: key.id, ...(named && { versionId: named.id }) }
  const expected = predictedUse(truth, key, by, named)
  const about = `${key.displayName} at ${site.region}`
  try {
    const { bytes, versionId } = await make(site.room, by, target)
    if (typeof expected === 'string') violated(`${about}: used, where ${expected} was expected`)
    if (versionId !== expected.id) violated(`${about}: used another version than the current one`)
    const { displayName: keyName, id: keyId } = key
    truth.made.push({ keyName, number: expected.number, keyId, versionId, by, bytes })
    if (truth.made.length > MADE_MAX) truth.made.shift()
    return `${about}: ${by} by version ${expected.number}`
  } catch (error) {
    const code = codeOf(error)
    if (code !== expected && !(code === 'UNAVAILABLE' && site.harmed))
      violated(
        `${about}: ${code}, where ${typeof expected === 'string' ? expected : 'success'} ` +
          'was expected',
        error,
      )
    return `${about}: ${code}`
  }
}

function predictedUse(
  { model }: Truth,
  key: m.ModelKey,
  by: ReturnType<typeof useOf>,
  named: m.ModelVersion | undefined,
): m.ModelVersion | string {
  try {
    return m.use(model, key, useFor(by), named)
  } catch (error) {
    if (error instanceof m.Refusal) return error.code
    throw error
  }
}

/** The primary, or a replica that has everything. */
function upToDate(world: World, truth: Truth): Site | undefined {
  const leader = world.leader(truth)
  if (!leader) return undefined
  const newest = world.history.headOf(leader.region, truth.id)!.seq
  const others = world
    .followers(truth)
    .filter(({ region }) => world.history.headOf(region, truth.id)!.seq === newest)
  return world.chance.pick([leader, ...others])
}

/** A replica takes no change, whatever it has. */
async function writeAtReplica(world: World): Promise<string | undefined> {
  const truth = world.chance.pick(world.truths)
  const site = world.chance.maybe(world.followers(truth))
  if (!site) return undefined
  const { room } = site
  const tags = { written: 'here' }
  const calls = [
    () => room.createKey({ vaultId: truth.id, displayName: 'stray', spec: 'AES_256' }),
    () => room.updateVault({ vaultId: truth.id, tags }),
    async () => {
      const { items } = await room.listKeys({ vaultId: truth.id, limit: 1 })
      return room.tagKey({ keyId: items[0]?.id ?? truth.id, tags })
    },
  ]
  try {
    await world.chance.pick(calls)()
  } catch (error) {
    const code = codeOf(error)
    // A key that has not arrived here, or a store that does not answer.
    const known = ['READ_ONLY_REPLICA', 'NOT_FOUND'].includes(code)
    if (known || (code === 'UNAVAILABLE' && site.harmed)) return `${site.region}: ${code}`
    return violated(`a write at the replica in ${site.region}: ${code}`, error)
  }
  return violated(`the replica in ${site.region} accepted a write`)
}

const BACKUPS_MAX = 4

async function backupKey(world: World): Promise<string | undefined> {
  const truth = world.chance.pick(world.truths)
  const key = someKey(world, truth)
  const site = world.leader(truth)
  if (!site || !key || key.id === '' || !truth.certain) return undefined
  const { displayName: keyName, id: keyId } = key
  const vaultActive = m.vaultState(truth.vault) === 'active'
  const held = ['enabled', 'disabled'].includes(m.keyState(key)) && vaultActive
  try {
    const { blob } = await site.room.backupKey({ keyId })
    if (!held) violated(`${keyName} was backed up, though it is ${m.keyState(key)}`)
    truth.backups.push({ keyName, blob: blob!, key: truth.seen(keyName) })
    if (truth.backups.length > BACKUPS_MAX) truth.backups.shift()
    return `${keyName}: ok`
  } catch (error) {
    const code = codeOf(error)
    if (!(code === 'INVALID_STATE' && !held) && !(code === 'UNAVAILABLE' && site.harmed))
      violated(`backup of ${keyName}: ${code}`, error)
    return `${keyName}: ${code}`
  }
}

/** An older backup: of what was destroyed since, nothing may come back. */
async function restoreKey(world: World): Promise<string | undefined> {
  const truth = world.chance.pick(world.truths)
  const ended = truth.backups.filter(({ keyName }) => truth.seen(keyName).state === 'deleted')
  const some = ended.length > 0 && world.chance.hits(0.5) ? ended : truth.backups
  const backup = world.chance.maybe(some)
  if (!backup || !truth.certain) return undefined
  const { keyName, blob } = backup
  const outcome = await write(world, truth, {
    restored: backup,
    act: (_, vault) => {
      m.needActive(vault)
      const key = vault.keys.find(({ displayName }) => displayName === keyName)!
      if (m.keyState(key) === 'deleted') m.refuse('INVALID_STATE')
    },
    call: (room) => room.restoreKey({ blob }),
  })
  return outcome && `${keyName}: ${outcome}`
}

export const USE_STEPS: readonly Step[] = [
  { name: 'use', weight: 24, run: use },
  { name: 'writeAtReplica', weight: 3, run: writeAtReplica },
  { name: 'backupKey', weight: 6, run: backupKey },
  { name: 'restoreKey', weight: 8, run: restoreKey },
]
