/**
 * The kinds of sealed records and the one-byte tag that names each in its envelope. Append only.
 */

export const RECORD_KINDS = {
  vault: { tag: 1 },
  vaultKey: { tag: 2 },
  key: { tag: 3 },
  keyKey: { tag: 4 },
  version: { tag: 5 },
  material: { tag: 6 },
  index: { tag: 7 },
  alias: { tag: 8 },
  retry: { tag: 9 },
  ticket: { tag: 10 },
  agenda: { tag: 11 },
} as const satisfies Record<string, { readonly tag: number }>

export type RecordKind = keyof typeof RECORD_KINDS
export const RECORD_KIND_NAMES = Object.keys(RECORD_KINDS) as readonly RecordKind[]

const BY_TAG = new Map<number, RecordKind>(
  RECORD_KIND_NAMES.map((kind) => [RECORD_KINDS[kind].tag, kind]),
)

export const kindOfTag = (tag: number): RecordKind | undefined => BY_TAG.get(tag)
