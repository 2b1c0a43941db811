/** Everything of a room that takes input, called with anything at all. */
import { toHex } from '../../src/base/bytes.ts'
import { ERROR_CODES, StrongroomError } from '../../src/base/errors.ts'
import type { ExplainInput } from '../../src/engine/api.ts'
import type { CheckpointInput, JournalInput, Seal, Strongroom } from '../../src/index.ts'
import { REALM } from './copies.ts'
import { INPUTS, SEAL, type World } from './world.ts'

/** Valid input for what is not an operation; `test/engine/options.test.ts` has that of `open`. */
const OTHERS = {
  ...REALM,
  explain: async ({ aes }: World): Promise<ExplainInput> => ({
    operation: 'encrypt',
    keyId: aes.id,
    versionId: aes.currentVersionId!,
  }),
  reseal: async (): Promise<Seal> => SEAL,
  journal: async ({ vaultId }: World): Promise<JournalInput> => ({ from: 2n, vaultId }),
  checkpoint: async (): Promise<CheckpointInput> => ({ since: 1n }),
  pruneJournal: async () => ({ until: 1n }),
}
export const ENTRIES = { ...INPUTS, ...OTHERS }
export type EntryName = keyof typeof ENTRIES
export const ENTRY_NAMES = Object.keys(ENTRIES) as readonly EntryName[]

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

async function read(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

/** Two arguments of one input; what cannot even be asked for them is the first. */
function linked(room: Strongroom, input: unknown): void {
  let parts: { readonly region?: unknown; readonly link?: unknown }
  try {
    const { region, link } = input as typeof parts
    parts = { region, link }
  } catch {
    parts = { region: input }
  }
  room.linkRegion(parts.region as never, parts.link as never)
}

/** Calls, and reads what comes as a stream. */
export async function call({ room }: World, entry: EntryName, input: unknown): Promise<unknown> {
  const methods = room as unknown as Record<EntryName, (input: unknown) => unknown>
  const answer = await (entry === 'linkRegion' ? linked(room, input) : methods[entry](input))
  const blob = (answer as { readonly blob?: unknown } | undefined)?.blob
  for (const stream of [answer, blob]) if (isStream(stream)) await read(stream)
  return answer ?? {}
}

/** Where store and side files stand. */
export async function fingerprint({ store }: World): Promise<string> {
  const side = [await store.sidecar?.read('anchor'), await store.sidecar?.read('erase')]
  return [await store.head(), ...side.map((content) => content && toHex(content))].join()
}

/** 'done', the code of a refusal, or in more than one word what is wrong. */
export async function outcomeOf(world: World, name: EntryName, input: unknown): Promise<string> {
  try {
    await call(world, name, input)
    return 'done'
  } catch (error) {
    if (!(error instanceof StrongroomError)) return `throws ${String(error)}`
    const { code, cause } = error
    if (code === 'INTERNAL') return `is a defect of ours: ${String(cause)}`
    return Object.hasOwn(ERROR_CODES, code) ? code : `has the unknown code ${code as string}`
  }
}
