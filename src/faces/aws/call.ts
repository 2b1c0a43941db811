/** One request on its way through a row of the table, and what rows are made of. */
import { StrongroomError } from '../../base/errors.ts'
import type { Asked, Key, OperationName } from '../../engine/api.ts'
import type { Strongroom } from '../../engine/room.ts'
import type { GivenAttributes } from '../../domain/policy/attributes.ts'
import { accessOf, looksAlone } from './access.ts'
import { arnOf, coreKeyId, keyArn, parseName, shownKeyId, type Named, type Place } from './arn.ts'
import { KmsFault, notFound } from './errors.ts'
import type { Face } from './face.ts'
import { managedKey } from './managed.ts'
import type { Identity } from './principals.ts'
import type { Shape, Values } from './shape.ts'
import { originOf } from './specs.ts'

/** What the wire says of an operation, and how the room is asked. */
export interface Operation {
  readonly input: Shape
  /** Operations of the room that do it. */
  readonly room: readonly OperationName[]
  /**
   * True when a request with `DryRun` does all but answer: the pipeline throws what it made away.
   * `own` when the row does it, because something would be written.
   */
  readonly dryRun?: true | 'own'
  readonly answer: (call: Call) => Promise<object | undefined>
}

/** A row whose answer knows what the request holds. Undefined is answered as an empty body. */
export interface Row<S extends Shape> extends Omit<Operation, 'input' | 'answer'> {
  readonly input: S
  readonly answer: (call: Call<Values<S>>) => Promise<object | undefined>
}

/** Ties the types of one row together. */
export const row = <S extends Shape>(given: Row<S>): Operation => given as unknown as Operation

/** Who asks, where. */
export interface Caller extends Place, Identity {
  readonly accessKeyId: string | undefined
}

/** A key that was found by what a caller named. */
export interface Found {
  readonly key: Key
  readonly vaultId: string
  readonly arn: string
  /** The alias by which it was named, as `alias/NAME`. */
  readonly alias?: string | undefined
}

/** What a seed decides and no caller can: the id and the material of a new key. */
export interface Given {
  readonly id?: string
  readonly material?: Uint8Array
}

export interface CallParts<I> {
  readonly face: Face
  readonly name: string
  readonly operation: Operation
  readonly caller: Caller
  readonly requestId: string
  readonly input: I
  readonly given?: Given
}

export class Call<I = unknown> {
  readonly face: Face
  readonly name: string
  readonly operation: Operation
  readonly caller: Caller
  readonly requestId: string
  readonly input: I
  readonly given: Given
  #asked: Required<Asked> | undefined
  #surroundings: GivenAttributes | undefined
  /** What texts of refusals name: the key that was last looked at. */
  subject = ''
  /** The alias that is made, changed or removed, as an ARN. */
  alias: string | undefined
  /** The grant that is named. */
  grant: string | undefined
  /** Whether a ciphertext goes from a key to itself. */
  onSameKey: boolean | undefined
  /** Condition keys that an attestation document proves. */
  proved: Readonly<Record<string, string>> = {}
  /** KeyUsage of that key. */
  usage: string | undefined
  /** Origin of that key. */
  origin: string | undefined

  constructor(parts: CallParts<I>) {
    this.face = parts.face
    this.name = parts.name
    this.operation = parts.operation
    this.caller = parts.caller
    this.requestId = parts.requestId
    this.input = parts.input
    this.given = parts.given ?? {}
  }

  get room(): Strongroom {
    return this.face.room
  }

  get options() {
    return this.face.options
  }

  /** What the operation of the room is told of who asks; what it is judged by. */
  get asked(): Required<Asked> {
    return (this.#asked ??= this.asking())
  }

  /** The same for one of several operations of the room. */
  asking(operation?: OperationName): Required<Asked> {
    const { requestId, caller } = this
    return { requestId, principal: caller.principal, access: accessOf(this, operation) }
  }

  /** What the face looks up for itself. */
  get own(): Asked {
    return { requestId: this.requestId }
  }

  /** Condition keys of what surrounds the request, by names in lower case. */
  get surroundings(): GivenAttributes {
    return (this.#surroundings ??= surroundingsOf(this))
  }

  /** The vault of the caller's account in the region of the request. */
  vault(): Promise<string> {
    return this.face.vault(this.caller)
  }

  /**
   * The key behind an id, ARN or, where the operation takes them, alias.
   * @throws NotFoundException, InvalidArnException (contracts: AWS 6)
   */
  async key(given: string, { aliases = false } = {}): Promise<Found> {
    const named = parseName(given, this.caller)
    if (named.kind === 'alias' && !aliases)
      throw new KmsFault('InvalidArnException', 'Key Aliases are not supported for this operation.')
    const vaultId = await this.#vaultOf(named)
    const keyId = named.kind === 'alias' ? named.name : coreKeyId(named.name)!
    this.subject = arnOf(named, named.kind === 'alias' ? named.name : `key/${named.name}`)
    const key =
      vaultId && ((await this.#look(keyId, vaultId)) ?? (await managedKey(this, vaultId, named)))
    if (!key || key.role !== 'ordinary' || !isWritten(key, named)) throw this.#unknown(named)
    const arn = keyArn(named, shownKeyId(key.id, isMultiRegion(key)))
    this.subject = arn
    this.origin = originOf(key)
    return { key, vaultId, arn, ...(named.kind === 'alias' && { alias: named.name }) }
  }

  #vaultOf(place: Place): Promise<string | undefined> {
    return place.account === this.caller.account ? this.face.vault(place) : this.face.vaultOf(place)
  }

  async #look(keyId: string, vaultId: string): Promise<Key | undefined> {
    try {
      const asked = looksAlone(this.name) ? this.asked : this.own
      const key = await this.room.getKey({ ...asked, keyId, vaultId })
      return key.state === 'deleted' ? undefined : key
    } catch (error) {
      if (error instanceof StrongroomError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }

  #unknown({ kind, account }: Named): KmsFault {
    if (account !== this.caller.account)
      return new KmsFault(
        'AccessDeniedException',
        `The request was refused: ${this.subject} does not exist or is not shared with the caller.`,
      )
    return notFound(
      kind === 'alias'
        ? `Alias ${this.subject} is not found.`
        : `Key '${this.subject}' does not exist`,
    )
  }
}

function surroundingsOf({ options, name, caller, requestId }: Call): GivenAttributes {
  if (!options.conditions) return {}
  const { account, region, accessKeyId } = caller
  const given = options.conditions({ operation: name, account, region, requestId, accessKeyId })
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]))
}

/** Whether a key is one of several in different regions. */
export const isMultiRegion = (key: Key): boolean => 'multiRegion' in key

/** An id of a multi-Region key is not found without its prefix, nor one of another key with it. */
const isWritten = (key: Key, { kind, name }: Named): boolean =>
  kind === 'alias' || name === shownKeyId(key.id, isMultiRegion(key))
