/** The fast path of keys in use answers as the pipeline does, and stands aside for whatever is unusual. */
import { beforeEach, describe, expect, test } from 'vitest'
import { Strongroom, VirtualClock } from '../../src/index.ts'

type Call = (more?: object) => Promise<unknown>
interface Stage {
  readonly room: Strongroom
  readonly clock: VirtualClock
  readonly vaultId: string
  readonly aes: string
  readonly pair: string
  readonly hmac: string
  readonly calls: Readonly<Record<string, Call>>
}

const MESSAGE = new Uint8Array(40).fill(1)
const CONTEXT = { table: 'orders', tenant: 'north' }
const DAY_MS = 86_400_000

async function open(expiresOn?: (clock: VirtualClock) => Date): Promise<Stage> {
  const clock = new VirtualClock()
  const room = await Strongroom.open({ clock })
  const { id: vaultId } = await room.createVault({ displayName: 'hot' })
  const version = expiresOn && { version: { expiresOn: expiresOn(clock) } }
  const key = async (spec: 'AES_256' | 'EC_P256' | 'HMAC_256') =>
    (await room.createKey({ vaultId, displayName: spec, spec, ...version })).id
  const [aes, pair, hmac] = [await key('AES_256'), await key('EC_P256'), await key('HMAC_256')]
  const sealed = { keyId: aes, plaintext: MESSAGE, context: CONTEXT }
  const { ciphertext } = await room.encrypt(sealed)
  const { signature } = await room.sign({ keyId: pair, message: MESSAGE })
  const { mac } = await room.generateMac({ keyId: hmac, message: MESSAGE })
  const calls: Record<string, Call> = {
    encrypt: (more) => room.encrypt({ ...sealed, ...more }),
    decrypt: (more) => room.decrypt({ ciphertext, context: CONTEXT, ...more }),
    generateDataKey: (more) => room.generateDataKey({ keyId: aes, context: CONTEXT, ...more }),
    sign: (more) => room.sign({ keyId: pair, message: MESSAGE, ...more }),
    verify: (more) => room.verify({ keyId: pair, message: MESSAGE, signature, ...more }),
    generateMac: (more) => room.generateMac({ keyId: hmac, message: MESSAGE, ...more }),
    verifyMac: (more) => room.verifyMac({ keyId: hmac, message: MESSAGE, mac, ...more }),
  }
  // Twice: the first call asks the pipeline and learns, the second is answered at once.
  for (const call of Object.values(calls)) {
    await call()
    await call()
  }
  return { room, clock, vaultId, aes, pair, hmac, calls }
}

const NAMES = [
  'encrypt',
  'decrypt',
  'generateDataKey',
  'sign',
  'verify',
  'generateMac',
  'verifyMac',
]
const NEW_WORK = ['encrypt', 'generateDataKey', 'sign', 'generateMac']

let stage: Stage
beforeEach(async () => {
  stage = await open()
})

