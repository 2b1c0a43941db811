/**
 * kill -9 at random moments: nothing that was answered is lost, nothing is half there, and it
 * always opens again.
 */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { builtModules } from '../helpers/transpile.ts'
import { freshDirectory } from './harness.ts'
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { scanText, textAt } from '../../src/testing/store-suite/kit.ts'

const ROUNDS = 30
const CHILD = fileURLToPath(new URL('kill-child.mjs', import.meta.url))

interface Round {
  readonly lanes: number
  /** The line of the child after which the clock runs: every tenth kill falls into the opening. */
  readonly after: 'opening' | 'open'
  readonly delayMs: number
}

/** Runs a child until it is killed; answers the numbers that it told. */
function killed(modules: string, path: string, round: Round): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, modules, path, `${round.lanes}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    let armed = false
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (armed || !output.includes(`${round.after}\n`)) return
      armed = true
      setTimeout(() => child.kill('SIGKILL'), round.delayMs)
    })
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL' || errors !== '') reject(new Error(`the child failed: ${errors}`))
      // A last line without its end was not told whole.
      else resolve(output.split('\n').slice(0, -1).map(Number).filter(Number.isInteger))
    })
  })
}

/** The numbers of the commits that are there; fails on a commit of which only a part is. */
async function wholeCommits(store: Store): Promise<Set<number>> {
  const { rows } = await scanText(store, 'row/')
  const parts = new Map<number, string[]>()
  for (const [key, value] of Object.entries(rows)) {
    const [, n, part] = key.split('/')
    expect(value).toBe(`${n}/${part}/${'x'.repeat(300)}`)
    parts.set(Number(n), [...(parts.get(Number(n)) ?? []), part!])
  }
  for (const [n, found] of parts)
    expect([n, found.sort().join('')]).toEqual([n, parts.has(n + 50) ? '012' : '0123'])
  return new Set(parts.keys())
}

it('leaves nothing half made when the first opening is killed', { timeout: 600_000 }, async () => {
  const modules = await builtModules()
  for (let i = 0; i < 6; i++) {
    const path = freshDirectory()
    await killed(modules, path, { lanes: 1, after: 'opening', delayMs: i * 3 })
    const store = await openLevelStore({ path })
    await wholeCommits(store)
    expect(readdirSync(path).filter((name) => name !== 'anchor')).toEqual(['store'])
    await store.close()
  }
})

it(`survives ${ROUNDS} kills`, { timeout: 600_000 }, async () => {
  const modules = await builtModules()
  const path = freshDirectory()
  let present = new Set<number>()
  let acknowledged = 0
  for (let i = 1; i <= ROUNDS; i++) {
    const round: Round = {
      lanes: i % 3 === 0 ? 8 : 1,
      after: i % 10 === 0 ? 'opening' : 'open',
      delayMs: Math.random() * (i % 10 === 0 ? 20 : 120),
    }
    const told = await killed(modules, path, round)
    const store = await openLevelStore({ path, create: i === 1 ? 'ifMissing' : 'never' })
    const now = await wholeCommits(store)
    const lost = [...present, ...told].filter((n) => !now.has(n))
    expect({ round, lost }).toEqual({ round, lost: [] })
    if (now.size > 0) expect(now.has(Number(await textAt(store, 'last')))).toBe(true)
    const anchor = await store.sidecar!.read('anchor')
    if (anchor) expect(now.has(Number(fromUtf8(anchor)))).toBe(true)
    expect((await store.get(utf8('last')))?.version ?? 0n).toBe(await store.head())
    await store.close()
    present = now
    acknowledged += told.length
  }
  expect(acknowledged).toBeGreaterThan(ROUNDS)
})
