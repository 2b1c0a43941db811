/** A pair whose halves do not belong together is not given out. */
import { expect, it } from 'vitest'
import { consistent } from '../../src/crypto/pairwise.ts'
import { PROVIDER_NAMES, PROVIDERS } from './support.ts'

const CASES = PROVIDER_NAMES.flatMap((name) =>
  (['RSA_2048', 'EC_P256', 'ED25519'] as const).map((spec) => ({ name, spec })),
)

it.each(CASES)('$name, $spec', async ({ name, spec }) => {
  const provider = PROVIDERS[name]
  const [one, other] = await Promise.all([1, 2].map(async () => PROVIDERS.node.generatePair(spec)))
  const privateKey = provider.privateKey(spec, one!)
  const asked = (publicKey: Uint8Array) =>
    consistent(spec, one!, privateKey, provider.publicKey(spec, publicKey))
  expect(await asked(one!.publicKey)).toBe(one)
  expect(one!.privateKey.some((byte) => byte !== 0)).toBe(true)
  await expect(asked(other!.publicKey)).rejects.toMatchObject({ code: 'INTERNAL' })
  expect(one!.privateKey.every((byte) => byte === 0)).toBe(true)
})