describe('answers', () => {
  test('each opens, verifies and names what the pipeline would, frozen', async () => {
    const { room, aes, pair, hmac, calls } = stage
    const encrypted = (await calls['encrypt']!()) as { ciphertext: Uint8Array }
    expect(Object.isFrozen(encrypted)).toBe(true)
    const { ciphertext } = encrypted
    const slow = await room.decrypt({ ciphertext, context: CONTEXT, principal: 'owner' })
    const fast = await room.decrypt({ ciphertext, context: CONTEXT })
    expect(fast).toEqual(slow)
    expect(fast).toMatchObject({ plaintext: MESSAGE, keyId: aes, algorithm: 'XAES_GCM' })
    const dataKey = (await calls['generateDataKey']!({ spec: 'AES_128' })) as typeof encrypted & {
      plaintext: Uint8Array
    }
    const opened = await room.decrypt({ ciphertext: dataKey.ciphertext, context: CONTEXT })
    expect(opened.plaintext).toEqual(dataKey.plaintext)
    expect(dataKey.plaintext).toHaveLength(16)
    const signed = { keyId: pair, message: MESSAGE }
    const { signature } = await room.sign(signed)
    expect(await room.verify({ ...signed, signature })).toMatchObject({ valid: true, keyId: pair })
    const other = new Uint8Array(40).fill(2)
    expect(await room.verify({ ...signed, message: other, signature })).toMatchObject({
      valid: false,
    })
    const asked = { keyId: hmac, message: MESSAGE, algorithm: 'HMAC_SHA_256' } as const
    expect(await room.generateMac(asked)).toEqual(await calls['generateMac']!())
    const { mac } = await room.generateMac(asked)
    expect(await room.verifyMac({ ...asked, mac })).toMatchObject({ valid: true })
    expect(await room.verifyMac({ ...asked, message: other, mac })).toMatchObject({ valid: false })
  })

  test('each call is counted', async () => {
    const count = (name: string) =>
      (stage.room.metrics() as Record<string, { outcomes: Record<string, number> }>)[name]!
        .outcomes['ok']!
    for (const name of NAMES) {
      const before = count(name)
      await stage.calls[name]!()
      expect(count(name), name).toBe(before + 1)
    }
  })

  test('a key in use passes by the pipeline, again so after its permit ended', async () => {
    const { room, vaultId, calls } = stage
    const pipelineMs = (name: string) =>
      (room.metrics() as Record<string, { totalMs: number }>)[name]!.totalMs
    for (const again of [false, true]) {
      if (again) {
        await room.scheduleVaultDeletion({ vaultId })
        await room.cancelVaultDeletion({ vaultId })
      }
      for (const name of NAMES) {
        const before = pipelineMs(name)
        await calls[name]!()
        const learned = pipelineMs(name)
        // What encrypt learned serves data keys too.
        expect(learned > before, name).toBe(again && name !== 'generateDataKey')
        await calls[name]!()
        expect(pipelineMs(name), name).toBe(learned)
      }
    }
  })

  test('the context of each call is what is authenticated, whatever came before', async () => {
    const { room, aes: keyId } = stage
    const contexts = [
      CONTEXT,
      { tenant: 'north', table: 'orders' },
      undefined,
      {},
      { table: 'orders' },
      { table: 'orders', tenant: 'south' },
      { table: 'orders', tenant: 'north', more: '' },
      { tabl: 'eorders', tenant: 'north' },
      { desk: 'orders', tenant: 'north' },
      Object.assign(Object.create(null) as object, CONTEXT) as Record<string, string>,
    ]
    const canonical = (context: object | undefined) =>
      JSON.stringify(Object.entries(context ?? {}).sort())
    for (const context of contexts) {
      const { ciphertext } = await room.encrypt({ keyId, plaintext: MESSAGE, context: context! })
      for (const other of contexts) {
        const opened = room.decrypt({ ciphertext, context: other! }).then(
          () => true,
          (error: unknown) => (error as { code: string }).code !== 'INVALID_CIPHERTEXT',
        )
        expect(await opened).toBe(canonical(context) === canonical(other))
      }
    }
  })

  test('every byte of a ciphertext counts, its clear header too', async () => {
    const { room, aes: keyId } = stage
    const { ciphertext } = await room.encrypt({ keyId, plaintext: MESSAGE })
    for (const bit of [1, 2, 3]) {
      for (let at = 0; at < ciphertext.length; at++) {
        const changed = new Uint8Array(ciphertext)
        changed[at]! ^= bit
        await expect(room.decrypt({ ciphertext: changed })).rejects.toMatchObject({
          code: 'INVALID_CIPHERTEXT',
        })
      }
    }
  })

  test('pairs that a context inherits are none', async () => {
    const { room, aes: keyId } = stage
    const inherited = Object.create(CONTEXT) as Record<string, string>
    const { ciphertext } = await room.encrypt({ keyId, plaintext: MESSAGE, context: inherited })
    expect((await room.decrypt({ ciphertext })).plaintext).toEqual(MESSAGE)
  })
})

