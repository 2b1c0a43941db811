/** Every code of the table of errors, as the clients see it (contracts: OCI 2.1). */
import { beforeAll, describe, expect, test } from 'vitest'
import type { models } from 'oci-keymanagement'
import { ociHandler, type OciFaultAnswer, type OciOptions } from '../../../src/faces/oci/index.ts'
import { COMPARTMENT, file, onEachWay, refusal } from './world.ts'
import type { Facing, Furnished, World } from './world.ts'

onEachWay(({ world, facing, transport }) => {
  let w: World
  let v: Furnished
  let key: models.Key
  beforeAll(async () => {
    w = await world()
    v = await w.furnished()
    key = await v.key()
  })

  /** What the client does not send by itself. */
  const plain = async (method: string, uri: string, body?: string): Promise<string> => {
    const request = { method, uri, headers: new Headers(), ...(body !== undefined && { body }) }
    const response = await w.httpClient.send(request)
    const { code } = (await response.json()) as { code?: string }
    return `${response.status} ${code}`
  }
  const create = (details: object, { keys } = v) =>
    keys.createKey({
      createKeyDetails: { compartmentId: COMPARTMENT, displayName: 'k', ...details } as never,
    })
  const list = ({ vaults }: Facing) => vaults.listVaults({ compartmentId: COMPARTMENT })
  const told = async (options: OciOptions, ask: (there: Facing) => Promise<unknown> = list) =>
    refusal(ask(await facing(w.room, options)))
  /** Those that nothing here leads to, or only a defect. */
  const intercepted = async (status: number, code: string): Promise<string> =>
    told({ intercept: (): OciFaultAnswer => ({ status, code }) })

  const keyId = () => ({ keyId: key.id })
  const PROVOKED: Readonly<Record<string, () => Promise<string>>> = {
    '400 CannotParseRequest': () => plain('POST', `${v.keys.endpoint}/20180608/keys`, '{'),
    '400 MissingParameter': () => refusal(create({})),
    '400 InvalidParameter': () => refusal(create({ keyShape: { algorithm: 'AES', length: 20 } })),
    '400 RelatedResourceNotAuthorizedOrNotFound': () =>
      told({ compartments: [COMPARTMENT] }, ({ vaults }) =>
        vaults.changeVaultCompartment({
          vaultId: v.vault.id,
          changeVaultCompartmentDetails: { compartmentId: 'other' },
        }),
      ),
    '400 UnmatchedContentMD5': () => {
      const { body: restoreKeyFromFileDetails, contentLength } = file(Buffer.from('file'))
      const request = { restoreKeyFromFileDetails, contentLength, contentMd5: 'm' }
      return refusal(v.keys.restoreKeyFromFile(request))
    },
    '401 NotAuthenticated': async () => {
      const { service } = await facing(w.room, { signatures: { keys: {} } })
      const url = `${service}/20180608/vaults?compartmentId=${COMPARTMENT}`
      if (transport.signs) {
        const response = await fetch(url)
        return `${response.status} ${((await response.json()) as { code: string }).code}`
      }
      const handle = ociHandler(w.room, { signatures: { keys: {} } })
      const { status, body } = await handle({ method: 'GET', url, headers: {} })
      return `${status} ${(JSON.parse(body) as { code: string }).code}`
    },
    '404 NotAuthorizedOrNotFound': () => refusal(w.vaults.getVault({ vaultId: key.id })),
    '404 NotFound': () => plain('GET', `${w.service}/20180608/secrets`),
    '405 MethodNotAllowed': () => plain('DELETE', `${w.service}/20180608/vaults`),
    '409 IncorrectState': () => refusal(v.keys.enableKey(keyId())),
    '409 Conflict': () =>
      refusal(
        v.keys.scheduleKeyVersionDeletion({
          ...keyId(),
          keyVersionId: key.currentKeyVersion,
          scheduleKeyVersionDeletionDetails: {},
        }),
      ),
    '409 InvalidatedRetryToken': async () => {
      const make = (displayName: string) =>
        w.vaults.createVault({
          createVaultDetails: {
            compartmentId: COMPARTMENT,
            displayName,
            vaultType: 'DEFAULT' as never,
          },
          opcRetryToken: 'documented',
        })
      await make('one')
      return refusal(make('another'))
    },
    '412 NoEtagMatch': () => refusal(v.keys.disableKey({ ...keyId(), ifMatch: 'stale' })),
    '413 PayloadTooLarge': async () => {
      const large = () => plain('POST', `${v.keys.endpoint}/20180608/keys`, 'x'.repeat(1_048_577))
      // The server waits half a second for what it does not read: whoever sends slower loses the reply.
      for (let left = 5; left > 0; left--) {
        const reply = await large().catch((error: unknown) => error)
        if (typeof reply === 'string') return reply
        expect(reply).toMatchObject({ message: 'fetch failed' })
      }
      return 'no reply'
    },
    '429 TooManyRequests': () =>
      told({ throttle: { perSecond: 1 } }, async (there) => {
        await list(there)
        await list(there)
      }),
    '503 ServiceUnavailable': async () => {
      const closed = await world()
      await closed.room.close()
      return refusal(list(closed))
    },
  }

  const TOLD: readonly (readonly [number, string])[] = [
    [400, 'LimitExceeded'],
    [400, 'QuotaExceeded'],
    [403, 'NotAuthorized'],
    [403, 'NotAllowed'],
    [409, 'NotAuthorizedOrResourceAlreadyExists'],
    [422, 'UnprocessableEntity'],
    [431, 'RequestHeaderFieldsTooLarge'],
    [500, 'InternalServerError'],
    [501, 'MethodNotImplemented'],
  ]

  describe('arises', () => {
    test.each(Object.entries(PROVOKED))('%s', async (gives, provoke) => {
      expect(await provoke()).toBe(gives)
    })
  })

  describe('is told by interception', () => {
    test.each(TOLD)('%i %s', async (status, code) => {
      expect(await intercepted(status, code)).toBe(`${status} ${code}`)
    })
  })
})
