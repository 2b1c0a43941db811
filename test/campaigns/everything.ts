/**
 * A room with something of everything, and all that it says of itself, as text that can be
 * compared.
 */
import { Strongroom, VirtualClock, type Key } from '../../src/index.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { nameOf } from './campaign.ts'
import { Chance } from './chance.ts'
import { SEAL } from './seal.ts'
import { USES, type CampaignSpec } from './uses.ts'

/** Always the same moment: what time decides must not differ between two looks. */
export const clockOfCampaign = (): VirtualClock =>
  new VirtualClock(new Date('2026-01-02T03:04:05Z'))

export interface Work {
  readonly keyId: string
  readonly spec: CampaignSpec
  readonly message: Uint8Array
  readonly proof: Uint8Array
}

/**
 * Vaults, keys in every state, versions, aliases, rotations, destroyed ones; reopened, so that
 * files of all kinds are there.
 */
export async function furnish(
  path: string,
  { keys, sessions, seed }: { readonly keys: number; readonly sessions: number; seed: number },
): Promise<Work[]> {
  const chance = new Chance(seed)
  const works: Work[] = []
  for (let session = 0; session < sessions; session++) {
    const room = await Strongroom.open({ path, seal: SEAL, clock: clockOfCampaign() })
    const { id: vaultId } = await room.createVault({ displayName: `vault ${session}` })
    await Promise.all(
      Array.from({ length: keys }, (_, at) => one(room, vaultId, `${session}-${at}`, at, works)),
    )
    const { id } = await room.createKey({ vaultId, displayName: 'short-lived', spec: 'AES_256' })
    if (chance.next() < 0.8 || session === 0) await room.destroyKey({ keyId: id })
    await room.updateVault({ vaultId, tags: { session: `${session}` } })
    await room.close()
  }
  return works
}

async function one(
  room: Strongroom,
  vaultId: string,
  displayName: string,
  at: number,
  works: Work[],
): Promise<void> {
  const spec = (['AES_256', 'HMAC_256', 'EC_P256'] as const)[at % 3]!
  const { id: keyId } = await room.createKey({ vaultId, displayName, spec })
  const message = utf8(`message of ${displayName}`)
  works.push({ keyId, spec, message, proof: await USES[spec].make(room, keyId, message) })
  if (at % 4 === 1) await room.createKeyVersion({ keyId })
  if (at % 4 === 2) await room.createAlias({ keyId, vaultId, name: `alias/${displayName}` })
  if (at % 5 === 3) await room.putRotationPolicy({ keyId, rotation: { everyDays: 30 } })
  if (at % 7 === 6) await room.disableKey({ keyId })
  if (at % 11 === 10) await room.scheduleKeyDeletion({ keyId })
}

/** A question to a room, and its answer as text; what fails answers with its code. */
export type Answers = Record<string, string>

const plain = (_name: string, value: unknown): unknown =>
  value instanceof Uint8Array ? toHex(value) : typeof value === 'bigint' ? `${value}` : value

/** Asks a room everything about all that it should hold. */
export async function interrogate(
  room: Strongroom,
  works: readonly Work[],
  vaultIds: readonly string[],
): Promise<Answers> {
  const answers: Answers = {}
  const ask = async <T>(question: string, call: () => Promise<T> | T): Promise<T | undefined> => {
    try {
      const answer = await call()
      answers[question] = JSON.stringify(answer, plain)
      return answer
    } catch (error) {
      answers[question] = `fails: ${nameOf(error)}`
      return undefined
    }
  }
  await ask('head', () => room.head())
  await ask('vaults', () => room.listVaults({ limit: 1000 }))
  for (const vaultId of vaultIds) {
    await ask(`vault ${vaultId}`, () => room.getVault({ vaultId }))
    await ask(`usage ${vaultId}`, () => room.getVaultUsage({ vaultId }))
    await ask(`aliases ${vaultId}`, () => room.listAliases({ vaultId, limit: 1000 }))
    const keys = await ask(`keys ${vaultId}`, () => room.listKeys({ vaultId, limit: 1000 }))
    for (const key of keys?.items ?? []) await askKey(key, room, ask)
  }
  for (const { keyId, spec, message, proof } of works) {
    await ask(`work of ${keyId}`, () => USES[spec].holds(room, keyId, message, proof))
    await ask(`named ${keyId}`, () => room.getKey({ keyId }))
  }
  return answers
}

type Ask = <T>(question: string, call: () => Promise<T> | T) => Promise<T | undefined>

async function askKey({ id: keyId, spec }: Key, room: Strongroom, ask: Ask): Promise<void> {
  const versions = await ask(`versions ${keyId}`, () =>
    room.listKeyVersions({ keyId, limit: 1000 }),
  )
  for (const { id: versionId } of versions?.items ?? [])
    await ask(`version ${versionId}`, () => room.getKeyVersion({ keyId, versionId }))
  await ask(`rotation ${keyId}`, () => room.getRotationPolicy({ keyId }))
  if (spec === 'EC_P256') await ask(`public ${keyId}`, () => room.getPublicKey({ keyId }))
}
