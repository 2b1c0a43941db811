/**
 * When each key was last used (contracts: AWS 17, GetKeyLastUsage): kept in memory since the first
 * face of the room began, as the service keeps it since it began to track.
 */
import type { Call } from './call.ts'

/** Operations that count. `GetPublicKey` does not. */
const TRACKED: ReadonlySet<string> = new Set([
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
])

export interface LastUse {
  readonly Operation: string
  readonly Timestamp: Date
  readonly KmsRequestId: string
}

interface Use {
  readonly operation: string
  /** Milliseconds. */
  readonly at: number
  readonly requestId: string
}

/** The quota of keys of several regions; beyond it the use that lies farthest back is forgotten. */
const KEYS_MAX = 500_000

export class Usage {
  readonly since: Date
  /** By key ARN, the latest last. */
  readonly #last = new Map<string, Use>()
  /** The end of it: most uses are of the key that was used before. */
  #latest: string | undefined

  constructor(since: Date) {
    this.since = since
  }

  /** Every answer of these operations names the keys that were used. */
  note(call: Call, output: { readonly KeyId?: unknown; readonly SourceKeyId?: unknown }): void {
    const { name: operation, requestId, face } = call
    if (!TRACKED.has(operation)) return
    const use = { operation, at: face.now, requestId }
    for (const arn of [output.SourceKeyId, output.KeyId])
      if (typeof arn === 'string') this.#keep(arn, use)
  }

  #keep(arn: string, use: Use): void {
    if (arn !== this.#latest) this.#last.delete(arn)
    this.#latest = arn
    this.#last.set(arn, use)
    if (this.#last.size > KEYS_MAX) this.#last.delete(this.#last.keys().next().value!)
  }

  /** Undefined while it was not used. */
  last(arn: string): LastUse | undefined {
    const use = this.#last.get(arn)
    return (
      use && {
        Operation: use.operation,
        Timestamp: new Date(use.at),
        KmsRequestId: use.requestId,
      }
    )
  }
}
