/** Keys to use, made once for a file of tests, and refusals as the service writes them. */
import { CreateKeyCommand, type CreateKeyCommandInput, type KMSClient } from '@aws-sdk/client-kms'
import { ACCOUNT, REGION } from './world.ts'

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Answers come as Buffers or as plain arrays, by transport. */
export const bytes = (value: Uint8Array | undefined): Uint8Array => new Uint8Array(value!)
export const base64 = (value: Uint8Array | undefined): string =>
  Buffer.from(value!).toString('base64')

export const UNKNOWN = '11111111-2222-3333-4444-555555555555'
export const arnOf = (keyId: string, account = ACCOUNT): string =>
  `arn:aws:kms:${REGION}:${account}:key/${keyId}`

export interface MadeKey {
  readonly KeyId: string
  readonly Arn: string
}

export async function createKey(
  kms: KMSClient,
  input: CreateKeyCommandInput = {},
): Promise<MadeKey> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand(input))
  return { KeyId: KeyMetadata!.KeyId!, Arn: KeyMetadata!.Arn! }
}

/** The standard text of one violated constraint. */
export const violation = (text: string): string => `1 validation error detected: ${text}`
