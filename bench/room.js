/** Rooms and inputs that several benchmarks share. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** The built package; another build can be measured by naming its folder. */
const DIST = process.env.STRONGROOM_DIST ?? new URL('../dist', import.meta.url).pathname
export const built = (file) => import(join(DIST, file))
export const distPath = (file) => join(DIST, file)

/**
 * What benchmarks leave behind: made stores, SoftHSM2. Inside node_modules, which neither git nor the linters read;
 * another folder puts the durable benchmarks on another disk.
 */
const CACHE =
  process.env.STRONGROOM_BENCH_CACHE ??
  new URL('../node_modules/.cache/strongroom-bench', import.meta.url).pathname
export const cachePath = (name) => join(CACHE, name)

/** For operations of many parts: the compiler needs hundreds of runs to know them. */
export const LONG_WARM_UP_MS = 4000

export const CONTEXT = { table: 'orders', tenant: 'north-7' }
/** What a bare loop authenticates: the same pairs, already in bytes. */
export const AAD = Buffer.from(JSON.stringify(CONTEXT))
export const SEAL = { key: new Uint8Array(32).fill(7) }

export async function memoryRoom() {
  const { Strongroom } = await built('index.js')
  const room = await Strongroom.open()
  const vault = await room.createVault({ displayName: 'bench' })
  const key = (spec, more = {}) =>
    room.createKey({ vaultId: vault.id, displayName: spec, spec, ...more })
  return { room, vault, key }
}

/** A folder of its own on the disk that is measured, removed by `clean`. */
export async function folder() {
  await mkdir(CACHE, { recursive: true })
  const path = await mkdtemp(cachePath('tmp-'))
  return { path, clean: () => rm(path, { recursive: true, force: true }) }
}

/** Rounds of all callers in one slice: the first and the last, with fewer in flight, must not show. */
const ROUNDS_MIN = 8

/** Runs `n` operations of `body` in all, `count` at a time. */
export function callers(count, body) {
  const run = async (n) => {
    let left = n
    const one = async () => {
      while (left-- > 0) await body()
    }
    await Promise.all(Array.from({ length: count }, one))
  }
  return Object.assign(run, { least: count === 1 ? 1 : count * ROUNDS_MIN })
}
