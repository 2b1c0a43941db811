/**
 * The style as a test: layers, cycles, purity, sizes and the entries of the package, read from the
 * sources themselves (docs/architecture.md, CONTRIBUTING.md).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { VERSION } from '../src/cli/version.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SRC = join(ROOT, 'src')

/** Top to bottom; folders on one line are strangers. */
const LAYERS: readonly (readonly string[])[] = [
  ['cli'],
  ['server'],
  ['faces'],
  ['index.ts'],
  ['engine'],
  ['audit', 'backup', 'replication'],
  ['crypto', 'format', 'store'],
  ['domain'],
  ['base'],
]
/** May import anything; nothing imports it. */
const APART = 'testing'

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70
const COLUMNS_MAX = 100
/** Tables grow with what they list. */
const TABLES = ['domain/algorithms.ts', 'engine/schemas.ts', 'format/records.ts']

const PURE = ['domain', 'format']
/** Names that bring time, chance or the outside into a pure layer. */
const IMPURE = [
  'Date.now',
  'Math.random',
  'performance.now',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'console.log',
  'console.error',
  'crypto.getRandomValues',
  'process.env',
]

interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

interface Source {
  /** Path below `src`, with `/`. */
  readonly name: string
  readonly text: string
  readonly lines: readonly string[]
  readonly tree: ts.SourceFile
  readonly imports: readonly Import[]
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  const clause = node.importClause
  if (!clause) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const named = clause.namedBindings
  return (
    clause.name === undefined &&
    named !== undefined &&
    ts.isNamedImports(named) &&
    named.elements.length > 0 &&
    named.elements.every(({ isTypeOnly: only }) => only)
  )
}

/** Static imports, re-exports and `import()` with a literal. */
function importsOf(tree: ts.SourceFile): Import[] {
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const at = node.moduleSpecifier
      if (at && ts.isStringLiteral(at))
        found.push({ specifier: at.text, typeOnly: isTypeOnly(node) })
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [at] = node.arguments
      if (at && ts.isStringLiteral(at)) found.push({ specifier: at.text, typeOnly: false })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

function read(name: string): Source {
  const text = readFileSync(join(SRC, name), 'utf8')
  const tree = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true)
  return { name, text, lines: text.split('\n'), tree, imports: importsOf(tree) }
}

const SOURCES: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'))
  .sort()
  .map(read)

const folderOf = (name: string): string => name.split('/')[0]!
const layerOf = (folder: string): number => LAYERS.findIndex((line) => line.includes(folder))
const target = (source: Source, specifier: string): string =>
  relative(SRC, join(SRC, dirname(source.name), specifier)).replaceAll('\\', '/')
const local = (source: Source) =>
  source.imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map((item) => ({ ...item, name: target(source, item.specifier) }))

/** Why an import is not allowed; undefined when it is. */
function objection(from: string, to: string): string | undefined {
  if (from === to || from === APART) return undefined
  if (to === APART) return `nothing imports ${APART}`
  const [upper, lower] = [layerOf(from), layerOf(to)]
  if (upper < 0 || lower < 0) return 'a folder that no layer names'
  return upper < lower ? undefined : `${from} may not import ${to}`
}

