/** Keys to use, made once for a file of tests, and clients that reach them by each way. */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import { CreateKeyCommand, type CreateKeyCommandInput, type KMSClient } from '@aws-sdk/client-kms'
import type { Strongroom } from '../../../src/index.ts'
import { ACCOUNT, REGION, TRANSPORTS, type World } from './world.ts'

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Answers come as Buffers or as plain arrays, by transport. */
export const bytes = (value: Uint8Array | undefined): Uint8Array => new Uint8Array(value!)
export const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64')

export const UNKNOWN = '11111111-2222-3333-4444-555555555555'
export const arnOf = (keyId: string, account = ACCOUNT): string =>
  `arn:aws:kms:${REGION}:${account}:key/${keyId}`

/** Clients of one room by each way that leads into it. */
export const clientsOf = ({ room }: World): [string, KMSClient][] =>
  Object.entries(TRANSPORTS).map(([name, connect]) => [name, connect(room, {}, {})])

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

/** A key of a spec and usage, made when it is first asked for. */
export function keysOf(kms: KMSClient) {
  const made = new Map<string, Promise<MadeKey>>()
  return (KeySpec = 'SYMMETRIC_DEFAULT', KeyUsage = 'ENCRYPT_DECRYPT'): Promise<MadeKey> => {
    const name = `${KeySpec} ${KeyUsage}`
    const input = { KeySpec, KeyUsage } as CreateKeyCommandInput
    const key = made.get(name) ?? createKey(kms, input)
    made.set(name, key)
    return key
  }
}

/** Gives an EXTERNAL symmetric key the material that it waits for. */
export async function importMaterial(room: Strongroom, keyId: string): Promise<void> {
  const wrapping = 'RSA_OAEP_SHA_256'
  const asked = { keyId, wrapping, wrappingSpec: 'RSA_2048' } as const
  const { publicKey, importToken } = await room.getImportParameters(asked)
  const key = createPublicKey({ key: Buffer.from(publicKey), type: 'spki', format: 'der' })
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const wrapped = publicEncrypt({ key, padding, oaepHash: 'sha256' }, new Uint8Array(32).fill(7))
  await room.importKeyMaterial({ keyId, importToken, wrapped })
}
