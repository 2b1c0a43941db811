/**
 * Destroyed means gone: with the seal, every row that the store ever held, and the side files as
 * they are now, nothing that was destroyed opens, and everything that lives does; also when the
 * destruction is cut off anywhere and finished by the next room.
 */
import { Strongroom, VirtualClock } from '../../src/index.ts'
import type { Store } from '../../src/store/store.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { sharedProvider } from '../helpers/provider.ts'
import { loot, placesIn } from './attacker.ts'
import { Ledger, nameOf, progress, type Campaign, type CampaignOptions } from './campaign.ts'
import { Chance } from './chance.ts'
import { imageOf, put, remembering, type Image } from './history.ts'
import { copySides, inMemory, onDisk, type Place } from './places.ts'
import { remains, type Moment } from './remains.ts'
import { SEAL } from './seal.ts'
import { stocked, WAYS, type Life, type Stock } from './ways.ts'

export const NAMES = Object.keys(WAYS)
/** A destruction rarely takes more calls of the store. */
const CALLS_MAX = 50

export const run: Campaign = async (options) => {
  const ledger = new Ledger()
  for (let i = 0; i < options.rounds; i++) {
    const chance = new Chance(options.seed + i)
    const names = new Set([NAMES[i % NAMES.length]!])
    if (chance.next() < 0.3) names.add(chance.pick(NAMES))
    const cutAt = chance.next() < 0.5 ? 1 + chance.below(CALLS_MAX) : undefined
    const where = `${[...names].join(', ')}; cut at ${cutAt}, round ${i}, seed ${options.seed}`
    const place = onDisk()
    try {
      const scene = await prepared(place, [...names], chance)
      const { problems } = await destroyed(options, scene, ledger, cutAt)
      for (const what of problems) ledger.violation(`${what}; ${where}`)
    } catch (error) {
      ledger.violation(`${nameOf(error)}; ${where}`)
    } finally {
      place.drop()
    }
    progress(options, i + 1)
  }
  return ledger.report()
}

/** A store on the eve of a destruction. */
export interface Scene {
  readonly place: Place
  readonly names: readonly string[]
  readonly stock: Stock
  readonly start: Date
}

const open = async (store: Store, clock: VirtualClock): Promise<Strongroom> =>
  Strongroom.open({ store, seal: SEAL, clock, crypto: await sharedProvider() })

export async function prepared(
  place: Place,
  names: readonly string[],
  chance: Chance,
): Promise<Scene> {
  const clock = new VirtualClock()
  const room = await open(await place.open(), clock)
  const stock = await stocked(room, chance)
  for (const name of names) await WAYS[name]!.prepare?.({ ...stock, room, clock })
  await room.close()
  return { place, names, stock, start: new Date(clock.now()) }
}

/**
 * The destruction of a scene over the store at its place, to the end or up to a call of the store,
 * from which on the store is dead; then another room finishes.
 * @returns what is wrong, and the numbers of the calls that wrote
 */
export async function destroyed(
  options: CampaignOptions,
  scene: Scene,
  ledger: Ledger,
  cutAt?: number,
): Promise<{ problems: readonly string[]; writes: readonly number[] }> {
  const { place, names, stock } = scene
  const problems: string[] = []
  const say = (what: string): void => void problems.push(what)
  const clock = new VirtualClock(scene.start)
  const inner = await place.open()
  const eve: Moment = { image: await imageOf(inner), erase: (await inner.sidecar!.read('erase'))! }
  const past = remembering(inner, eve.image)
  const store = faultyStore(past.store, { poison: true })
  const life: Life = { ...stock, clock, room: await open(store, clock) }
  const opened = store.calls.length
  if (cutAt !== undefined)
    store.plan({ method: 'any', nth: opened + cutAt, kind: 'before', lasting: true })
  const codes: string[] = []
  for (const name of names) codes.push(await codeOf(WAYS[name]!.destroy(life)))
  // A destruction that ended before its cut was not cut.
  store.heal()
  const writes = store.calls.slice(opened).flatMap(({ method, ordinal }) => {
    return WRITING.has(method) ? [ordinal - opened] : []
  })
  const cut = store.calls.some(({ fault }) => fault !== 'none')
  if (!cut && codes.some((code) => code !== 'ok')) say(`the destruction answers ${codes.join()}`)
  if (!cut) await judge(life, names, say)
  await life.room.close().catch(() => undefined)
  // A room whose store is dead cannot close it.
  await inner.close()

  const again = await place.open()
  const later = remembering(again, past.images.at(-1))
  const next: Life = { ...life, room: await open(later.store, clock) }
  if (cut) await finish(next, names)
  await judge(next, names, say)
  await next.room.close()
  ledger.add(cut ? 'cut off' : 'whole')
  const images = [...past.images, ...later.images]
  for (const what of await left(options, place, eve, images, ledger)) say(what)
  for (const what of await thief(place, eve, stock)) say(what)
  return { problems, writes }
}

