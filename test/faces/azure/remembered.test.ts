/** A version that was used before is known; what became of its key since still decides. */
import { expect, it } from 'vitest'
import { HSM_HOST, openWorld, type World } from './world.ts'

const BODY = { alg: 'A256KW', value: Buffer.alloc(16, 1).toString('base64url') }

interface Used {
  readonly outcome: string
  readonly kid: unknown
}
async function use({ raw }: World, version: string): Promise<Used> {
  const { status, json } = await raw('POST', `/keys/k${version}/wrapKey`, BODY)
  const inner = json.error?.innererror?.code ?? json.error?.code
  return {
    outcome: inner === undefined ? String(status) : `${status} ${inner}`,
    kid: json['kid'],
  }
}
const versionIn = (kid: unknown): string => String(kid).split('/').at(-1)!

interface Change {
  readonly make: (world: World, version: string) => Promise<unknown>
  /** Of the version that was used before, and of the latest. */
  readonly outcomes: readonly [string, string]
  /** Whether the latest is the one from before. */
  readonly same?: boolean
}
async function done({ raw }: World, method: string, path: string, body?: object): Promise<void> {
  const { status, json } = await raw(method, path, body)
  expect(status, JSON.stringify(json)).toBeLessThan(300)
}
const create = (world: World, name: string) =>
  done(world, 'POST', `/keys/${name}/create`, { kty: 'oct' })
const remove = (world: World) => done(world, 'DELETE', '/keys/k')

const CHANGES: Readonly<Record<string, Change>> = {
  nothing: { make: async () => undefined, outcomes: ['200', '200'], same: true },
  'it was disabled': {
    make: (world, version) =>
      done(world, 'PATCH', `/keys/k/${version}`, { attributes: { enabled: false } }),
    outcomes: ['403 KeyDisabled', '403 KeyDisabled'],
  },
  'it may wrap no more': {
    make: (world, version) => done(world, 'PATCH', `/keys/k/${version}`, { key_ops: ['encrypt'] }),
    outcomes: ['403 KeyOperationForbidden', '403 KeyOperationForbidden'],
  },
  'its key has a newer version': {
    make: (world) => create(world, 'k'),
    outcomes: ['200', '200'],
    same: false,
  },
  'its key was deleted': { make: remove, outcomes: ['404 KeyNotFound', '404 KeyNotFound'] },
  'its key was deleted and recovered': {
    make: async (world) => {
      await remove(world)
      await done(world, 'POST', '/deletedkeys/k/recover')
    },
    outcomes: ['200', '200'],
    same: true,
  },
  'its key was purged, and another has the name': {
    make: async (world) => {
      await remove(world)
      await done(world, 'DELETE', '/deletedkeys/k')
      await create(world, 'k')
    },
    outcomes: ['404 KeyNotFound', '200'],
    same: false,
  },
  'the room gave its name to another key': {
    make: async (world) => {
      await create(world, 'other')
      const [vault] = (await world.room.listVaults({})).items
      const { items } = await world.room.listKeys({ vaultId: vault!.id })
      const other = items.find(({ displayName }) => displayName === 'other')!
      const moved = { vaultId: vault!.id, name: 'alias/azure/K', keyId: other.id }
      await world.room.updateAlias(moved)
    },
    outcomes: ['404 KeyNotFound', '200'],
    same: false,
  },
}

it.each(Object.entries(CHANGES))('%s', async (_, { make, outcomes, same }) => {
  const world = await openWorld({ host: HSM_HOST })
  await create(world, 'k')
  const { kid } = await use(world, '')
  const version = versionIn(kid)
  for (const named of ['', `/${version}`])
    expect(await use(world, named)).toEqual({ outcome: '200', kid })
  await make(world, version)
  const [before, latest] = [await use(world, `/${version}`), await use(world, '')]
  expect([before.outcome, latest.outcome]).toEqual(outcomes)
  if (before.outcome === '200') expect(before.kid).toBe(kid)
  if (latest.outcome === '200') expect(latest.kid === kid).toBe(same)
})
