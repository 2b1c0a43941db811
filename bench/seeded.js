/** Stores of a given number of keys, made once and kept for later runs. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SEAL, built, cachePath, callers } from './room.js'

/** Ids that reads choose from: a sample over the whole store. */
const SAMPLE = 20_000
const CALLERS = 256

/** The store, made when it is not there yet. */
export async function seeded(keys) {
  const path = cachePath(`store-${keys}`)
  if (!existsSync(path)) await fill(path, keys)
  const { vaultId, ids } = JSON.parse(await readFile(join(path, 'ids.json'), 'utf8'))
  return { path: join(path, 'store'), vaultId, ids }
}

async function fill(path, keys) {
  const { Strongroom } = await built('index.js')
  const draft = `${path}.new`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  const room = await Strongroom.open({ path: join(draft, 'store'), seal: SEAL, cachedKeys: 1000 })
  const { id: vaultId } = await room.createVault({ displayName: 'bench' })
  const ids = []
  const every = Math.max(1, Math.floor(keys / SAMPLE))
  let made = 0
  const create = async () => {
    const displayName = `key ${made++}`
    const { id } = await room.createKey({ vaultId, displayName, spec: 'AES_256' })
    if (made % every === 0) ids.push(id)
  }
  await callers(CALLERS, create)(keys)
  await room.close()
  await writeFile(join(draft, 'ids.json'), JSON.stringify({ vaultId, ids }))
  await rename(draft, path)
}

export async function openSeeded({ path }, more = {}) {
  const { Strongroom } = await built('index.js')
  return Strongroom.open({ path, seal: SEAL, create: 'never', ...more })
}
