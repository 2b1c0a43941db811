/** Operations through the public API, awaited, on keys in use, beside the same work by node:crypto alone. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { AAD, CONTEXT, memoryRoom } from './room.js'
import { bareHmac, idiomatic, repeat, repeatAwaited, stripped } from './raw.js'

const KEY = new Uint8Array(32).fill(9)
const MESSAGE = new Uint8Array(256).fill(5)

/** A benchmark of one AES operation: `part` is what the yardsticks call it. */
const aes = ({ name, title, bytes, part, budget, call }) => ({
  name,
  title,
  budget,
  async setup() {
    const { room, key } = await memoryRoom()
    const { id: keyId } = await key('AES_256')
    const plaintext = new Uint8Array(bytes).fill(3)
    const { ciphertext } = await room.encrypt({ keyId, plaintext, context: CONTEXT })
    const body = call(room, { keyId, plaintext, ciphertext })
    return {
      subject: repeatAwaited(body),
      baselines: {
        stripped: repeat(stripped(KEY, AAD, plaintext)[part]),
        idiomatic: repeat(idiomatic(KEY, AAD, plaintext)[part]),
      },
      close: () => room.close(),
    }
  },
})

// Inputs are made anew for each call, as callers do: a reused object would flatter inline caches.
const encrypt =
  (room, { keyId, plaintext }) =>
  () =>
    room.encrypt({ keyId, plaintext, context: { table: 'orders', tenant: 'north-7' } })
const decrypt =
  (room, { ciphertext }) =>
  () =>
    room.decrypt({ ciphertext, context: { table: 'orders', tenant: 'north-7' } })
const generateDataKey =
  (room, { keyId }) =>
  () =>
    room.generateDataKey({ keyId, context: { table: 'orders', tenant: 'north-7' } })

/** A benchmark of a signature, `verify` or a MAC against the one call of node:crypto. */
const against = ({ name, title, spec, budget, bare, pooled, call, more }) => ({
  name,
  title,
  budget,
  async setup() {
    const { room, key } = await memoryRoom()
    const { id: keyId } = await key(spec, more)
    return {
      subject: repeatAwaited(await call(room, keyId)),
      baselines: {
        stripped: repeat(bare()),
        ...(pooled && { 'thread pool': repeatAwaited(pooled()) }),
      },
      close: () => room.close(),
    }
  },
})

const PAIRS = {
  EC_P256: { make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), options: {} },
  RSA_2048: {
    // Ours never stops the loop for an RSA signature.
    pooled: true,
    make: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    options: { algorithm: 'RSA_PKCS1_SHA_256' },
  },
}

const signOnPool = promisify(sign)

/** A pair as a program would load it: from DER, once. */
function loaded(spec) {
  const { privateKey, publicKey } = PAIRS[spec].make()
  return {
    privateKey: createPrivateKey({
      key: privateKey.export({ type: 'pkcs8', format: 'der' }),
      type: 'pkcs8',
      format: 'der',
    }),
    publicKey: createPublicKey({
      key: publicKey.export({ type: 'spki', format: 'der' }),
      type: 'spki',
      format: 'der',
    }),
  }
}

const signing = (name, title, spec, budget) =>
  against({
    name,
    title,
    spec,
    budget,
    bare: () => {
      const { privateKey } = loaded(spec)
      return () => sign('sha256', MESSAGE, privateKey)
    },
    pooled:
      PAIRS[spec].pooled &&
      (() => {
        const { privateKey } = loaded(spec)
        return () => signOnPool('sha256', MESSAGE, privateKey)
      }),
    call: (room, keyId) => () => room.sign({ keyId, message: MESSAGE, ...PAIRS[spec].options }),
  })

const verifying = (name, title, spec) =>
  against({
    name,
    title,
    spec,
    bare: () => {
      const { privateKey, publicKey } = loaded(spec)
      const signature = sign('sha256', MESSAGE, privateKey)
      return () => verify('sha256', MESSAGE, publicKey, signature)
    },
    call: async (room, keyId) => {
      const named = { keyId, message: MESSAGE, ...PAIRS[spec].options }
      const { signature } = await room.sign(named)
      return () => room.verify({ ...named, signature })
    },
  })

const SMALL = { stripped: 0.6, idiomatic: 1.0 }
const LARGE = { stripped: 0.65, idiomatic: 1.1 }

export const ENGINE = [
  aes({
    name: 'encrypt-32',
    title: 'encrypt 32 B',
    bytes: 32,
    part: 'seal',
    budget: SMALL,
    call: encrypt,
  }),
  aes({
    name: 'decrypt-32',
    title: 'decrypt 32 B',
    bytes: 32,
    part: 'open',
    budget: SMALL,
    call: decrypt,
  }),
  aes({
    name: 'encrypt-4k',
    title: 'encrypt 4 KiB',
    bytes: 4096,
    part: 'seal',
    budget: LARGE,
    call: encrypt,
  }),
  aes({
    name: 'decrypt-4k',
    title: 'decrypt 4 KiB',
    bytes: 4096,
    part: 'open',
    budget: LARGE,
    call: decrypt,
  }),
  aes({
    name: 'data-key',
    title: 'generateDataKey',
    bytes: 32,
    part: 'dataKey',
    budget: { idiomatic: 1.2 },
    call: generateDataKey,
  }),
  signing('sign-p256', 'sign P-256', 'EC_P256', { stripped: 0.95 }),
  signing('sign-rsa2048', 'sign RSA-2048', 'RSA_2048', { stripped: 0.95, 'thread pool': 0.95 }),
  verifying('verify-p256', 'verify P-256', 'EC_P256'),
  verifying('verify-rsa2048', 'verify RSA-2048', 'RSA_2048'),
  against({
    name: 'mac',
    title: 'generateMac HMAC-SHA-256, 256 B',
    spec: 'HMAC_256',
    bare: () => bareHmac(KEY, MESSAGE),
    call: (room, keyId) => () => room.generateMac({ keyId, message: MESSAGE }),
  }),
]
