/** One request on its way through a row of the table, and what rows are made of. */
import type { Asked, Key, OperationName, Vault, Write } from '../../engine/api.ts'
import type { Strongroom } from '../../engine/room.ts'
import { FAULTS, hidden, OciFault } from './errors.ts'
import type { Face } from './face.ts'
import { record, type Fields, type Read, type Values } from './fields.ts'
import type { Group } from './throttle.ts'

/** The body of restores: bytes as they are. */
export type Bytes = Uint8Array | AsyncIterable<Uint8Array>

export interface Reply {
  readonly etag?: string
  /** Absent for an empty reply. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** What the wire says of an operation, and how the room is asked. */
export interface Operation {
  readonly client: 'vault' | 'management' | 'crypto'
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Below the version, with `{vaultId}`, `{keyId}`, `{keyVersionId}` or `{replicationId}`. */
  readonly path: string
  /** `if-match`, `opc-retry-token`, `content-md5`. */
  readonly headers: readonly string[]
  readonly group?: Group
  /** The state in between that the target passes through. */
  readonly transition?: string
  /** States in between in which it is allowed none the less. */
  readonly during?: readonly string[]
  /** Operations of the room that do it. */
  readonly room: readonly OperationName[]
  readonly query: Fields
  readonly body: Fields | 'bytes'
  /** Made of `query` and `body`. */
  readonly readQuery: Read<object>
  readonly readBody: Read<object>
  readonly answer: (call: Call) => Promise<Reply>
}

type Body<B> = B extends Fields ? Values<B> : B extends 'bytes' ? Bytes : never

/** A row whose answer knows what query and body hold. */
export interface Row<Q extends Fields, B extends Fields | 'bytes'> extends Omit<
  Operation,
  'query' | 'body' | 'answer' | 'readQuery' | 'readBody'
> {
  readonly query?: Q
  readonly body?: B
  readonly answer: (call: Call<Values<Q>, Body<B>>) => Promise<Reply>
}

/** Material can be used while a key is updated or backed up (contracts: OCI 5.2). */
const IN_USE: readonly string[] = ['UPDATING', 'BACKUP_IN_PROGRESS']

/** Ties the types of one row together. */
export function row<Q extends Fields = Fields, B extends Fields | 'bytes' = Fields>(
  given: Row<Q, B>,
): Operation {
  const query: Fields = given.query ?? {}
  const body: Fields | 'bytes' = given.body ?? {}
  const readBody = record(body === 'bytes' ? {} : body)
  return { ...given, query, body, readQuery: record(query), readBody } as unknown as Operation
}

export interface CallParts<Q, B> {
  readonly face: Face
  readonly name: string
  readonly operation: Operation
  readonly asked: Asked
  readonly write: Pick<Write, 'ifMatch' | 'retryToken'>
  /** A header of the request, by its name in lower case. */
  readonly header: (name: string) => string | undefined
  readonly query: Q
  readonly body: B
  /** Our ids: of the host or the path. */
  readonly vaultId: string
  readonly versionId: string
  readonly replicationId: string
  readonly key: Key | undefined
}

export class Call<Q = unknown, B = unknown> {
  readonly face: Face
  readonly name: string
  readonly operation: Operation
  readonly asked: Asked
  readonly header: (name: string) => string | undefined
  readonly query: Q
  readonly body: B
  readonly vaultId: string
  readonly versionId: string
  readonly replicationId: string
  readonly #write: Pick<Write, 'ifMatch' | 'retryToken'>
  readonly #key: Key | undefined
  #vault: Promise<Vault> | undefined

  constructor(parts: CallParts<Q, B>) {
    this.face = parts.face
    this.name = parts.name
    this.operation = parts.operation
    this.asked = parts.asked
    this.header = parts.header
    this.query = parts.query
    this.body = parts.body
    this.vaultId = parts.vaultId
    this.versionId = parts.versionId
    this.replicationId = parts.replicationId
    this.#write = parts.write
    this.#key = parts.key
  }

  get room(): Strongroom {
    return this.face.room
  }

  get options() {
    return this.face.options
  }

  /** What every write of the room takes. */
  get write(): Write {
    return { ...this.asked, ...this.#write }
  }

  /** A retry without an etag: where something new is made. */
  get create(): Asked & Pick<Write, 'retryToken'> {
    const { retryToken } = this.#write
    return { ...this.asked, ...(retryToken !== undefined && { retryToken }) }
  }

  /** The key of the path, as it was when the request came. */
  get key(): Key {
    if (!this.#key) throw hidden()
    return this.#key
  }

  get keyRef(): { readonly keyId: string; readonly vaultId: string } {
    return { keyId: this.key.id, vaultId: this.vaultId }
  }

  get versionRef() {
    return { ...this.keyRef, versionId: this.versionId }
  }

  /** The vault, as it was when it was first looked at. */
  vault(): Promise<Vault> {
    return (this.#vault ??= this.room.getVault({ vaultId: this.vaultId, ...this.asked }))
  }

  /**
   * Refuses while a resource is in a state in between that this operation cannot work in, unless it is
   * the very request that brought it there, repeated.
   * @throws IncorrectState
   */
  refuseHeld(id: string, allowed: readonly string[] = IN_USE): void {
    const held = this.face.transitions.at(id, this.face)
    if (!held || allowed.includes(held.state)) return
    const { retryToken } = this.#write
    if (retryToken !== undefined && retryToken === held.retryToken) return
    throw new OciFault(
      FAULTS.state,
      `${this.name}: expected a resource that is not on its way, found ${held.state}.`,
    )
  }

  /** Has a resource pass through the state of the row, from a moment on. */
  hold(id: string, since: Date, state = this.operation.transition): void {
    const { transitionMs = 0 } = this.options
    if (state === undefined || transitionMs === 0) return
    const { retryToken } = this.#write
    this.face.transitions.hold(id, { state, until: since.getTime() + transitionMs, retryToken })
  }
}
