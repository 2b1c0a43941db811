/** Everything of a room that takes input, called with anything at all. */
import { toHex } from '../../src/base/bytes.ts'
import { ERROR_CODES, StrongroomError } from '../../src/base/errors.ts'
import type { ExplainAccessInput, ExplainInput } from '../../src/engine/api.ts'
import type { CheckpointInput, JournalInput, Seal, Strongroom } from '../../src/index.ts'
import { sealingLink } from '../helpers/sealing-link.ts'
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
  explainAccess: async ({ aes }: World): Promise<ExplainAccessInput> => ({
    operation: 'encrypt',
    keyId: aes.id,
    principal: 'arn:aws:iam::111122223333:user/alice',
  }),
  reseal: async (): Promise<Seal> => SEAL,
  journal: async ({ vaultId }: World): Promise<JournalInput> => ({ from: 2n, vaultId }),
  checkpoint: async (): Promise<CheckpointInput> => ({ since: 1n }),
  pruneJournal: async () => ({ until: 1n }),
  linkKeyStores: async () => ({ type: 'HSM', link: sealingLink() }),
  identifyCiphertext: async ({ room, aes, vaultId }: World) => ({
    ciphertext: (await room.encrypt({ keyId: aes.id, plaintext: new Uint8Array(3) })).ciphertext,
    vaultId,
  }),
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
const two =
  (first: string, link: (room: Strongroom, first: never, second: never) => void) =>
  (room: Strongroom, input: unknown): void => {
    let parts: readonly unknown[]
    try {
      const given = input as Readonly<Record<string, unknown>>
      parts = [given[first], given['link']]
    } catch {
      parts = [input, undefined]
    }
    link(room, parts[0] as never, parts[1] as never)
  }
const LINKS: Partial<Record<EntryName, (room: Strongroom, input: unknown) => void>> = {
  linkRegion: two('region', (room, region, link) => room.linkRegion(region, link)),
  linkKeyStores: two('type', (room, type, link) => room.linkKeyStores(type, link)),
}

/** Calls, and reads what comes as a stream. */
export async function call({ room }: World, entry: EntryName, input: unknown): Promise<unknown> {
  const methods = room as unknown as Record<EntryName, (input: unknown) => unknown>
  const link = LINKS[entry]
  const answer = await (link ? link(room, input) : methods[entry](input))
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
