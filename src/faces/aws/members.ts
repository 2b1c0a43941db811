/** Members that many operations have (contracts: AWS 4). */
import { wipe } from '../../base/bytes.ts'
import { blob, flag, int, list, map, may, need, structure, text, words } from './shape.ts'

export const KEY_ID = text(1, 2048)
export const ALIAS_NAME = text(1, 256, /^[a-zA-Z0-9:/_-]+$/)
export const MARKER = text(1, 1024, /[\u0020-\u00FF]*/)
export const DESCRIPTION = text(0, 8192)
export const POLICY = text(1, 131_072, /[\u0009\u000A\u000D\u0020-\u00FF]+/)
export const POLICY_NAME = text(1, 128, /[\w]+/)
export const PRINCIPAL = text(1, 256, /^[\w+=,.@:/-]+$/)
export const SERVICE_PRINCIPAL = text(
  1,
  128,
  // As the service shows it, with escapes that are not needed.
  new RegExp(String.raw`^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$`),
)
export const REGION = text(1, 32, /^([a-z]+-){2,3}\d+$/)
export const GRANT_TOKENS = list(text(1, 8192), 0, 10)
export const MATERIAL_ID = text(64, 64, /^[a-f0-9]+$/)
export const STORE_ID = text(1, 64)
export const TAGS = list(structure({ TagKey: need(text(1, 128)), TagValue: need(text(0, 256)) }))
export const CONTEXT = map
export const PLAINTEXT = blob(1, 4096)
export const CIPHERTEXT = blob(1, 6144)
/** To be signed: may be empty. */
export const MESSAGE = blob(0, 4096)
/** A signature or a MAC, to be verified. */
export const PROOF = blob(1, 6144)
export const PUBLIC_KEY = blob(1, 8192)
export const DRY_RUN_MODIFIERS = list(words('IGNORE_CIPHERTEXT'))
export const NUMBER_OF_BYTES = int(1, 1024)

/** What is secret about requests and answers. */
const SECRETS = ['Plaintext', 'PrivateKeyPlaintext', 'SharedSecret'] as const

export function wipeSecrets(values: object): void {
  for (const name of SECRETS) {
    const value = (values as Readonly<Record<string, unknown>>)[name]
    if (value instanceof Uint8Array) wipe(value)
  }
}

/** Both are optional in the model, but an answer can be encrypted with both alone. */
export const RECIPIENT = structure({
  KeyEncryptionAlgorithm: need(words('RSAES_OAEP_SHA_256')),
  AttestationDocument: need(blob(1, 262_144)),
})

/** What every operation with a key and a test run has. */
export const USE = {
  KeyId: need(KEY_ID),
  GrantTokens: may(GRANT_TOKENS),
  DryRun: may(flag),
} as const

/** A page of a list; some operations allow fewer items than others (contracts: AWS 10.5). */
export const page = (limitMax: number) =>
  ({ Limit: may(int(1, limitMax)), Marker: may(MARKER) }) as const
export const PAGE = page(1000)
