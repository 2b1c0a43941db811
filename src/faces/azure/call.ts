/** One request on its way through a row of the table, and what rows are made of. */
import type { Asked, OperationName } from '../../engine/api.ts'
import type { Strongroom } from '../../engine/room.ts'
import type { Permission } from './access.ts'
import type { Target } from './codec.ts'
import type { Face, VaultHere } from './face.ts'
import { record, type Fields, type Read, type Values } from './fields.ts'

/** What the wire says of an operation, and how the room is asked. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `{name}`, and `{version?}` where a version may be named. */
  readonly path: string
  /** What access policies call it. */
  readonly permission: Permission
  /** Only a managed HSM has it. */
  readonly hsmOnly?: true
  /** Operations of the room that do it. */
  readonly room: readonly OperationName[]
  readonly body: Fields
  readonly readBody: Read<object>
  /** Undefined is answered with 204. */
  readonly answer: (call: Call) => Promise<object | undefined>
}

/** A row whose answer knows what the body holds. */
export interface Row<B extends Fields> extends Omit<Operation, 'body' | 'readBody' | 'answer'> {
  readonly body: B
  readonly answer: (call: Call<Values<B>>) => Promise<object | undefined>
}

/** Ties the types of one row together. */
export const row = <B extends Fields>(given: Row<B>): Operation =>
  ({ ...given, readBody: record(given.body) }) as unknown as Operation

export interface CallParts<B> {
  readonly face: Face
  readonly name: string
  readonly operation: Operation
  readonly target: Target
  readonly vault: VaultHere
  readonly apiVersion: string
  readonly requestId: string
  readonly asked: Asked
  readonly parameters: Readonly<Record<string, string>>
  readonly body: B
}

export class Call<B = unknown> {
  readonly face: Face
  readonly name: string
  readonly operation: Operation
  readonly target: Target
  readonly vault: VaultHere
  readonly apiVersion: string
  readonly requestId: string
  /** What the operation of the room is told of who asks. */
  readonly asked: Asked
  readonly body: B
  readonly #parameters: Readonly<Record<string, string>>

  constructor(parts: CallParts<B>) {
    this.face = parts.face
    this.name = parts.name
    this.operation = parts.operation
    this.target = parts.target
    this.vault = parts.vault
    this.apiVersion = parts.apiVersion
    this.requestId = parts.requestId
    this.asked = parts.asked
    this.body = parts.body
    this.#parameters = parts.parameters
  }

  get room(): Strongroom {
    return this.face.room
  }

  get options() {
    return this.face.options
  }

  get vaultId(): string {
    return this.vault.id
  }

  /** What the face looks up for itself. */
  get own(): Asked {
    return { requestId: this.requestId }
  }

  /** The key that the path names. */
  get keyName(): string {
    return this.#parameters['name'] ?? ''
  }

  /** The version that the path names, if it does. */
  get versionName(): string | undefined {
    return this.#parameters['version']
  }

  /** The URL of something of this vault. */
  url(...segments: readonly string[]): string {
    return [this.target.base, ...segments].join('/')
  }
}
