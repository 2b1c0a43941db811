/**
 * One fault at every place (the way of SQLite): short stories are told over and over, and each time the next call to
 * the store fails: before it happens, after it happened, or so that nobody can tell. Told again with the same retry
 * tokens they end where nobody failed, every refusal on the way has a code, and heads and sums are right.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import type { RecordedCall } from '../../src/testing/faulty-store.ts'
import { wrapFor } from './judge.ts'
import { Teller, WAYS, type Ending, type Step, type Told } from './teller.ts'

const PLAINTEXT = utf8('acknowledged')
const NEW_SEAL = { key: new Uint8Array(32).fill(77) }

const vault =
  (name: string): Step =>
  async (room, { ids }) =>
    ids.set(name, (await room.createVault({ displayName: name, retryToken: name })).id)
const key =
  (name: string, more: object = {}): Step =>
  async (room, { ids }) => {
    const vaultId = ids.get('vault')!
    const asked = { vaultId, displayName: name, spec: 'AES_256', retryToken: name } as const
    ids.set(name, (await room.createKey({ ...asked, ...more })).id)
  }
const seal =
  (name: string): Step =>
  async (room, { ids, ciphertexts }) => {
    const made = await room.encrypt({ keyId: ids.get(name)!, plaintext: PLAINTEXT })
    ciphertexts.set(name, made.ciphertext)
    ids.set(`${name} version`, made.versionId)
  }
const on = (name: string, { ids }: Told, retryToken: string) => ({
  keyId: ids.get(name)!,
  retryToken,
})
/** Time goes by once, however often it is told. */
const days =
  (count: number): Step =>
  async (_, { clock, done }) => {
    if (!done.has(`${count}`)) clock.advance({ days: count })
    done.add(`${count}`)
  }
const tick: Step = (room) => room.tick()

interface Story {
  readonly steps: readonly Step[]
  readonly ending: Ending
}
const STORIES: Readonly<Record<string, Story>> = {
  'making and changing': {
    steps: [
      vault('vault'),
      key('aes'),
      seal('aes'),
      key('pair', { spec: 'EC_P256' }),
      (room, told) => room.createKeyVersion(on('aes', told, 'rotate')),
      (room, told) => room.createAlias({ ...on('aes', told, 'alias'), name: 'alias/aes' }),
      (room, told) => room.updateKey({ ...on('pair', told, 'update'), description: 'told' }),
      (room, told) => room.disableKey(on('pair', told, 'disable')),
    ],
    ending: {
      keys: [
        ['aes enabled', '', '1 enabled', '2 enabled'],
        ['pair disabled', 'told', '1 enabled'],
      ],
      opens: ['aes ok'],
      aliases: ['alias/aes'],
      vaults: ['vault active'],
      vaultKeys: 1,
    },
  },
  'destroying a key': {
    steps: [
      vault('vault'),
      vault('another'),
      key('kept'),
      seal('kept'),
      key('doomed'),
      seal('doomed'),
      (room, told) => room.createAlias({ ...on('doomed', told, 'alias'), name: 'alias/doomed' }),
      (room, told) => room.destroyKey(on('doomed', told, 'destroy')),
      key('next'),
      seal('next'),
    ],
    ending: {
      keys: [
        ['doomed deleted', '', '1 deleted'],
        ['kept enabled', '', '1 enabled'],
        ['next enabled', '', '1 enabled'],
      ],
      opens: ['kept ok', 'doomed INVALID_STATE', 'next ok'],
      aliases: [],
      vaults: ['another active', 'vault active'],
      vaultKeys: 2,
    },
  },
  'what time does': {
    steps: [
      vault('vault'),
      vault('second'),
      key('aes'),
      seal('aes'),
      (room, told) => room.createKeyVersion(on('aes', told, 'rotate')),
      key('later'),
      seal('later'),
      (room, told) => room.scheduleKeyDeletion(on('later', told, 'schedule')),
      (room, told) => {
        const versionId = told.ids.get('aes version')!
        return room.scheduleKeyVersionDeletion({ ...on('aes', told, 'version'), versionId })
      },
      (room, { ids }) =>
        room.scheduleVaultDeletion({ vaultId: ids.get('second')!, retryToken: 'end' }),
      days(30),
      tick,
      key('rotating', { rotation: { everyDays: 1 } }),
      days(2),
      seal('rotating'),
    ],
    ending: {
      keys: [
        ['aes enabled', '', '1 deleted', '2 enabled'],
        ['later deleted', '', '1 deleted'],
        ['rotating enabled', '', '1 enabled', '2 enabled', '3 enabled'],
      ],
      opens: ['aes INVALID_STATE', 'later INVALID_STATE', 'rotating ok'],
      aliases: [],
      vaults: ['second deleted', 'vault active'],
      vaultKeys: 1,
    },
  },
  'material and seal': {
    steps: [
      vault('vault'),
      key('imported', { origin: 'imported' }),
      async (room, { ids, bytes }) => {
        const wrapping = 'RSA_OAEP_SHA_256'
        const asked = { keyId: ids.get('imported')!, wrapping, wrappingSpec: 'RSA_2048' } as const
        const { publicKey, importToken } = await room.getImportParameters(asked)
        bytes.set('token', importToken)
        bytes.set('wrapped', wrapFor(wrapping, publicKey, new Uint8Array(32).fill(4)))
      },
      (room, told) =>
        room.importKeyMaterial({
          ...on('imported', told, 'import'),
          importToken: told.bytes.get('token')!,
          wrapped: told.bytes.get('wrapped')!,
        }),
      seal('imported'),
      async (room, told) => {
        told.seals = [...told.seals.slice(0, 1), NEW_SEAL]
        await room.reseal(NEW_SEAL)
      },
      (room, told) => room.deleteKeyMaterial(on('imported', told, 'delete')),
    ],
    ending: {
      keys: [['imported pendingImport', '', '1 pendingImport']],
      opens: ['imported INVALID_STATE'],
      aliases: [],
      vaults: ['vault active'],
      vaultKeys: 1,
    },
  },
}

