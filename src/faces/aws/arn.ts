/**
 * How keys and aliases are named (contracts: AWS 6): a key id, a key ARN, `alias/NAME` or an alias
 * ARN. A multi-Region key has the same id everywhere: `mrk-` and the 32 digits of ours.
 */
import { KmsFault, notFound } from './errors.ts'

/** Where a request is made: by an account, in a region. */
export interface Place {
  readonly account: string
  readonly region: string
}

export interface Named extends Place {
  readonly kind: 'key' | 'alias'
  /** As AWS writes it: an id or `alias/NAME`. */
  readonly name: string
}

const ARN = /^arn:(aws|aws-cn|aws-us-gov):kms:([a-z0-9-]+):(\d{12}):(key\/.+|alias\/.+)$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const MULTI_REGION = /^mrk-([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/

export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

export const arnOf = ({ account, region }: Place, resource: string): string =>
  `arn:${partitionOf(region)}:kms:${region}:${account}:${resource}`
export const keyArn = (place: Place, keyId: string): string => arnOf(place, `key/${keyId}`)
export const rootArn = ({ account, region }: Place): string =>
  `arn:${partitionOf(region)}:iam::${account}:root`

/** Our id of a key as AWS writes it. */
export const shownKeyId = (id: string, multiRegion: boolean): string =>
  multiRegion ? `mrk-${id.replaceAll('-', '')}` : id

/** Our id of a key that AWS writes so, or undefined when it is not formed like one. */
export function coreKeyId(shown: string): string | undefined {
  if (UUID.test(shown)) return shown
  const parts = MULTI_REGION.exec(shown)?.slice(1)
  return parts?.join('-')
}

/**
 * What a caller means; ids and alias names without an ARN are those of the caller's own account.
 * @throws NotFoundException, InvalidArnException
 */
export function parseName(given: string, here: Place): Named {
  if (given.startsWith('alias/')) return { ...here, kind: 'alias', name: given }
  if (!given.startsWith('arn:')) {
    if (coreKeyId(given) === undefined) throw notFound(`Invalid keyId '${given}'`)
    return { ...here, kind: 'key', name: given }
  }
  const [, partition, region = '', account = '', resource = ''] = ARN.exec(given) ?? []
  if (partition === undefined) throw new KmsFault('InvalidArnException', `Invalid arn ${given}`)
  if (region !== here.region || partition !== partitionOf(region))
    throw notFound(`Invalid arn ${region}`)
  if (resource.startsWith('alias/')) return { account, region, kind: 'alias', name: resource }
  const name = resource.slice('key/'.length)
  if (coreKeyId(name) === undefined) throw notFound(`Invalid keyId '${name}'`)
  return { account, region, kind: 'key', name }
}
