/** Keys that are used: what is checked of every use, and how refusals are told (contracts: Azure 4.3). */
import { StrongroomError } from '../../base/errors.ts'
import type { Version } from '../../engine/api.ts'
import type { Call } from './call.ts'
import { AzureFault, bad, FAULTS } from './errors.ts'
import { kidOf } from './models.ts'
import { inUse, versionOf, type Named } from './names.ts'
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

/** What the room is asked with. */
export const reference = ({ asked, vaultId }: Call, { key, version }: Used) => ({
  ...asked,
  keyId: key.id,
  vaultId,
  versionId: version.id,
})

/** Results of a managed HSM tell the algorithm too. */
export const told = ({ vault }: Call, kid: string, alg: string) => ({
  kid,
  ...(vault.managedHsm && { alg }),
})

/** Algorithms that the service has and that are not offered here. */
const NOT_OFFERED: ReadonlySet<string> = new Set([])

/**
 * The algorithm of this name, if it is one for the key.
 * @throws 400 BadParameter
 */
export function fit<F extends Fit<unknown>>(
  table: Readonly<Record<string, F>>,
  alg: string,
  { kid, version }: Used,
): F {
  if (NOT_OFFERED.has(alg)) bad(`The algorithm ${alg} is not offered.`)
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

/** Uses a version; refusals are told as the service does. */
export async function using<T>(op: string, found: Used, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    const rule = error instanceof StrongroomError ? error.explain?.rule : undefined
    if (rule === undefined || !Object.hasOwn(REFUSALS, rule)) throw error
    throw REFUSALS[rule]!(op, error as StrongroomError, found)
  }
}
