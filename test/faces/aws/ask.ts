/** Operations by name, for tests that go through tables of them. */
import * as sdk from '@aws-sdk/client-kms'
import type { KMSClient } from '@aws-sdk/client-kms'
import { refusal } from './world.ts'

type Command = Parameters<KMSClient['send']>[0]
export type Answer = Readonly<Record<string, unknown>> & { readonly $metadata: unknown }

/** The names of all operations of the client. */
export const SDK_OPERATIONS: readonly string[] = Object.keys(sdk)
  .filter((name) => /^[A-Z].*Command$/.test(name) && !name.startsWith('$'))
  .map((name) => name.slice(0, -'Command'.length))

/** Sends what a client in another language might: members are not checked. */
export async function ask(kms: KMSClient, name: string, input: object = {}): Promise<Answer> {
  const Made = (sdk as unknown as Readonly<Record<string, new (input: object) => Command>>)[
    `${name}Command`
  ]!
  return (await kms.send(new Made(input))) as unknown as Answer
}

/** `ok`, or the name and text of the exception. */
export const outcome = (kms: KMSClient, name: string, input: object): Promise<string> =>
  ask(kms, name, input).then(
    () => 'ok',
    async (error: unknown) => (await refusal(Promise.reject(error as Error))).join(': '),
  )

/** What an answer says, without what the client adds. */
export function told({ $metadata: _, ...members }: Answer): Readonly<Record<string, unknown>> {
  return members
}
