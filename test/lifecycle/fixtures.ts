/** The tables and stories of `fixtures/lifecycle`, read as data. */
import { readFileSync } from 'node:fs'

export interface Row {
  readonly event: string | null
  readonly operations: readonly string[]
  /** The clause of the contract that says so. */
  readonly clause: string
  /** State before -> state after, or the code of the refusal. */
  readonly cells: Readonly<Record<string, string>>
}
export interface Table {
  readonly about: string
  readonly states: readonly string[]
  readonly rows: readonly Row[]
}
export interface Windows {
  readonly clause: string
  readonly defaultMs: number
  readonly rows: readonly { readonly aheadMs: number; readonly accepted: boolean }[]
}
export interface Line {
  readonly do?: string
  readonly on?: string
  readonly see?: string
  readonly state?: string
  readonly days?: number
  readonly milliseconds?: number
  readonly refused?: string
  readonly restoreTo?: 'disabled'
}
export interface Story {
  readonly title: string
  readonly clause: string
  readonly lines: readonly Line[]
}

const read = (name: string): unknown =>
  JSON.parse(
    readFileSync(new URL(`../../fixtures/lifecycle/${name}.json`, import.meta.url), 'utf8'),
  )

export const TABLES = {
  vault: read('vault') as Table,
  key: read('key') as Table,
  version: read('version') as Table,
}
export type Kind = keyof typeof TABLES
export const WINDOWS = read('windows') as Windows
export const STORIES = (read('cascades') as { readonly stories: readonly Story[] }).stories

export const REFUSED = 'INVALID_STATE'
