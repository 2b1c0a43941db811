/**
 * The sources as plain JavaScript, for child processes of tests: Node 20 runs no TypeScript. Types
 * are stripped file by file; the result is kept by content, so that test files and runs share it.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = join(ROOT, 'src')
/** Inside node_modules, where the packages that the sources import are found. */
const CACHE = join(ROOT, 'node_modules', '.cache', 'strongroom-modules')
const STALE_MS = 24 * 3_600_000

const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2023,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
}

let built: Promise<string> | undefined

/** The folder that holds every module of `src` as `.js`, for example `<folder>/store/level.js`. */
export function builtModules(): Promise<string> {
  built ??= build()
  return built
}

async function build(): Promise<string> {
  const sources = await readSources()
  const hash = createHash('sha256').update(JSON.stringify(OPTIONS))
  for (const { name, text } of sources) hash.update(`${name}\0${text}\0`)
  const folder = join(CACHE, hash.digest('hex').slice(0, 16))
  if (!existsSync(folder)) await emit(sources, folder)
  await removeStale(folder)
  return folder
}

interface Source {
  readonly name: string
  readonly text: string
}

async function readSources(): Promise<Source[]> {
  const entries = await readdir(SOURCES, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return Promise.all(
    paths.map(async (path) => ({
      name: relative(SOURCES, path),
      text: await readFile(path, 'utf8'),
    })),
  )
}

/** Written under a name of its own and renamed: parallel test files never see half of it. */
async function emit(sources: readonly Source[], folder: string): Promise<void> {
  const draft = `${folder}-${randomUUID()}`
  await mkdir(draft, { recursive: true })
  await writeFile(join(draft, 'package.json'), '{ "type": "module" }\n')
  for (const { name, text } of sources) {
    const path = join(draft, name.replace(/\.ts$/, '.js'))
    await mkdir(dirname(path), { recursive: true })
    const { outputText } = ts.transpileModule(text, { compilerOptions: OPTIONS, fileName: name })
    await writeFile(path, outputText)
  }
  try {
    await rename(draft, folder)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
}

async function removeStale(keep: string): Promise<void> {
  for (const name of await readdir(CACHE)) {
    const path = join(CACHE, name)
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs
    if (path !== keep && age > STALE_MS) await rm(path, { recursive: true, force: true })
  }
}
