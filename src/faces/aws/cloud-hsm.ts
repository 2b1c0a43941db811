/**
 * The way to AWS CloudHSM clusters: a cluster is another room, which makes and holds the keys
 * (contracts: AWS 14). What is sealed here already, the cluster seals once more.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { constantTimeEqual, toHex, utf8 } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import { LIMITS } from '../../domain/limits.ts'
import type {
  KeyStoreLink,
  LinkedKeyStore,
  LinkedUse,
  OpenKeyStore,
} from '../../engine/key-store-link.ts'
import type { Strongroom } from '../../engine/room.ts'
import { refusal } from './xks/failures.ts'

/** A cluster by its id: `cluster-` and 11 to 16 of a-z A-Z 2-7. */
export interface CloudHsmCluster {
  readonly room: Strongroom
  /** The vault of its keys; default the only one, made when there is none. */
  readonly vaultId?: string
  /** The certificate that initialised the cluster; clusters of one certificate are related. */
  readonly trustAnchor: string
  /** Of the user `kmsuser`. */
  readonly password: string
  /** Active HSMs; default 2. Keys are made with two, and used with one. */
  readonly hsms?: number
  /** Default true. */
  readonly active?: boolean
  /** A ConnectionErrorCode with which connecting fails, for tests: USER_LOCKED_OUT and the like. */
  readonly connectionError?: string
}
export type CloudHsmClusters = Readonly<Record<string, CloudHsmCluster>>

/** What the room keeps of such a key store. */
export interface CloudHsmSettings {
  readonly clusterId: string
  readonly trustAnchor: string
}

const HSMS_DEFAULT = 2
const HSMS_TO_MAKE = 2
const HSMS_TO_USE = 1

export const clusterOf = ({ settings }: LinkedKeyStore): CloudHsmSettings =>
  settings as unknown as CloudHsmSettings

const find = (clusters: CloudHsmClusters, id: string): CloudHsmCluster | undefined =>
  Object.hasOwn(clusters, id) ? clusters[id] : undefined

/** @throws CloudHsmClusterNotActiveException, CloudHsmClusterInvalidConfigurationException */
function needHsms({ active = true, hsms = HSMS_DEFAULT }: CloudHsmCluster, least: number): void {
  if (!active)
    throw refusal(
      'CloudHsmClusterNotActiveException',
      'The CloudHSM cluster that is associated with the custom key store is not active.',
    )
  if (hsms < least)
    throw refusal(
      'CloudHsmClusterInvalidConfigurationException',
      `The CloudHSM cluster must have at least ${least} active HSMs, and has ${hsms}.`,
    )
}

/** Line ends and blanks around it do not make another certificate. */
const plain = (certificate: string): string => certificate.replace(/\s+/g, '\n').trim()

export const cloudHsmLink = (clusters: CloudHsmClusters): KeyStoreLink => new CloudHsmLink(clusters)

class CloudHsmLink implements KeyStoreLink {
  readonly #clusters: CloudHsmClusters
  readonly #vaults = new WeakMap<CloudHsmCluster, Promise<string>>()

  constructor(clusters: CloudHsmClusters) {
    this.#clusters = clusters
  }

  conflict(store: LinkedKeyStore, others: readonly LinkedKeyStore[]): void {
    const { clusterId } = clusterOf(store)
    if (others.some((other) => clusterOf(other).clusterId === clusterId))
      throw refusal(
        'CloudHsmClusterInUseException',
        `The CloudHSM cluster ${clusterId} is already associated with a custom key store.`,
      )
  }

