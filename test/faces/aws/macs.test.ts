/** GenerateMac and VerifyMac (contracts: AWS 8.4, 17), by the official client. */
import { GenerateMacCommand, VerifyMacCommand, type MacAlgorithmSpec } from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import { openWorld } from './world.ts'
import { bytes, clientsOf, createKey, keysOf, utf8 } from './using.ts'

const world = await openWorld()
const { kms: handler } = world
const keyOf = keysOf(handler)
const macKey = (spec: string) => keyOf(spec, 'GENERATE_VERIFY_MAC')
const MESSAGE = utf8('a message to authenticate')
const INVALID_MAC = /^KMSInvalidMacException: (UnknownError)?$/
/** Each spec has the one algorithm of its length. */
const CASES: readonly (readonly [string, MacAlgorithmSpec, number])[] = [
  ['HMAC_224', 'HMAC_SHA_224', 28],
  ['HMAC_256', 'HMAC_SHA_256', 32],
  ['HMAC_384', 'HMAC_SHA_384', 48],
  ['HMAC_512', 'HMAC_SHA_512', 64],
]

describe.each(clientsOf(world))('through the %s', (_, kms) => {
  it.each(CASES)('%s makes and verifies %s of %d bytes', async (spec, MacAlgorithm, length) => {
    const { KeyId, Arn } = await macKey(spec)
    const named = { KeyId, MacAlgorithm, Message: MESSAGE }
    const { $metadata: _, ...made } = await kms.send(new GenerateMacCommand(named))
    expect(made).toEqual({ KeyId: Arn, MacAlgorithm, Mac: expect.any(Uint8Array) as Uint8Array })
    const Mac = bytes(made.Mac)
    expect(Mac).toHaveLength(length)
    const { $metadata: __, ...verified } = await kms.send(new VerifyMacCommand({ ...named, Mac }))
    expect(verified).toEqual({ KeyId: Arn, MacAlgorithm, MacValid: true })
    for (const wrong of [
      Mac.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
      Mac.subarray(0, length - 1),
      new Uint8Array([...Mac, 0]),
      new Uint8Array(6144),
    ])
      expect(await outcome(kms, 'VerifyMac', { ...named, Mac: wrong })).toMatch(INVALID_MAC)
    const other = { ...named, Mac, Message: utf8('another message') }
    expect(await outcome(kms, 'VerifyMac', other)).toMatch(INVALID_MAC)
  })
})

describe.each(['GenerateMac', 'VerifyMac'])('%s refuses', (name) => {
  const ask = (input: object) =>
    outcome(handler, name, { Message: MESSAGE, Mac: new Uint8Array(32), ...input })

  it.each(
    CASES.flatMap(([spec]) =>
      CASES.filter(([other]) => other !== spec).map(([, algorithm]) => [spec, algorithm]),
    ),
  )('%s with %s', async (spec, MacAlgorithm) => {
    const { KeyId } = await macKey(spec)
    expect(await ask({ KeyId, MacAlgorithm })).toBe(
      `InvalidKeyUsageException: Algorithm ${MacAlgorithm} is incompatible with key spec ${spec}.`,
    )
  })

  it('keys of another usage, states, lengths and words', async () => {
    const aes = await keyOf()
    const MacAlgorithm = 'HMAC_SHA_256'
    expect(await ask({ KeyId: aes.KeyId, MacAlgorithm })).toBe(
      `InvalidKeyUsageException: ${aes.Arn} key usage is ENCRYPT_DECRYPT which is not valid for ` +
        `${name}.`,
    )
    const { KeyId } = await macKey('HMAC_256')
    const constraint = 'ValidationException: 1 validation error detected: Value '
    const must = 'failed to satisfy constraint: Member must'
    expect(await ask({ KeyId, MacAlgorithm, Message: new Uint8Array(4097) })).toBe(
      `${constraint}at 'message' ${must} have length less than or equal to 4096`,
    )
    expect(await ask({ KeyId, MacAlgorithm, Message: new Uint8Array(0) })).toBe(
      `${constraint}at 'message' ${must} have length greater than or equal to 1`,
    )
    expect(await ask({ KeyId, MacAlgorithm: 'INVALID' })).toBe(
      `${constraint}'INVALID' at 'macAlgorithm' ${must} satisfy enum value set: ` +
        '[HMAC_SHA_224, HMAC_SHA_256, HMAC_SHA_384, HMAC_SHA_512]',
    )
    const disabled = await createKey(handler, {
      KeySpec: 'HMAC_256',
      KeyUsage: 'GENERATE_VERIFY_MAC',
    })
    await world.room.disableKey({ keyId: disabled.KeyId })
    for (const algorithm of [MacAlgorithm, 'HMAC_SHA_512'])
      expect(await ask({ KeyId: disabled.KeyId, MacAlgorithm: algorithm })).toBe(
        `DisabledException: ${disabled.Arn} is disabled.`,
      )
  })
})