const WRITING: ReadonlySet<string> = new Set(['commit', 'sidecar.write', 'sidecar.scrub'])

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    return nameOf(error)
  }
}

/** What the cut destruction left: asked again where it had not begun, else finished by tick. */
async function finish(life: Life, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { gone, destroy } = WAYS[name]!
    const ciphertext = life.ciphertexts.get(gone)!
    if ((await codeOf(life.room.decrypt({ ciphertext }))) === 'ok') await destroy(life)
  }
  await life.room.tick()
}

/** Everything living works, nothing that was destroyed does. */
async function judge(
  { room, ciphertexts }: Life,
  names: readonly string[],
  say: (what: string) => void,
): Promise<void> {
  const gone = new Set(names.map((name) => WAYS[name]!.gone))
  for (const [name, ciphertext] of ciphertexts) {
    const code = await codeOf(room.decrypt({ ciphertext }))
    if (code !== (gone.has(name) ? 'INVALID_STATE' : 'ok')) say(`${name}: decrypt answers ${code}`)
  }
}

/** What an attacker finds in the closed store, in its past and in its files. */
async function left(
  options: CampaignOptions,
  { open: reopen, path }: Place,
  eve: Moment,
  images: readonly Image[],
  ledger: Ledger,
): Promise<string[]> {
  const problems: string[] = []
  const store = await reopen()
  const now = await imageOf(store)
  const erase = (await store.sidecar!.read('erase'))!
  const living = new Set(placesIn(now))
  const gone = placesIn(eve.image).filter((place) => !living.has(place))
  if (gone.length === 0) problems.push('nothing was destroyed')
  const opens = await loot([...images, now], [erase])
  const opened = await loot([...images, now], [eve.erase])
  for (const place of gone) {
    if (opens.has(place)) problems.push(`destroyed material opens: ${place}`)
    // The attack itself is real: with the erase file of before it opens everything.
    if (!opened.has(place)) problems.push(`the attacker cannot even open what lived: ${place}`)
  }
  for (const place of living)
    if (!opens.has(place)) problems.push(`living material is lost: ${place}`)
  ledger.add('materials destroyed', gone.length)
  ledger.add('living materials checked', living.size)
  problems.push(...((await options.inspect?.(store)) ?? []))
  await store.close()
  if (path !== undefined) problems.push(...remains(path, eve, { image: now, erase }))
  return problems
}

/** A room over the rows of before beside the side files of now: nothing opens. */
async function thief(place: Place, { image }: Moment, { ciphertexts }: Stock): Promise<string[]> {
  const [now, store] = [await place.open(), await inMemory().open()]
  await put(store, new Map(), image)
  await copySides(now, store)
  await now.close()
  const crypto = await sharedProvider()
  const room = await Strongroom.open({ store, seal: SEAL, acceptRollback: true, crypto })
  const problems: string[] = []
  for (const [name, ciphertext] of ciphertexts) {
    const code = await codeOf(room.decrypt({ ciphertext }))
    if (code !== 'INTEGRITY' && code !== 'INVALID_STATE')
      problems.push(`${name}: the rows of before beside the side files of now answer ${code}`)
  }
  await room.close()
  return problems
}