describe('what is unusual', () => {
  test.each(NAMES)('%s for someone else is refused, however they are named', async (name) => {
    const { room, calls } = stage
    await expect(calls[name]!({ principal: 'mallory' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    // Out of sight of a loop over names: on the class, or not enumerable.
    class Request {
      get principal() {
        return 'mallory'
      }
    }
    const operation = (room as unknown as Record<string, Call>)[name]!.bind(room)
    const plain: object = await inputOf(calls[name]!, room, name)
    await expect(operation(Object.assign(new Request(), plain))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    const hidden = Object.defineProperty({ ...plain }, 'principal', { value: 'mallory' })
    await expect(operation(hidden)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  test.each(NAMES)('%s looks for its key in the vault that is named', async (name) => {
    const { room, vaultId, calls } = stage
    await expect(calls[name]!({ vaultId })).resolves.toBeDefined()
    const { id: elsewhere } = await room.createVault({ displayName: 'elsewhere' })
    const code = name === 'decrypt' ? 'INVALID_CIPHERTEXT' : 'NOT_FOUND'
    await expect(calls[name]!({ vaultId: elsewhere })).rejects.toMatchObject({ code })
  })

  test.each(NAMES)('%s refuses a misspelt field and a null', async (name) => {
    const { calls } = stage
    const invalid = { code: 'INVALID_ARGUMENT' }
    for (const more of [
      { contxt: CONTEXT },
      { constructor: 'x' },
      { keyId: null },
      { message: null },
      { context: null },
      { algorithm: null },
      { spec: null },
      { algorithm: { toString: () => 'HMAC_SHA_256' } },
    ])
      await expect(calls[name]!(more), JSON.stringify(more)).rejects.toMatchObject(invalid)
  })

  test('no input at all is refused as the pipeline refuses it', async () => {
    for (const name of NAMES)
      // Without anything, `verify` means the room and not a signature.
      for (const input of [...(name === 'verify' ? [] : [undefined]), null, 5, 'key', []]) {
        const operation = (stage.room as unknown as Record<string, Call>)[name]!.bind(stage.room)
        await expect(operation(input as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      }
  })

  test('fields that a class brings along count', async () => {
    class Request {
      get algorithm() {
        return 'AES_CBC'
      }
    }
    const input = Object.assign(new Request(), { keyId: stage.aes, plaintext: new Uint8Array(16) })
    expect(await stage.room.encrypt(input as never)).toMatchObject({ algorithm: 'AES_CBC' })
  })

  test('a field that is given as undefined is not given', async () => {
    for (const name of NAMES)
      expect(await stage.calls[name]!({ principal: undefined, vaultId: undefined })).toBeDefined()
  })

  test('algorithms of another spec or purpose', async () => {
    await expect(stage.calls['sign']!({ algorithm: 'ED25519' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    await expect(stage.calls['generateMac']!({ algorithm: 'HMAC_SHA_512' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
  })
})

/** The input that a call gives to its operation. */
async function inputOf(call: Call, room: Strongroom, name: string): Promise<object> {
  let seen: object = {}
  const target = room as unknown as Record<string, unknown>
  const own = target[name]
  target[name] = async (input: object) => {
    seen = input
  }
  await call()
  target[name] = own
  return seen
}

describe('what ends a permit', () => {
  test('disabling the key, at once', async () => {
    const { room, calls, aes, pair, hmac } = stage
    for (const keyId of [aes, pair, hmac]) await room.disableKey({ keyId })
    for (const name of NAMES)
      await expect(calls[name]!(), name).rejects.toMatchObject({ code: 'INVALID_STATE' })
    for (const keyId of [aes, pair, hmac]) await room.enableKey({ keyId })
    for (const name of NAMES) await calls[name]!()
  })

  test('scheduling the deletion of the vault, at once', async () => {
    const { room, calls, vaultId } = stage
    await room.scheduleVaultDeletion({ vaultId })
    for (const name of NAMES)
      await expect(calls[name]!(), name).rejects.toMatchObject({ code: 'INVALID_STATE' })
  })

  test('the end of the validity window: for new work, to the millisecond', async () => {
    const short = await open((clock) => new Date(clock.now() + DAY_MS))
    short.clock.advance({ milliseconds: DAY_MS - 1 })
    for (const name of NAMES) await short.calls[name]!()
    short.clock.advance({ milliseconds: 1 })
    for (const name of NAMES) {
      const call = short.calls[name]!()
      if (NEW_WORK.includes(name))
        await expect(call, name).rejects.toMatchObject({ code: 'OUTSIDE_VALIDITY' })
      else await call
    }
  })

  test('a rotation: new work takes the new version, old data still opens', async () => {
    const { room, calls, aes: keyId } = stage
    const { id } = await room.createKeyVersion({ keyId })
    expect(await calls['encrypt']!()).toMatchObject({ versionId: id })
    expect(await calls['decrypt']!()).toMatchObject({ plaintext: MESSAGE })
    expect(await calls['decrypt']!()).not.toMatchObject({ versionId: id })
  })

  test('permits of one use are not permits of another', async () => {
    const { room, vaultId } = stage
    const version = { operations: ['verify'] as const }
    const { id: keyId } = await room.createKey({
      vaultId,
      displayName: 'only to verify',
      spec: 'EC_P256',
      version,
    } as never)
    const signature = new Uint8Array(70).fill(1)
    for (let i = 0; i < 3; i++)
      expect(await room.verify({ keyId, message: MESSAGE, signature })).toMatchObject({
        valid: false,
      })
    await expect(room.sign({ keyId, message: MESSAGE })).rejects.toMatchObject({
      code: 'NOT_PERMITTED_FOR_KEY',
    })
  })

  test('a version that was named once is not the current one', async () => {
    const { room, vaultId } = stage
    for (const spec of ['AES_256', 'EC_P256'] as const) {
      const { id: keyId, currentVersionId: first } = await room.createKey({
        vaultId,
        displayName: spec,
        spec,
        olderVersions: 'all',
      })
      const { id: second } = await room.createKeyVersion({ keyId })
      const use = (more: object) =>
        spec === 'AES_256'
          ? room.encrypt({ keyId, plaintext: MESSAGE, ...more })
          : room.sign({ keyId, message: MESSAGE, ...more })
      expect(await use({ versionId: first })).toMatchObject({ versionId: first })
      expect(await use({})).toMatchObject({ versionId: second })
      expect(await use({})).toMatchObject({ versionId: second })
    }
  })

  test('a use that was under way when the key was disabled leaves no permit behind', async () => {
    const { room, aes: keyId } = stage
    const use = () => room.encrypt({ keyId, plaintext: MESSAGE })
    for (let turns = 0; turns < 60; turns++) {
      await room.disableKey({ keyId })
      await room.enableKey({ keyId })
      const disabling = room.disableKey({ keyId })
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      await Promise.allSettled([use(), disabling, use()])
      await expect(use()).rejects.toMatchObject({ code: 'INVALID_STATE' })
      await room.enableKey({ keyId })
    }
  })

  test('a use that was under way when the room recovered leaves no permit behind', async () => {
    const { room, vaultId } = stage
    const spec = 'AES_256'
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'late', spec })
    const use = () => room.encrypt({ keyId, plaintext: MESSAGE })
    await Promise.allSettled([use(), use(), room.recover(), use(), use()])
    await room.scheduleVaultDeletion({ vaultId })
    await expect(use()).rejects.toMatchObject({ code: 'INVALID_STATE' })
  })

  test('closing the room', async () => {
    const { room, calls } = stage
    await room.close()
    for (const name of NAMES)
      await expect(calls[name]!(), name).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
