/**
 * The path of every request once its transport has read it: who asks, which operation, what it says;
 * then the row; then, for a test run, nothing of what it made (contracts: AWS 5, order of checks).
 */
import { wipe } from '../../base/bytes.ts'
import { Call, type Caller, type Given, type Operation } from './call.ts'
import { DRY_RUN, faultOf, KmsFault } from './errors.ts'
import type { Face } from './face.ts'
import { wipeSecrets } from './members.ts'
import { OPERATIONS } from './operations.ts'
import type { AwsOptions } from './options.ts'
import { readRequest, type Codec } from './shape.ts'

export interface Asking {
  readonly name: string
  readonly caller: Caller
  readonly requestId: string
  /** Members by name, in the types of the transport. */
  readonly source: unknown
  readonly codec: Codec
  /** Of seeds alone. */
  readonly given?: Given
}

/** @throws KmsFault, and nothing else */
export async function answer(face: Face, asking: Asking): Promise<object | undefined> {
  const { name, caller, requestId, source, codec, given = {} } = asking
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined
  if (!operation) throw new KmsFault('UnknownOperationException')
  if (face.options.intercept) intercepted(face.options.intercept, asking)
  let call: Call<object> | undefined
  try {
    const input = readRequest(operation.input, source, codec)
    call = new Call({ face, name, operation, caller, requestId, input, given })
    face.throttle?.admit(call)
    const output = await operation.answer(call)
    if (isDryRun(operation, input)) throw dryRun(output)
    if (output) face.usage.note(call, output)
    return output
  } catch (error) {
    const { subject = '', alias, usage, origin, grant } = call ?? {}
    const { principal } = caller
    throw faultOf(error, { operation: name, arn: subject, alias, usage, origin, principal, grant })
  } finally {
    if (call && codec.owns) wipeSecrets(call.input)
  }
}

type Intercept = NonNullable<AwsOptions['intercept']>

function intercepted(intercept: Intercept, { name, caller, requestId }: Asking): void {
  const { account, region, accessKeyId } = caller
  const told = { operation: name, account, region, requestId, accessKeyId }
  const fault = intercept(told)
  if (fault) throw new KmsFault(fault.name, fault.message)
}

const isDryRun = ({ dryRun }: Operation, input: { readonly DryRun?: unknown }): boolean =>
  dryRun === true && input.DryRun === true

/** Nothing was written; what was made is wiped. */
function dryRun(output: object = {}): KmsFault {
  for (const value of Object.values(output)) if (value instanceof Uint8Array) wipe(value)
  return new KmsFault('DryRunOperationException', DRY_RUN)
}
