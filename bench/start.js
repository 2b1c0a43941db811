/** Beginnings: a whole small story in memory, and what importing the package costs a new process. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { LONG_WARM_UP_MS, built, distPath } from './room.js'

const run = promisify(execFile)

const story = {
  name: 'story',
  title: 'open + createVault + createKey + encrypt, memory',
  /** The one absolute budget: milliseconds (of CPU, so that neighbours do not count) in a warm process. */
  warmUpMs: LONG_WARM_UP_MS,
  budget: { milliseconds: 10 },
  async setup() {
    const { Strongroom } = await built('index.js')
    const plaintext = new Uint8Array(32)
    const once = async () => {
      const room = await Strongroom.open()
      const { id: vaultId } = await room.createVault({ displayName: 'shop' })
      const { id: keyId } = await room.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
      await room.encrypt({ keyId, plaintext })
      await room.close()
    }
    return {
      subject: async (n) => {
        for (let i = 0; i < n; i++) await once()
      },
      baselines: {},
      close() {},
    }
  },
}

/** Runs a module in a process of its own; it prints its CPU time in milliseconds and the libraries it loaded. */
async function child(source) {
  const code = `${source}
    const { user, system } = process.cpuUsage()
    const libraries = process.report.getReport().sharedObjects.filter((name) => name.endsWith('.node'))
    console.log(JSON.stringify({ ms: (user + system) / 1000, libraries }))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code])
  return JSON.parse(stdout)
}

const importing = {
  name: 'import',
  title: 'process that imports the package, CPU time against an empty one',
  async setup() {
    const entry = JSON.stringify(distPath('index.js'))
    const { libraries } = await child(`await import(${entry})`)
    if (libraries.length > 0) throw new Error(`import loads native modules: ${libraries}`)
    // The work is in other processes: their own clocks count, not ours.
    const cpu = (source) => async () => (await child(source)).ms * 1000
    return { processes: { subject: cpu(`await import(${entry})`), empty: cpu('') }, close() {} }
  },
}

export const START = [story, importing]
