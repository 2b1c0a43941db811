/** The tables of docs/formats/records.md are the tables of the code (`GOLDENS=add` writes them). */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { RECORD_KINDS, RECORD_TABLES } from '../../src/format/records.ts'

const PAGE = fileURLToPath(new URL('../../docs/formats/records.md', import.meta.url))
/** Longer lists of words are named by the table of the code that they come from. */
const WORDS_MAX = 6

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  const [head, ...body] = rows
  return [
    line(head!),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...body.map(line),
  ].join('\n')
}

const typeName = (type: string): string =>
  type.split(' / ').length > WORDS_MAX ? 'a spec, such as AES_256' : type

const sections: Readonly<Record<string, string>> = {
  kinds: table([
    ['tag', 'kind', 'scope'],
    ...Object.entries(RECORD_KINDS).map(([kind, { tag, scope }]) => [String(tag), kind, scope]),
  ]),
  ...Object.fromEntries(
    RECORD_TABLES.map(({ type, rows }) => [
      type,
      table([
        ['no.', 'field', 'type', 'may be absent'],
        ...rows.map(([name, { number, codec, optional }]) => [
          String(number),
          `\`${name}\``,
          typeName(codec.type),
          optional ? 'yes' : '',
        ]),
      ]),
    ]),
  ),
}

const SECTION = /(<!-- table: ([\w ]+) -->\n\n)(?:[^<]*?\n\n)?(<!-- end -->)/g

test('tables of the page', () => {
  const page = readFileSync(PAGE, 'utf8')
  const expected = page.replace(
    SECTION,
    (_, open: string, name: string, close: string) => `${open}${sections[name]!}\n\n${close}`,
  )
  if (process.env['GOLDENS'] === 'add') writeFileSync(PAGE, expected)
  expect(readFileSync(PAGE, 'utf8')).toBe(expected)
  const shown = [...page.matchAll(SECTION)].map(([, , name]) => name)
  expect(shown.sort()).toEqual(Object.keys(sections).sort())
})
