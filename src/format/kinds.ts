/**
 * The kinds of sealed records, the one-byte tag that names each in its envelope, and where each belongs: `shared`
 * records are the same bytes in every replica of a vault, `local` ones hang on the vault key of one store, `log` ones
 * are the journal itself and count in no sum. Append only.
 */

export const RECORD_KINDS = {
  vault: { tag: 1, scope: 'shared' },
  vaultKey: { tag: 2, scope: 'local' },
  key: { tag: 3, scope: 'shared' },
  keyKey: { tag: 4, scope: 'local' },
  version: { tag: 5, scope: 'shared' },
  material: { tag: 6, scope: 'shared' },
  index: { tag: 7, scope: 'shared' },
  alias: { tag: 8, scope: 'shared' },
  retry: { tag: 9, scope: 'shared' },
  ticket: { tag: 10, scope: 'local' },
  agenda: { tag: 11, scope: 'shared' },
  counter: { tag: 12, scope: 'local' },
  journal: { tag: 13, scope: 'log' },
  journalPart: { tag: 14, scope: 'log' },
  keyStore: { tag: 15, scope: 'shared' },
  keyStoreSecret: { tag: 16, scope: 'shared' },
  policy: { tag: 17, scope: 'shared' },
  grant: { tag: 18, scope: 'shared' },
  grantCount: { tag: 19, scope: 'shared' },
} as const satisfies Record<string, { readonly tag: number; readonly scope: RecordScope }>

export type RecordScope = 'shared' | 'local' | 'log'
export type RecordKind = keyof typeof RECORD_KINDS
export const RECORD_KIND_NAMES = Object.keys(RECORD_KINDS) as readonly RecordKind[]

const BY_TAG = new Map<number, RecordKind>(
  RECORD_KIND_NAMES.map((kind) => [RECORD_KINDS[kind].tag, kind]),
)

export const kindOfTag = (tag: number): RecordKind | undefined => BY_TAG.get(tag)
