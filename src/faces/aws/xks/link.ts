/**
 * The way to external key stores: AES_256 keys of somebody else behind an XKS proxy. Their keys are
 * used on what is sealed here already (double encryption).
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { fromUtf8 } from '../../../base/bytes.ts'
import type {
  KeyStoreLink,
  LinkedKeyStore,
  LinkedUse,
  OpenKeyStore,
} from '../../../engine/key-store-link.ts'
import { keyArn, rootArn, type Place } from '../arn.ts'
import { newRequestId } from '../request-id.ts'
import { XksClient, type XksFetch } from './client.ts'
import { refusal, xksRefusal } from './failures.ts'
import { decodeFrame, encodeFrame } from './frame.ts'
import type { RequestMetadata } from './messages.ts'

/** What the room keeps of an external key store. */
export interface XksSettings {
  readonly uriEndpoint: string
  readonly uriPath: string
  readonly accessKeyId: string
  readonly connectivity: 'PUBLIC_ENDPOINT' | 'VPC_ENDPOINT_SERVICE'
  readonly vpcEndpointServiceName?: string
  readonly vpcEndpointServiceOwner?: string
}

export interface XksOptions {
  /** How proxies are reached; default the global `fetch`. */
  readonly fetch?: XksFetch
  /**
   * Proxies by their endpoint (`https://...`): one in this process, or the address where it is
   * instead. Others are reached by `fetch`.
   */
  readonly endpoints?: Readonly<Record<string, XksFetch | string>>
  /** Before an answer is given up; default 250, as the service does. */
  readonly timeoutMs?: number
  /** Names of the VPC endpoint services that exist; default: any. */
  readonly vpcEndpointServices?: readonly string[]
  /** The time of the signatures; default the room's, which may travel ahead of its proxies. */
  readonly now?: () => Date
}

export interface XksSurroundings {
  readonly now: () => Date
  /** The account and region of a vault. */
  readonly placeOf: (vaultId: string) => Promise<Place>
}

const TIMEOUT_MS = 250

export const settingsOf = ({ settings }: LinkedKeyStore): XksSettings =>
  settings as unknown as XksSettings

/** Of operations of the room; what is missing shows as it is. */
const KMS_OPERATIONS: Readonly<Record<string, string>> = {
  encrypt: 'Encrypt',
  decrypt: 'Decrypt',
  reEncrypt: 'ReEncrypt',
  generateDataKey: 'GenerateDataKey',
}

export const xksLink = (options: XksOptions, surroundings: XksSurroundings): KeyStoreLink =>
  new XksLink(options, surroundings)

class XksLink implements KeyStoreLink {
  readonly #options: XksOptions
  readonly #around: XksSurroundings

  constructor(options: XksOptions, surroundings: XksSurroundings) {
    this.#options = options
    this.#around = surroundings
  }

  conflict(store: LinkedKeyStore, others: readonly LinkedKeyStore[]): void {
    conflict(settingsOf(store), others.map(settingsOf))
  }

  async check(store: OpenKeyStore, before?: LinkedKeyStore): Promise<void> {
    const { connectivity, vpcEndpointServiceName: service } = settingsOf(store)
    if (connectivity === 'PUBLIC_ENDPOINT')
      return this.#health(store, before ? 'UpdateCustomKeyStore' : 'CreateCustomKeyStore')
    const known = this.#options.vpcEndpointServices?.includes(service ?? '') ?? true
    if (!known)
      throw refusal(
        'XksProxyVpcEndpointServiceNotFoundException',
        `The VPC endpoint service ${service} does not exist.`,
      )
  }

  async connect(store: OpenKeyStore): Promise<string | undefined> {
    try {
      await this.#health(store, 'ConnectCustomKeyStore')
      return undefined
    } catch (error) {
      return ruleOf(error)
    }
  }