const KINDS = ['before', 'after', 'unknown'] as const
/** A failing read leaves nothing behind: one kind says it all. */
const isRead = ({ method }: RecordedCall): boolean =>
  ['get', 'scan', 'head', 'sidecar.read'].includes(method)

describe.each(Object.keys(STORIES))('%s', (name) => {
  const { steps, ending } = STORIES[name]!
  let calls: readonly RecordedCall[]
  beforeAll(async () => {
    const teller = new Teller(WAYS[0]!)
    await teller.tell(steps)
    calls = [...teller.store.calls]
    expect(teller.failures).toBe(0)
    expect(await teller.end()).toEqual(ending)
  })

  test('every write fails once, in every way', async () => {
    const writes = calls.filter((call) => !isRead(call))
    expect(writes.length).toBeGreaterThan(15)
    for (const [i, { ordinal }] of writes.entries())
      for (const [j, kind] of KINDS.entries()) {
        const teller = new Teller(WAYS[(i + j) % WAYS.length]!, [
          { method: 'any', nth: ordinal, kind },
        ])
        await teller.tell(steps)
        expect(teller.failures).toBeGreaterThan(0)
        expect([ordinal, kind, await teller.end()]).toEqual([ordinal, kind, ending])
      }
  })

  test('every read fails once', async () => {
    const reads = calls.filter(isRead)
    expect(reads.length).toBeGreaterThan(15)
    for (const [i, { ordinal }] of reads.entries()) {
      const teller = new Teller(WAYS[i % WAYS.length]!, [
        { method: 'any', nth: ordinal, kind: 'before' },
      ])
      await teller.tell(steps)
      expect([ordinal, await teller.end()]).toEqual([ordinal, ending])
    }
  })

  test('a store that stays away: told of each time, and its return is enough', async () => {
    for (let nth = 1 + (calls.length % 11); nth <= calls.length; nth += 11) {
      const teller = new Teller(WAYS[nth % WAYS.length]!, [
        { method: 'any', nth, kind: KINDS[nth % KINDS.length]!, lasting: true },
      ])
      let at = 0
      const told = async (): Promise<void> => {
        for (; at < steps.length; at++) await teller.tell(steps.slice(at, at + 1))
      }
      await expect(told()).rejects.toMatchObject({ name: 'StrongroomError' })
      teller.store.heal()
      await told()
      expect([nth, await teller.end()]).toEqual([nth, ending])
    }
  })
})
