/**
 * Sources and tests as plain JavaScript side by side, for child processes and for long campaigns:
 * Node 20 runs no TypeScript. Kept by content inside node_modules, where the packages that they
 * import are found.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CACHE = join(ROOT, 'node_modules', '.cache', 'strongroom-tree')
/** Single files by content: after a change only the changed ones are made anew. */
const FILES = join(CACHE, 'files')
const STALE_MS = 24 * 3_600_000

const compilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2023,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
}

let built

/** The folder with `src/**.js` and `test/**.js`, for example `<folder>/src/store/level.js`. */
export function builtTree() {
  built ??= build()
  return built
}

async function build() {
  await mkdir(FILES, { recursive: true })
  const sources = (await Promise.all(['src', 'test'].map(readSources))).flat()
  const hash = createHash('sha256')
  for (const { name, key } of sources) hash.update(`${name}\0${key}\0`)
  const folder = join(CACHE, hash.digest('hex').slice(0, 16))
  if (!existsSync(folder)) await emit(sources, folder)
  await Promise.all([removeStale(CACHE, folder), removeStale(FILES)])
  return folder
}

/** Everything but the test files themselves: those run under the test runner alone. */
async function readSources(folder) {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && /(?<!\.test|\.d)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(path, 'utf8')
      const key = createHash('sha256').update(JSON.stringify(compilerOptions)).update(text)
      return { name: relative(ROOT, path), text, key: key.digest('hex') }
    }),
  )
}

/** Written under a name of its own and renamed: parallel test files never see half of it. */
async function emit(sources, folder) {
  const draft = `${folder}-${randomUUID()}`
  await mkdir(draft, { recursive: true })
  await writeFile(join(draft, 'package.json'), '{ "type": "module" }\n')
  for (const source of sources) {
    const path = join(draft, source.name.replace(/\.ts$/, '.js'))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, await transpiled(source))
  }
  try {
    await rename(draft, folder)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
}

async function transpiled({ name, text, key }) {
  const path = join(FILES, `${key}.js`)
  const known = await readFile(path, 'utf8').catch(() => undefined)
  if (known !== undefined) return known
  const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: name })
  const draft = `${path}-${randomUUID()}`
  await writeFile(draft, outputText)
  await rename(draft, path)
  return outputText
}

async function removeStale(folder, keep) {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs
    if (path !== keep && path !== FILES && age > STALE_MS)
      await rm(path, { recursive: true, force: true })
  }
}