  async createKey(store: OpenKeyStore, { keyId = '' }: { keyId?: string }): Promise<string> {
    const place = await this.#around.placeOf(store.vaultId)
    const client = await this.#clientOf(store)
    const { keySpec, keyUsage, keyStatus } = await client.metadata(keyId, {
      awsPrincipalArn: rootArn(place),
      kmsOperation: 'CreateKey',
      kmsRequestId: newRequestId(),
    })
    const usable = keyUsage.includes('ENCRYPT') && keyUsage.includes('DECRYPT')
    if (keySpec !== 'AES_256' || keyStatus !== 'ENABLED' || !usable) throw xksRefusal('UnfitKey')
    return keyId
  }

  async seal(store: OpenKeyStore, use: LinkedUse): Promise<Uint8Array> {
    const client = await this.#clientOf(store)
    const message = { plaintext: use.data, aad: sha256(use.aad) }
    return encodeFrame(await client.encrypt(use.storeKeyId, await this.#metadataOf(use), message))
  }

  async open(store: OpenKeyStore, use: LinkedUse): Promise<Uint8Array | undefined> {
    const sealed = decodeFrame(use.data)
    if (!sealed) return undefined
    const client = await this.#clientOf(store)
    const message = { sealed, aad: sha256(use.aad) }
    return client.decrypt(use.storeKeyId, await this.#metadataOf(use), message)
  }

  async #clientOf(store: OpenKeyStore): Promise<XksClient> {
    const { uriEndpoint, uriPath, accessKeyId } = settingsOf(store)
    // Before anything is awaited: what opens the key store is wiped when the link has answered.
    const credentials = { accessKeyId, secretAccessKey: fromUtf8(store.secret) }
    const { region } = await this.#around.placeOf(store.vaultId)
    const { endpoints = {}, fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS } = this.#options
    const way = Object.hasOwn(endpoints, uriEndpoint) ? endpoints[uriEndpoint] : undefined
    return new XksClient({
      fetch: typeof way === 'function' ? way : fetch,
      endpoint: typeof way === 'string' ? way : uriEndpoint,
      path: uriPath,
      credentials,
      region,
      now: this.#options.now ?? this.#around.now,
      timeoutMs,
    })
  }

  async #health(store: OpenKeyStore, kmsOperation: string): Promise<void> {
    const client = await this.#clientOf(store)
    await client.health({ kmsRequestId: newRequestId(), kmsOperation })
  }

  async #metadataOf({ asked }: LinkedUse): Promise<RequestMetadata> {
    const { operation, keyId, vaultId, principal, requestId = newRequestId() } = asked
    const place = await this.#around.placeOf(vaultId)
    return {
      awsPrincipalArn: principal?.startsWith('arn:') ? principal : rootArn(place),
      kmsKeyArn: keyArn(place, keyId),
      kmsOperation: KMS_OPERATIONS[operation] ?? operation,
      kmsRequestId: requestId,
    }
  }
}

/** The reason of a refusal; what is none is thrown on. */
function ruleOf(error: unknown): string {
  const { explain } = error as { readonly explain?: { readonly rule: string } }
  if (explain) return explain.rule
  throw error
}

/** Uniqueness of proxies among the key stores of an account and region (contracts: AWS 14). */
function conflict(store: XksSettings, others: readonly XksSettings[]): void {
  for (const other of others) {
    const sameEndpoint = other.uriEndpoint === store.uriEndpoint
    if (sameEndpoint && other.uriPath === store.uriPath)
      throw refusal(
        'XksProxyUriInUseException',
        'The concatenation of XksProxyUriEndpoint and XksProxyUriPath is already associated with ' +
          'another external key store in this account and Region.',
      )
    if (sameEndpoint && other.connectivity !== store.connectivity)
      throw refusal(
        'XksProxyUriEndpointInUseException',
        'The XksProxyUriEndpoint is already associated with another external key store in this ' +
          'account and Region that has another connectivity.',
      )
    const service = store.vpcEndpointServiceName
    if (service !== undefined && other.vpcEndpointServiceName === service)
      throw refusal(
        'XksProxyVpcEndpointServiceInUseException',
        'The VPC endpoint service is already associated with another external key store in this ' +
          'account and Region.',
      )
  }
}
