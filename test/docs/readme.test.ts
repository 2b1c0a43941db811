/**
 * The documentation keeps its word: blocks marked `ts runnable` run against the sources and print
 * what the `text` block after them says, links lead somewhere, and tables of the code are told
 * truthfully.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { FAILURES } from '../../src/cli/failures.ts'
import { builtModules } from '../helpers/transpile.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const PAGES = [
  ...readdirSync(ROOT),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) =>
    join('docs', name),
  ),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(ROOT, name), 'utf8') }))

interface Block {
  readonly place: string
  readonly code: string
  /** What it prints; undefined when no `text` block follows. */
  readonly prints: string | undefined
}

const FENCE = /^```ts runnable\n([\s\S]*?)^```$(?:\n+^```text\n([\s\S]*?)^```$)?/gm

const blocksOf = (name: string, text: string): Block[] =>
  [...text.matchAll(FENCE)].map((match) => ({
    place: `${name}:${text.slice(0, match.index).split('\n').length}`,
    code: match[1]!,
    prints: match[2],
  }))

const PKG = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly scripts: Readonly<Record<string, string>>
}

/** `strongroom` and its subpaths as files of the built modules; an undocumented subpath fails. */
function located(specifier: string, folder: string): string {
  const entry = PKG.exports[specifier.replace(/^strongroom/, '.')]
  if (typeof entry !== 'object') throw new Error(`${specifier} is no entry of the package`)
  return pathToFileURL(join(folder, entry.default.replace(/^\.\/dist\//, ''))).href
}

/** Runs a block as a module of its own and answers what it printed. */
async function output(code: string): Promise<string> {
  const modules = await builtModules()
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  })
  const mapped = outputText.replace(
    /(['"])(strongroom(?:\/[a-z/]+)?)\1/g,
    (_, quote: string, specifier: string) => quote + located(specifier, modules) + quote,
  )
  const folder = await mkdtemp(join(modules, '..', 'block-'))
  try {
    const file = join(folder, 'block.mjs')
    await writeFile(file, mapped)
    const { stdout } = await run(process.execPath, [file], { cwd: folder })
    return stdout
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

describe('runnable blocks', () => {
  const blocks = PAGES.flatMap(({ name, text }) => blocksOf(name, text))

  test('the README has two, with their output', () => {
    expect(blocks.filter(({ place }) => place.startsWith('README.md'))).toHaveLength(2)
  })

  test.each(blocks)('$place prints what it says', async ({ code, prints }) => {
    expect(prints).toBeDefined()
    expect(await output(code)).toBe(prints)
  })

  test('a block that throws or prints something else is noticed', async () => {
    await expect(output("throw new Error('no')")).rejects.toThrow()
    expect(await output("console.log('a')")).toBe('a\n')
    await expect(output("import 'strongroom/nowhere'")).rejects.toThrow('no entry')
  })
})

describe('pages', () => {
  test('links inside the repository lead to what exists', () => {
    const dead = PAGES.flatMap(({ name, text }) =>
      [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1]!)
        .filter((link) => !/^[a-z]+:/.test(link))
        .map((link) => relative(ROOT, join(ROOT, dirname(name), link)))
        .filter((link) => !existsSync(join(ROOT, link)))
        .map((link) => `${name}: ${link}`),
    )
    expect(dead).toEqual([])
  })

  test('commands of npm that are shown exist', () => {
    const shown = PAGES.flatMap(({ text }) => [...text.matchAll(/npm run ([a-z]+)/g)])
    expect(shown.map((match) => match[1]!).filter((name) => !(name in PKG.scripts))).toEqual([])
    expect(shown.length).toBeGreaterThan(0)
  })

  test('docs/cli.md tells the exit code of every error code', () => {
    const page = PAGES.find(({ name }) => name === join('docs', 'cli.md'))!.text
    const told = [...page.matchAll(/^\| (\d) +\|[^|]*\|([^|]*)\|$/gm)].flatMap((row) =>
      [...row[2]!.matchAll(/`([A-Z_]+)`/g)].map((code) => [code[1]!, Number(row[1])] as const),
    )
    const actual = Object.entries(FAILURES).map(([code, { exit }]) => [code, exit] as const)
    expect(new Map(told)).toEqual(new Map(actual))
    expect(told).toHaveLength(actual.length)
  })
})
