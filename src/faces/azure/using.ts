/** Keys that are used: what is checked of every use, and how refusals are told (contracts: Azure 4.3). */
import { StrongroomError } from '../../base/errors.ts'
import type { Version } from '../../engine/api.ts'
import type { Call } from './call.ts'
import { AzureFault, bad, FAULTS } from './errors.ts'
import { kidOf } from './models.ts'
import { aliasOf, inUse, versionOf, type Named } from './names.ts'
import { curveOf, kindOf, type Fit } from './shapes.ts'
import { SPECS } from '../../domain/algorithms.ts'

/** A version in use. */
export interface Used extends Named {
  readonly version: Version
  readonly kid: string
}

export async function used(call: Call): Promise<Used> {
  const named = await inUse(call)
  const version = await versionOf(call, named)
  return { ...named, version, kid: kidOf(call, named, version) }
}

/** What the room is asked with: by name, so that it finds whose name that is now. */
export const reference = ({ asked, keyName, vaultId }: Call, { version }: Used) => ({
  ...asked,
  keyId: aliasOf(keyName),
  vaultId,
  versionId: version.id,
})

/** Results of a managed HSM tell the algorithm too. */
export const told = ({ vault }: Call, kid: string, alg: string) => ({
  kid,
  ...(vault.managedHsm && { alg }),
})

/**
 * The algorithm of this name, if it is one for the key.
 * @throws 400 BadParameter
 */
export function fit<F extends Fit<unknown>>(
  table: Readonly<Record<string, F>>,
  alg: string,
  { kid, version }: Used,
): F {
  const found = Object.hasOwn(table, alg) ? table[alg] : undefined
  if (!found)
    return bad(`Property alg has invalid value: expected one of ${Object.keys(table).join(', ')}.`)
  const { spec } = version
  const { family, bits } = SPECS[spec]
  if (found.family === family && (found.spec ?? spec) === spec) return found
  const curve = curveOf(spec)
  if (found.family === family && curve && found.spec)
    bad(
      `Key and signing algorithm are incompatible. Key ${kid} uses curve '${curve}', and ` +
        `algorithm '${alg}' can only be used with curve '${curveOf(found.spec)}'.`,
    )
  return bad(
    `Key and algorithm are incompatible. Key ${kid} is of type ${kindOf(spec)!.type} with ` +
      `${bits} bits, and algorithm '${alg}' cannot be used with it.`,
  )
}

type Refusal = (op: string, error: StrongroomError, used: Used) => AzureFault

const refused = (row: (typeof FAULTS)[keyof typeof FAULTS], message: string) => () =>
  new AzureFault(row, message)

/** TABLE of the rules of the room that refuse a use, and what the service says then. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  'key.state': (op) =>
    refused(FAULTS.disabled, `Operation ${op} is not allowed on a disabled key.`)(),
  'version.state': (op) =>
    refused(FAULTS.disabled, `Operation ${op} is not allowed on a disabled key.`)(),
  'key.purpose': (op) =>
    refused(FAULTS.operation, `Operation ${op} is not permitted on this key.`)(),
  'version.operations': (op) =>
    refused(FAULTS.operation, `Operation ${op} is not permitted on this key.`)(),
  'version.validity': (op, error, { version: { notBefore } }) => {
    const early = notBefore && Date.parse(error.explain!.found) < notBefore.getTime()
    return early
      ? refused(FAULTS.notYetValid, `Operation ${op} is not allowed: the key is not yet valid.`)()
      : refused(FAULTS.expired, `Operation ${op} is not allowed on an expired key.`)()
  },
}

type Use<T> = (found: Used) => Promise<T>

/** Refusals are told as the service does. */
export async function telling<T>(op: string, found: Used, use: Use<T>): Promise<T> {
  try {
    return await use(found)
  } catch (error) {
    const rule = error instanceof StrongroomError ? error.explain?.rule : undefined
    if (rule === undefined || !Object.hasOwn(REFUSALS, rule)) throw error
    throw REFUSALS[rule]!(op, error as StrongroomError, found)
  }
}

/** The version that the path names, or the one that is the latest now. */
const versionNow = async (call: Call): Promise<string> =>
  call.versionName ?? (await inUse(call)).key.currentVersionId!

/**
 * Uses the version that a path names. What is known of one never changes, so that it is looked up
 * once; whether it may be used, the room says each time. Whatever fails is looked up anew.
 */
export async function using<T>(call: Call, op: string, use: Use<T>): Promise<T> {
  const { uses } = call.face
  const path = `${call.vaultId} ${call.url(call.keyName, await versionNow(call))}`
  const known = uses.get(path)
  if (known) {
    try {
      return await use(known)
    } catch {
      uses.delete(path)
    }
  }
  const found = await used(call)
  const answer = await telling(op, found, use)
  uses.set(path, found)
  return answer
}
