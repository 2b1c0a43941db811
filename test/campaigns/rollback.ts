/**
 * Somebody who can write the store puts back what was true once, or elsewhere: older images, single
 * records of the past, records of other keys, vaults and stores. Opening with a full verification
 * refuses each with the code that says which.
 */
import { Strongroom } from '../../src/index.ts'
import type { Store } from '../../src/store/store.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { fromHex } from '../../src/base/bytes.ts'
import { parsePath, type ParsedPath } from '../../src/format/paths.ts'
import { drop, Ledger, memoryPath, nameOf, progress, type Campaign } from './campaign.ts'
import { Chance } from './chance.ts'
import { kindOf, put, remembering, type Image } from './history.ts'
import { SEAL } from './seal.ts'
import { write } from './writer.ts'

/** A store with its past. */
export interface World {
  readonly path: string
  readonly images: readonly Image[]
  readonly now: Image
}

interface Scene {
  readonly mine: World
  readonly other: World
  readonly chance: Chance
}

interface Case {
  readonly code: 'ROLLED_BACK' | 'INTEGRITY'
  /** What the store holds afterwards; undefined when chance found nothing to do it with. */
  readonly forge: (scene: Scene) => Image | undefined
}

const parsed = (key: string): Partial<ParsedPath> => parsePath(fromHex(key)!) ?? {}
/** Seal, realm head and whatever else stands for the store as a whole belong to no vault. */
const isOfVault = (key: string): boolean => parsed(key).vaultId !== undefined
/** Nothing ever reads an entry of a journal that no commit of the room names. */
const isRead = (key: string): boolean => isOfVault(key) && parsed(key).kind !== 'journal'
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
const replaced = (image: Image, key: string, value: Uint8Array): Image =>
  new Map(image).set(key, value)

/** A row of the past, of those for which `fits` says so. */
function past({ mine, chance }: Scene, fits: (key: string, value: Uint8Array) => boolean) {
  const rows = [...chance.pick(mine.images)].filter(([key, value]) => fits(key, value))
  return rows.length > 0 ? chance.pick(rows) : undefined
}

/** Puts the value of one row under the path of another of its kind, for which `fits` says so. */
function exchange(
  { mine, chance }: Scene,
  fits: (a: Partial<ParsedPath>, b: Partial<ParsedPath>) => boolean,
): Image | undefined {
  const rows = [...mine.now].filter(([key]) => isOfVault(key))
  const [key, value] = chance.pick(rows)
  const partners = rows.filter(
    ([to]) => to !== key && kindOf(to) === kindOf(key) && fits(parsed(key), parsed(to)),
  )
  if (partners.length === 0) return undefined
  const [partner, its] = chance.pick(partners)
  return new Map(mine.now).set(key, its).set(partner, value)
}

const isSealed = (image: Image): boolean => [...image.keys()].some((key) => kindOf(key) === 'seal')