  async check(store: OpenKeyStore, before?: LinkedKeyStore): Promise<void> {
    const { clusterId, trustAnchor } = clusterOf(store)
    const cluster = find(this.#clusters, clusterId)
    if (!cluster)
      throw refusal(
        'CloudHsmClusterNotFoundException',
        `There is no CloudHSM cluster ${clusterId} in this account and Region.`,
      )
    needHsms(cluster, HSMS_TO_MAKE)
    if (plain(cluster.trustAnchor) === plain(trustAnchor)) return
    throw before
      ? refusal(
          'CloudHsmClusterNotRelatedException',
          `The CloudHSM cluster ${clusterId} has another certificate than the one before.`,
        )
      : refusal(
          'IncorrectTrustAnchorException',
          `The trust anchor certificate is not that of the CloudHSM cluster ${clusterId}.`,
        )
  }

  async connect(store: OpenKeyStore): Promise<string | undefined> {
    const cluster = find(this.#clusters, clusterOf(store).clusterId)
    if (!cluster) return 'CLUSTER_NOT_FOUND'
    needHsms(cluster, HSMS_TO_USE)
    if (cluster.connectionError !== undefined) return cluster.connectionError
    // Of one length whatever was given, so that the time tells nothing of either.
    const equal = constantTimeEqual(sha256(store.secret), sha256(utf8(cluster.password)))
    return equal ? undefined : 'INVALID_CREDENTIALS'
  }

  async createKey(store: OpenKeyStore): Promise<string> {
    const cluster = this.#usable(store)
    needHsms(cluster, HSMS_TO_MAKE)
    return within(async () => {
      const vaultId = await this.#vaultOf(cluster)
      const displayName = `KMS key of ${store.name}`.slice(0, LIMITS.nameLengthMax)
      const { id } = await cluster.room.createKey({ vaultId, displayName, spec: 'AES_256' })
      return id
    })
  }

  async seal(store: OpenKeyStore, use: LinkedUse): Promise<Uint8Array> {
    const { room } = this.#usable(store)
    const { storeKeyId: keyId, data: plaintext } = use
    const context = bound(use.aad)
    return within(async () => (await room.encrypt({ keyId, plaintext, context })).ciphertext)
  }

  async open(store: OpenKeyStore, use: LinkedUse): Promise<Uint8Array | undefined> {
    const { room } = this.#usable(store)
    const { storeKeyId: keyId, data: ciphertext } = use
    const context = bound(use.aad)
    return within(async () => {
      const opened = await room.decrypt({ keyId, ciphertext, context }).catch(unopened)
      return opened?.plaintext
    })
  }

  async random(store: OpenKeyStore, lengthBytes: number): Promise<Uint8Array> {
    const { room } = this.#usable(store)
    return within(async () => (await room.generateRandom({ lengthBytes })).bytes)
  }

  /** The cluster of a connected key store, while it can be used. */
  #usable(store: OpenKeyStore): CloudHsmCluster {
    const cluster = find(this.#clusters, clusterOf(store).clusterId)
    if (!cluster) throw unavailable()
    needHsms(cluster, HSMS_TO_USE)
    return cluster
  }

  #vaultOf(cluster: CloudHsmCluster): Promise<string> {
    const known = this.#vaults.get(cluster) ?? theVault(cluster)
    this.#vaults.set(cluster, known)
    known.catch(() => this.#vaults.delete(cluster))
    return known
  }
}

/** What the key of the cluster authenticates: of one length, whatever the context is. */
const bound = (aad: Uint8Array) => ({ sha256: toHex(sha256(aad)) })

const unavailable = (cause?: unknown): StrongroomError =>
  refusal('ClusterFailed', 'The CloudHSM cluster of the KMS key is unavailable.', cause)

/** What does not open is no failure of the cluster. */
function unopened(error: unknown): undefined {
  if (error instanceof StrongroomError && error.code === 'INVALID_CIPHERTEXT') return undefined
  throw error
}

/** Whatever the room of the cluster refuses, the cluster failed. */
async function within<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    throw unavailable(error)
  }
}

async function theVault({ room, vaultId }: CloudHsmCluster): Promise<string> {
  if (vaultId !== undefined) return vaultId
  const { items } = await room.listVaults({ limit: 2 })
  const active = items.filter(({ state }) => state === 'active')
  if (active.length > 1)
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      'clusters: expected the vaultId of a cluster whose room has several vaults, got none.',
    )
  return active[0]?.id ?? (await room.createVault({ displayName: 'CloudHSM cluster' })).id
}
