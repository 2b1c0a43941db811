/**
 * ML-DSA (FIPS 204) and ML-KEM (FIPS 203) by @noble/post-quantum, for both providers: no platform
 * that we serve has them. A parameter set is loaded and has given its known answers (FIPS 140-3 IG
 * 10.3.A) before its first use: most rooms never need it.
 */
import { fromHex, toHex, utf8, wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import * as answers from './known-answers.ts'
import type { LatticeSpec, MlDsaSpec, MlKemSpec } from './parameter-sets.ts'

export type MlDsa = typeof import('@noble/post-quantum/ml-dsa.js').ml_dsa44
export type MlKem = typeof import('@noble/post-quantum/ml-kem.js').ml_kem512

const dsa = () => import('@noble/post-quantum/ml-dsa.js')
const kem = () => import('@noble/post-quantum/ml-kem.js')

const ML_DSA: Readonly<Record<MlDsaSpec, () => Promise<MlDsa>>> = {
  ML_DSA_44: async () => (await dsa()).ml_dsa44,
  ML_DSA_65: async () => (await dsa()).ml_dsa65,
  ML_DSA_87: async () => (await dsa()).ml_dsa87,
}
const ML_KEM: Readonly<Record<MlKemSpec, () => Promise<MlKem>>> = {
  ML_KEM_512: async () => (await kem()).ml_kem512,
  ML_KEM_768: async () => (await kem()).ml_kem768,
  ML_KEM_1024: async () => (await kem()).ml_kem1024,
}

const loaded = new Map<LatticeSpec, Promise<MlDsa | MlKem>>()

function once<T extends MlDsa | MlKem>(spec: LatticeSpec, load: () => Promise<T>): Promise<T> {
  const made = (loaded.get(spec) as Promise<T> | undefined) ?? load()
  loaded.set(spec, made)
  return made
}

/** The functions of an ML-DSA parameter set; throws SELF_TEST_FAILED when they compute wrongly. */
export const mlDsa = (spec: MlDsaSpec): Promise<MlDsa> =>
  once(spec, async () => testMlDsa(spec, await ML_DSA[spec]()))

/** The same for ML-KEM. */
export const mlKem = (spec: MlKemSpec): Promise<MlKem> =>
  once(spec, async () => testMlKem(spec, await ML_KEM[spec]()))

const hex = (text: string): Uint8Array => fromHex(text)!

/** Key generation, signature and both outcomes of verification. */
export async function testMlDsa(spec: MlDsaSpec, tested: MlDsa): Promise<MlDsa> {
  const { seed, message, [spec]: expected } = answers.ML_DSA
  await expectAnswers(spec, expected, () => {
    const { publicKey, secretKey } = tested.keygen(hex(seed))
    const text = utf8(message)
    // FIPS 204 algorithm 2: deterministic with rnd = 0.
    const signature = tested.sign(text, secretKey, { extraEntropy: false })
    const accepts = tested.verify(signature, text, publicKey)
    const refuses = !tested.verify(signature, text.subarray(1), publicKey)
    return { publicKey, signature, verdicts: Uint8Array.of(+accepts, +refuses) }
  })
  return tested
}

/** Key generation, encapsulation and decapsulation with implicit rejection. */
export async function testMlKem(spec: MlKemSpec, tested: MlKem): Promise<MlKem> {
  const { seed, randomness, [spec]: expected } = answers.ML_KEM
  await expectAnswers(spec, expected, () => {
    const { publicKey, secretKey } = tested.keygen(hex(seed))
    const { cipherText, sharedSecret } = tested.encapsulate(publicKey, hex(randomness))
    const opened = tested.decapsulate(cipherText, secretKey)
    const changed = cipherText.slice()
    changed[0]! ^= 1
    const rejected = tested.decapsulate(changed, secretKey)
    return { publicKey, ciphertext: cipherText, sharedSecret, opened, rejected }
  })
  return tested
}

/** Compares the SHA3-256 of each answer; a wrong one, or an exception, stops everything. */
async function expectAnswers(
  spec: LatticeSpec,
  expected: Readonly<Record<string, string>>,
  run: () => Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const { sha3_256 } = await import('@noble/hashes/sha3.js')
  const failed = (name: string, details = {}): StrongroomError =>
    new StrongroomError(
      'SELF_TEST_FAILED',
      `${spec}, ${name}: the known answer came out wrong.`,
      details,
    )
  const given = attempt(run, (cause) => failed('computation', { cause }))
  for (const [name, digest] of Object.entries(expected))
    if (toHex(sha3_256(given[name]!)) !== digest) throw failed(name)
  wipe(...Object.values(given))
}

function attempt<T>(run: () => T, refusal: (cause: unknown) => StrongroomError): T {
  try {
    return run()
  } catch (cause) {
    throw refusal(cause)
  }
}