export const CASES: Readonly<Record<string, Case>> = {
  'an older image of the whole store': {
    code: 'ROLLED_BACK',
    forge: ({ mine, chance }) => {
      const older = mine.images.filter((image) => isSealed(image) && image !== mine.now)
      return chance.pick(older)
    },
  },
  'a record overwritten by its own past': {
    code: 'INTEGRITY',
    forge: (scene) => {
      const { now } = scene.mine
      const older = past(scene, (key, value) => {
        const current = now.get(key)
        return isOfVault(key) && current !== undefined && !same(current, value)
      })
      return older && replaced(now, ...older)
    },
  },
  'a deleted record that is back': {
    code: 'INTEGRITY',
    forge: (scene) => {
      const { now } = scene.mine
      const gone = past(scene, (key) => isOfVault(key) && !now.has(key))
      return gone && replaced(now, ...gone)
    },
  },
  'a record that is missing': {
    code: 'INTEGRITY',
    forge: ({ mine, chance }) => {
      const [key] = chance.pick([...mine.now].filter(([at]) => kindOf(at) !== 'seal'))
      return new Map([...mine.now].filter(([at]) => at !== key))
    },
  },
  'the seal record missing': {
    code: 'INTEGRITY',
    forge: ({ mine }) => new Map([...mine.now].filter(([key]) => kindOf(key) !== 'seal')),
  },
  'an older realm head': {
    code: 'INTEGRITY',
    forge: (scene) => {
      const { now } = scene.mine
      const older = past(
        scene,
        (key, value) => kindOf(key) === 'realmHead' && !same(now.get(key)!, value),
      )
      return older && replaced(now, ...older)
    },
  },
  'an older image of one vault': {
    code: 'INTEGRITY',
    forge: ({ mine, chance }) => {
      const { now } = mine
      const older = chance.pick(mine.images)
      const heads = [...older].filter(
        ([key, value]) => kindOf(key) === 'head' && !same(now.get(key)!, value),
      )
      if (heads.length === 0) return undefined
      const { vaultId } = parsed(chance.pick(heads)[0])
      const others = [...now].filter(([key]) => parsed(key).vaultId !== vaultId)
      const its = [...older].filter(([key]) => parsed(key).vaultId === vaultId)
      return new Map([...others, ...its])
    },
  },
  'records swapped between keys of a vault': {
    code: 'INTEGRITY',
    forge: (scene) => exchange(scene, (a, b) => a.vaultId === b.vaultId),
  },
  'records swapped between vaults': {
    code: 'INTEGRITY',
    forge: (scene) => exchange(scene, (a, b) => a.vaultId !== b.vaultId),
  },
  'a record of another store': {
    code: 'INTEGRITY',
    forge: ({ mine, other, chance }) => {
      const [from, value] = chance.pick([...other.now].filter(([key]) => isOfVault(key)))
      const places = [...mine.now.keys()].filter((key) => kindOf(key) === kindOf(from))
      return places.length > 0 ? replaced(mine.now, chance.pick(places), value) : undefined
    },
  },
  'a record more, of another store': {
    code: 'INTEGRITY',
    forge: ({ mine, other, chance }) =>
      replaced(mine.now, ...chance.pick([...other.now].filter(([key]) => isRead(key)))),
  },
  'the realm head of another store': {
    code: 'INTEGRITY',
    forge: ({ mine, other }) => {
      const key = [...mine.now.keys()].find((at) => kindOf(at) === 'realmHead')!
      return replaced(mine.now, key, other.now.get(key)!)
    },
  },
  'the whole of another store': { code: 'INTEGRITY', forge: ({ other }) => other.now },
}

export const run: Campaign = async (options) => {
  const ledger = new Ledger()
  const chance = new Chance(options.seed)
  const [mine, other] = [await lived(options.seed), await lived(options.seed + 1)]
  const scene = { mine, other, chance }
  const names = Object.keys(CASES)
  for (let i = 0; i < options.rounds; i++) {
    const name = names[i % names.length]!
    const { code, forge } = CASES[name]!
    const image = forge(scene)
    if (image) {
      const found = await openedWith(mine, image)
      if (found === code) ledger.add(`refused: ${name}`)
      else ledger.violation(`${name}: ${found}, not ${code}; round ${i}`)
    } else ledger.add('nothing to do it with')
    progress(options, i + 1)
  }
  const after = await openedWith(mine, mine.now)
  if (after !== 'ok') ledger.violation(`the true store is refused: ${after}`)
  drop(mine.path)
  drop(other.path)
  return ledger.report()
}

/** A store after some life, closed. */
export async function lived(seed: number): Promise<World> {
  const path = memoryPath()
  const { store, images } = remembering(await openLevelStore({ path }))
  const room = await Strongroom.open({ store, seal: SEAL })
  await room.createVault({ displayName: 'first' })
  await room.createVault({ displayName: 'second' })
  await write(room, { lanes: 2, seed, steps: 60, name: `w${seed}` }, () => undefined)
  await room.close()
  return { path, images, now: images.at(-1)! }
}

/**
 * What opening answers while the store holds these rows and the newest side files; puts the true
 * rows back.
 */
export async function openedWith(
  { path, now }: World,
  image: Image,
  look?: (room: Strongroom) => Promise<void>,
): Promise<string> {
  await change(path, (store) => put(store, now, image))
  try {
    const room = await Strongroom.open({ path, seal: SEAL, verify: look === undefined })
    try {
      await look?.(room)
    } finally {
      await room.close()
    }
    return 'ok'
  } catch (error) {
    return nameOf(error)
  } finally {
    await change(path, (store) => put(store, image, now))
  }
}

async function change(path: string, body: (store: Store) => Promise<void>): Promise<void> {
  const store = await openLevelStore({ path, create: 'never' })
  try {
    await body(store)
  } finally {
    await store.close()
  }
}
