/**
 * A LevelDB in a directory: the duties that LevelDB leaves to its user. The directory is private to
 * its owner, opened once per machine, never created by accident, never repaired, and its names are
 * as durable as its data.
 */
import type { LevelDatabase } from './database.ts'
import type { LevelHome } from './level-store.ts'
import type { LevelPathOptions } from '../level.ts'
import type { LevelPlatform } from './platform.ts'
import { LevelStore } from './level-store.ts'
import { claim } from './registry.ts'
import { createFreeSpace } from './free-space.ts'
import { defaultPlatform } from './platform.ts'
import { ensureStore, removeDrafts } from './creation.ts'
import { fromLevel, tellsDamage } from './errors.ts'
import { keep, letGo } from './kept.ts'
import { cutUnsynced } from './manifest.ts'
import { openFileSidecar } from '../sidecar.ts'
import { makeImage } from './image.ts'
import { openNames } from './names.ts'
import { assertTables } from './tables.ts'
import { assertWhole } from './inspection.ts'

/** @param platform pieces to replace, for tests */
export async function openDirectory(
  options: LevelPathOptions,
  platform: Partial<LevelPlatform> = {},
): Promise<LevelStore> {
  const pieces = { ...defaultPlatform, ...platform }
  try {
    const { root, location } = await ensureStore(options, pieces)
    return await LevelStore.open(await createHome(root, location, pieces), options.limits)
  } catch (error) {
    throw fromLevel(error, `Opening the store ${options.path}`)
  }
}

async function createHome(
  root: string,
  location: string,
  platform: LevelPlatform,
): Promise<LevelHome> {
  const unclaim = await claim(location, root)
  try {
    const names = openNames(location, platform)
    const sidecar = openFileSidecar(root)
    const space = createFreeSpace(location, platform)
    return {
      name: root,
      sidecar,
      connect: async () => {
        if (platform.system !== 'win32') await keep(location)
        await assertWhole(location)
        const db = await opened(location, platform)
        try {
          await names.opened()
          await letGo(location)
          await removeDrafts(root)
        } catch (error) {
          await db.close()
          throw error
        }
        return db
      },
      settle: () => names.settle(),
      reserve: (bytes) => space.reserve(bytes),
      image: () => makeImage(root, location),
      inspect: () => assertTables(location),
      release: async () => {
        names.close()
        await sidecar.close().finally(unclaim)
      },
    }
  } catch (error) {
    unclaim()
    throw error
  }
}

/** Once more when all that LevelDB misses is what a power cut took before it was synced. */
async function opened(location: string, platform: LevelPlatform): Promise<LevelDatabase> {
  const attempt = async (): Promise<LevelDatabase> => {
    const db = await platform.connect(location, { createIfMissing: false })
    await db.open()
    return db
  }
  try {
    return await attempt()
  } catch (error) {
    if (!tellsDamage(error) || !(await cutUnsynced(location))) throw error
    return attempt()
  }
}
