/** TABLE of what writers do: how a room is asked for it, and what it makes of a key. */
import type { Strongroom } from '../../src/index.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { USES, type CampaignSpec } from './uses.ts'

/** Operations that lead to another state. */
const STATES = {
  enableKey: 'enabled',
  disableKey: 'disabled',
  scheduleKeyDeletion: 'pendingDeletion',
  cancelKeyDeletion: 'disabled',
} as const

interface Details {
  readonly vault: { readonly name: string }
  readonly create: { readonly vaultId: string; readonly name: string; readonly spec: CampaignSpec }
  readonly rename: { readonly keyId: string; readonly name: string }
  readonly state: { readonly keyId: string; readonly by: keyof typeof STATES }
  readonly rotate: { readonly keyId: string }
  readonly alias: { readonly keyId: string; readonly vaultId: string; readonly name: string }
  readonly destroy: { readonly keyId: string }
  readonly use: { readonly keyId: string; readonly spec: CampaignSpec; readonly message: string }
}
type Kind = keyof Details

export type StepOf<K extends Kind> = { readonly kind: K } & Details[K]
/** One thing that a writer does. */
export type Step = { [K in Kind]: StepOf<K> }[Kind]

/** What came back: the id of what was made, or (hex) what the key made of the message. */
export interface Answered {
  readonly id?: string
  readonly proof?: string
}

/** What is known of a key. */
export interface KeyTruth {
  readonly id: string
  readonly vaultId: string
  readonly spec: CampaignSpec
  readonly name: string
  readonly state: string
  readonly versions: number
  readonly aliases: readonly string[]
  readonly proofs: readonly { readonly message: string; readonly proof: string }[]
}

export const newKey = ({ vaultId, spec, name }: StepOf<'create'>, id: string): KeyTruth => ({
  ...{ id, vaultId, spec, name },
  ...{ state: 'enabled', versions: 1, aliases: [], proofs: [] },
})

const PROOFS_MAX = 3

interface Deed<K extends Kind> {
  readonly ask: (room: Strongroom, step: StepOf<K>) => Promise<Answered>
  /** What the key is afterwards; absent where no key existed before. */
  readonly after?: (key: KeyTruth, step: StepOf<K>, answer: Answered) => KeyTruth
}

const DEEDS: { readonly [K in Kind]: Deed<K> } = {
  vault: { ask: (room, { name: displayName }) => room.createVault({ displayName }) },
  create: {
    ask: (room, { vaultId, name: displayName, spec }) =>
      room.createKey({ vaultId, displayName, spec }),
  },
  rename: {
    ask: (room, { keyId, name: displayName }) => room.updateKey({ keyId, displayName }),
    after: (key, { name }) => ({ ...key, name }),
  },
  state: {
    ask: (room, { keyId, by }) =>
      by === 'cancelKeyDeletion'
        ? room.cancelKeyDeletion({ keyId, restoreTo: 'disabled' })
        : room[by]({ keyId }),
    after: (key, { by }) => ({ ...key, state: STATES[by] }),
  },
  rotate: {
    ask: (room, { keyId }) => room.createKeyVersion({ keyId }),
    after: (key) => ({ ...key, versions: key.versions + 1 }),
  },
  alias: {
    ask: async (room, { keyId, vaultId, name }) => {
      await room.createAlias({ keyId, vaultId, name })
      return {}
    },
    after: (key, { name }) => ({ ...key, aliases: [...key.aliases, name] }),
  },
  destroy: {
    ask: (room, { keyId }) => room.destroyKey({ keyId }),
    after: (key) => ({ ...key, state: 'deleted', aliases: [] }),
  },
  use: {
    ask: async (room, { keyId, spec, message }) => ({
      proof: toHex(await USES[spec].make(room, keyId, utf8(message))),
    }),
    after: (key, { message }, { proof }) =>
      proof === undefined
        ? key
        : { ...key, proofs: [...key.proofs, { message, proof }].slice(-PROOFS_MAX) },
  },
}

/** One row for a step of any kind: the table ties each kind to its own details. */
const deedOf = (step: Step): Deed<Kind> => DEEDS[step.kind] as Deed<Kind>

export async function ask(room: Strongroom, step: Step): Promise<Answered> {
  const { id, proof } = await deedOf(step).ask(room, step)
  return { ...(id !== undefined && { id }), ...(proof !== undefined && { proof }) }
}

export const after = (key: KeyTruth, step: Step, answer: Answered = {}): KeyTruth =>
  deedOf(step).after?.(key, step, answer) ?? key
