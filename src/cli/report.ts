/**
 * What a command answers and how it is shown: bodies return a `Report` and never print. With
 * `--json` stdout carries exactly one JSON document (times in ISO 8601, bytes in base64); without
 * it, lines for people.
 */
import type { Failure } from './failures.ts'

const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu
/** What JSON leaves as it is; its own line feeds part the lines. */
const UNPRINTABLE_IN_JSON = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

export interface Report {
  /** The `--json` document. */
  readonly data: unknown
  /** The same for people; without a final newline. Empty: nothing is printed. */
  readonly text: string
  /** Default 0. */
  readonly exit?: number
}

/**
 * Dates and bytes in their JSON spelling, all else as it is. Never given secrets: answers of the
 * engine hold none.
 */
export function jsonReady(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  // Numbers of commits: exact in every language.
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(jsonReady)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, jsonReady(item)]))
}

/** The same value for whoever parses it; escaped, since a terminal may show it. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(jsonReady(value), null, indent).replace(
    UNPRINTABLE_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

export const toJson = (value: unknown): string => `${jsonText(value, 2)}\n`

/** The exact text that goes to stdout. */
export function rendered(report: Report, json: boolean): string {
  if (json) return toJson(report.data)
  return report.text === '' ? '' : `${report.text}\n`
}

/** The exact text that goes to stderr. */
export function renderedFailure(failure: Failure, json: boolean): string {
  if (json) return toJson({ error: failure })
  const { explain } = failure
  // What came from the command line is told again: it may hold anything.
  const lines = [`error ${failure.code}: ${printable(failure.message)}`]
  if (explain) {
    const { rule, expected, found } = explain
    lines.push(printable(`  because ${rule}: expected ${expected}, found ${found}`))
  }
  return `${[...lines, `  ${failure.remedy}`].join('\n')}\n`
}

/** `name  value` lines, aligned; absent values are left out. */
export function fields(record: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(record).filter(([, value]) => value !== undefined && value !== '')
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`).join('\n')
}

/** Columns under a heading, aligned, or the line for an empty list. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly unknown[])[],
  empty: string,
): string {
  if (rows.length === 0) return empty
  const cells = [heading, ...rows.map((row) => row.map(cell))]
  const widths = heading.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)))
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => text.padEnd(widths[at]!))
      .join('  ')
      .trimEnd()
  return cells.map(line).join('\n')
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map(cell).join(', ')
  const ready = jsonReady(value)
  return printable(typeof ready === 'string' ? ready : JSON.stringify(ready))
}

/** Names come from outside: control and direction characters never reach a terminal. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, '\ufffd')