describe('layers', () => {
  test('every folder has a layer', () => {
    const folders = new Set(SOURCES.map(({ name }) => folderOf(name)))
    expect([...folders].filter((folder) => folder !== APART && layerOf(folder) < 0)).toEqual([])
    expect(SOURCES.length).toBeGreaterThan(20)
  })

  test('imports only go down', () => {
    const bad = SOURCES.flatMap((source) =>
      local(source).flatMap(({ name }) => {
        const why = objection(folderOf(source.name), folderOf(name))
        return why === undefined ? [] : [`${source.name} -> ${name}: ${why}`]
      }),
    )
    expect(bad).toEqual([])
  })

  test('the rule itself refuses upward, sideways and testing', () => {
    expect(objection('domain', 'base')).toBeUndefined()
    expect(objection('base', 'domain')).toContain('may not')
    expect(objection('crypto', 'store')).toContain('may not')
    expect(objection('engine', 'testing')).toContain('nothing imports')
    expect(objection('testing', 'engine')).toBeUndefined()
    expect(objection('engine', 'odd')).toContain('no layer')
  })

  test('imports are written with their ending and lead to files that exist', () => {
    const bad = SOURCES.flatMap((source) =>
      local(source)
        .filter(({ name }) => !name.endsWith('.ts') || !existsSync(join(SRC, name)))
        .map(({ specifier }) => `${source.name}: ${specifier}`),
    )
    expect(bad).toEqual([])
  })

  test('files form no cycle, types apart', () => {
    expect(cycles(new Map(SOURCES.map((source) => [source.name, values(source)])))).toEqual([])
    expect(cycles(new Map([['a', ['b']], ['b', ['a']]]))).toEqual(['a -> b -> a']) // prettier-ignore
  })

  test('node: stays out of pure layers, the portable provider and the domain of browsers', () => {
    const bad = SOURCES.filter(
      ({ name }) => PURE.includes(folderOf(name)) || /^(base|crypto\/portable)\//.test(name),
    ).flatMap((source) =>
      source.imports
        .filter(({ specifier }) => specifier.startsWith('node:'))
        .map(({ specifier }) => `${source.name}: ${specifier}`),
    )
    expect(bad).toEqual([])
  })
})

const values = (source: Source): string[] =>
  local(source)
    .filter(({ typeOnly }) => !typeOnly)
    .map(({ name }) => name)

/** Every cycle that a depth-first walk closes, as a path. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const walk = (name: string, path: readonly string[]): void => {
    const at = path.indexOf(name)
    if (at >= 0) {
      found.push([...path.slice(at), name].join(' -> '))
      return
    }
    if (done.has(name)) return
    for (const next of graph.get(name) ?? []) walk(next, [...path, name])
    done.add(name)
  }
  for (const name of graph.keys()) walk(name, [])
  return found
}

describe('pure layers', () => {
  test('take time and chance as arguments', () => {
    const bad = SOURCES.filter(({ name }) => PURE.includes(folderOf(name))).flatMap((source) =>
      impurities(source.tree).map((what) => `${source.name}: ${what}`),
    )
    expect(bad).toEqual([])
  })

  test('the rule itself finds each banned name', () => {
    for (const name of IMPURE) expect(impurities(parse(`${name}()`))).toEqual([name])
    expect(impurities(parse('new Date()'))).toEqual(['new Date()'])
    expect(impurities(parse('new Date(5); // Date.now'))).toEqual([])
  })
})

const parse = (text: string) => ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2023, true)

/** Uses of banned names in code; comments and strings do not count. */
function impurities(tree: ts.SourceFile): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && IMPURE.includes(node.getText(tree)))
      found.push(node.getText(tree))
    if (ts.isIdentifier(node) && IMPURE.includes(node.text)) found.push(node.text)
    if (ts.isNewExpression(node) && node.expression.getText(tree) === 'Date')
      if ((node.arguments?.length ?? 0) === 0) found.push('new Date()')
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

describe('sizes', () => {
  test(`files have at most ${FILE_LINES_MAX} lines, tables apart`, () => {
    const long = SOURCES.filter(({ name }) => !TABLES.includes(name))
      .filter(({ lines }) => lines.length - 1 > FILE_LINES_MAX)
      .map(({ name, lines }) => `${name}: ${lines.length - 1}`)
    expect(long).toEqual([])
  })

  test(`lines of code have at most ${COLUMNS_MAX} columns`, () => {
    const wide = SOURCES.flatMap(({ name, tree, lines }) => {
      const comments = commentLines(tree)
      return lines.flatMap((line, at) =>
        line.length > (comments.has(at) ? COMMENT_COLUMNS_MAX : COLUMNS_MAX)
          ? [`${name}:${at + 1}: ${line.length}`]
          : [],
      )
    })
    expect(wide).toEqual([])
  })

  test(`functions have at most ${FUNCTION_LINES_MAX} lines`, () => {
    const long = SOURCES.flatMap(({ name, tree }) =>
      functions(tree)
        .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
        .map(({ at, lines }) => `${name}:${at}: ${lines}`),
    )
    expect(long).toEqual([])
  })
})

/** Prose in comments is set a little wider than code. */
const COMMENT_COLUMNS_MAX = 120

function commentLines(tree: ts.SourceFile): Set<number> {
  const found = new Set<number>()
  tree.text.split('\n').forEach((line, at) => {
    if (/^\s*(\/\*|\*|\/\/)/.test(line)) found.add(at)
  })
  return found
}

