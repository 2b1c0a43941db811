/** What stands in the files of src/crypto: a mutation run, which writes into them, leaves this out. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const SOURCE = new URL('../../src/crypto/', import.meta.url)

describe('the portable provider', () => {
  it('nothing that it imports, near or far, comes from Node', () => {
    const seen = new Set<string>()
    const visit = (url: URL): void => {
      if (seen.has(url.href)) return
      seen.add(url.href)
      const text = readFileSync(url, 'utf8')
      expect(text, url.pathname).not.toMatch(/\b(Buffer|process|__dirname)\.\w|\brequire\(/)
      for (const [, name] of text.matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
        expect(name, url.pathname).toMatch(/^(\.{1,2}\/|@noble\/)/)
        if (name!.startsWith('.')) visit(new URL(name!, url))
      }
    }
    visit(new URL('portable/index.ts', SOURCE))
    expect(seen.size).toBeGreaterThan(15)
  })

  it('has the same file names as the other provider', () => {
    const [node, portable] = ['node/', 'portable/'].map((folder) =>
      readdirSync(new URL(folder, SOURCE)).sort(),
    )
    expect(portable).toEqual(node)
    expect(existsSync(new URL('provider.ts', SOURCE))).toBe(true)
  })
})
