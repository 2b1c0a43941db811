/**
 * The shapes of operation bodies. The pipeline (execute.ts) does everything that they have in
 * common.
 */
import type { OperationTable } from '../domain/operations.ts'
import type { KeyView, VaultView, VersionView } from '../domain/settle.ts'
import type { Answer, Input, OperationName } from './api.ts'
import type { Core, Reader } from './core.ts'
import type { Tx } from './tx.ts'

export type TargetOf<O extends OperationName> = OperationTable[O]['target']

interface ViewsByTarget {
  room: object
  use: object
  vault: { readonly vault: VaultView }
  key: { readonly vault: VaultView; readonly key: KeyView }
  version: { readonly vault: VaultView; readonly key: KeyView; readonly version: VersionView }
}

/** Input is checked, times are Dates, the target is loaded, settled, matched and permitted. */
export type Context<O extends OperationName> = {
  readonly core: Core
  readonly input: Input<O>
  readonly now: number
} & (TargetOf<O> extends 'room' | 'use' ? object : { readonly reader: Reader }) &
  ViewsByTarget[TargetOf<O>]

/** Rooms, uses and reads: a function. */
export type Reading<O extends OperationName> = (context: Context<O>) => Promise<Answer<O>>

/**
 * Writes: slow work first, outside any lock; then the change itself, alone among the writers of the
 * vault.
 */
export interface Writing<O extends OperationName, P = unknown> {
  /** What takes long or wants randomness: key generation, unwrapping. Runs after a first check. */
  readonly prepare?: (context: Context<O>) => Promise<P>
  readonly run: (context: Context<O> & { readonly tx: Tx }, prepared: P) => Promise<Answer<O>>
  /** Always called with what was prepared: wipes. */
  readonly dispose?: (prepared: P) => void
}

export type Body<O extends OperationName> =
  TargetOf<O> extends 'room' | 'use'
    ? Reading<O>
    : OperationTable[O]['writes'] extends true
      ? Writing<O>
      : Reading<O>

export type Bodies<N extends OperationName = OperationName> = { readonly [O in N]: Body<O> }

/** Keeps the type of what is prepared inside one body and hides it outside. */
export const writing = <O extends OperationName, P>(body: Writing<O, P>): Writing<O> =>
  body as unknown as Writing<O>