function functions(tree: ts.SourceFile): { readonly at: number; readonly lines: number }[] {
  const found: { at: number; lines: number }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const first = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line
      const last = tree.getLineAndCharacterOfPosition(node.end).line
      found.push({ at: first + 1, lines: last - first + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

describe('the package', () => {
  const pkg = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly version: string
    readonly exports: Readonly<Record<string, string | { types: string; default: string }>>
    readonly bin: Readonly<Record<string, string>>
    readonly dependencies: Readonly<Record<string, string>>
  }
  const source = (built: string) =>
    built.replace(/^\.\/dist\//, '').replace(/(\.d)?\.(ts|js)$/, '.ts')

  test('every entry is built from a source that exists, types first', () => {
    for (const [entry, where] of Object.entries(pkg.exports)) {
      if (typeof where === 'string') continue
      expect(Object.keys(where), entry).toEqual(['types', 'default'])
      expect(source(where.types)).toBe(source(where.default))
      expect(existsSync(join(SRC, source(where.default))), `${entry}: ${where.default}`).toBe(true)
    }
  })

  test('the command exists, starts with a shebang, and tells the version of the package', () => {
    const main = readFileSync(join(SRC, source(pkg.bin['strongroom']!)), 'utf8')
    expect(main.startsWith('#!/usr/bin/env node\n')).toBe(true)
    expect(VERSION).toBe(pkg.version)
  })

  test('packages that sources import are dependencies, and every dependency is imported', () => {
    const used = new Set(
      SOURCES.flatMap(({ imports }) => imports.map(({ specifier }) => specifier))
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .map((specifier) => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1))
        .map((parts) => parts.join('/')),
    )
    const types = new Set(['abstract-level'])
    const missing = [...used].filter((name) => !(name in pkg.dependencies) && !types.has(name))
    expect(missing).toEqual([])
    expect(Object.keys(pkg.dependencies).filter((name) => !used.has(name))).toEqual([])
  })

  test('engine and faces never load the command, its packages or the store on disk by themselves', () => {
    const eager = reach('index.ts')
    const seen = [...eager].map((name) => SOURCES.find((item) => item.name === name)!)
    const packages = seen.flatMap(({ tree }) => eagerPackages(tree))
    for (const name of ['commander', 'cli-progress', 'level', 'classic-level', 'hono'])
      expect(packages, name).not.toContain(name)
    expect([...eager].filter((name) => name.startsWith('cli/'))).toEqual([])
  })

  test('the AWS face loads what verifies attestation with the first Recipient, not before', () => {
    const eager = [...reach('faces/aws/index.ts')]
    expect(eager).toContain('faces/aws/recipient.ts')
    expect(eager.filter((name) => name.startsWith('faces/aws/nitro/'))).toEqual([])
    const trees = SOURCES.filter(({ name }) => eager.includes(name)).map(({ tree }) => tree)
    expect(trees.flatMap(eagerPackages)).not.toContain('cborg')
  })

  test('post-quantum code is loaded on first use, never by an import', () => {
    const uses = SOURCES.filter(({ imports }) =>
      imports.some(({ specifier }) => specifier.startsWith('@noble/post-quantum')),
    )
    expect(uses.map(({ name }) => name)).toEqual(['crypto/lattices.ts'])
    const eager = uses.flatMap(({ tree }) => eagerPackages(tree))
    expect(eager.filter((specifier) => specifier.startsWith('@noble'))).toEqual([])
  })
})

/** Specifiers of static imports with values. */
const eagerPackages = (tree: ts.SourceFile): string[] =>
  tree.statements.flatMap((node) =>
    (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
    node.moduleSpecifier &&
    ts.isStringLiteral(node.moduleSpecifier) &&
    !isTypeOnly(node)
      ? [node.moduleSpecifier.text]
      : [],
  )

/** Files that importing this one loads at once. */
function reach(start: string): Set<string> {
  const seen = new Set<string>()
  const walk = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    const source = SOURCES.find((item) => item.name === name)
    for (const specifier of source ? eagerPackages(source.tree) : [])
      if (specifier.startsWith('.')) walk(target(source!, specifier))
  }
  walk(start)
  return seen
}
