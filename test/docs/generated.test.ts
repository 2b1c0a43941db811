/** The pages that are written from the tables say what the tables say. `npm run docs` writes them. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { describe, expect, it } from 'vitest'
import { documents } from '../../docs/generate.ts'

const root = new URL('../../', import.meta.url)

describe('generated pages', () => {
  it.each(Object.entries(documents()))('%s', async (file, text) => {
    const path = fileURLToPath(new URL(file, root))
    const wanted = await format(text, { ...(await resolveConfig(path)), parser: 'markdown' })
    if (process.env['UPDATE_DOCS']) await writeFile(path, wanted)
    const found = await readFile(path, 'utf8').catch(() => '')
    expect(found === wanted, `${file} differs from the tables: run npm run docs`).toBe(true)
  })
})
