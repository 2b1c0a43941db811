/** TABLE of the operations that use keys (contracts: Azure 3.1, 4, 4.8). */
import { wipe, toBase64url } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { MacAlgorithm, SigningAlgorithm } from '../../domain/algorithms.ts'
import { row, type Call } from './call.ts'
import { bad, invalid } from './errors.ts'
import { bytes, may, need, text, type Values } from './fields.ts'
import { ENCRYPTION, SIGNING, WRAPPING, type SignatureFit } from './shapes.ts'
import { fit, reference, told, using, type Used } from './using.ts'

const ALG = need(text(64, 1))
const DATA = bytes(LIMITS.plaintextBytesMax)
const SEALED = bytes(LIMITS.ciphertextBytesMax)

const optional = <N extends string>(name: N, value: Uint8Array | undefined) =>
  (value ? { [name]: value } : {}) as { readonly [P in N]?: Uint8Array }
const shown = <N extends string>(name: N, value: Uint8Array | undefined) =>
  (value ? { [name]: toBase64url(value) } : {}) as { readonly [P in N]?: string }

/** Whatever does not open is refused in one way, whatever was wrong about it. */
async function opened<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    const code = error instanceof StrongroomError ? error.code : undefined
    if (code === 'INVALID_CIPHERTEXT') return bad('The value does not open under this key.')
    throw error
  }
}

const ENCRYPT = {
  alg: ALG,
  value: need(DATA),
  iv: may(bytes(16)),
  aad: may(bytes(LIMITS.contextBytesMax)),
}

const encrypt = (call: Call<Values<typeof ENCRYPT>>): Promise<object> =>
  using(call, 'encrypt', async (found) => {
    const { alg, value, iv, aad } = call.body
    const { algorithm } = fit(ENCRYPTION, alg, found)
    // The service makes the IV of GCM always (contracts: Azure 4.8).
    const given = algorithm === 'AES_GCM' ? optional('aad', aad) : optional('iv', iv)
    const asked = { ...reference(call, found), plaintext: value, algorithm, ...given }
    const sealed = await call.room.encrypt(asked)
    return {
      ...told(call, found.kid, alg),
      value: toBase64url(sealed.ciphertext),
      ...shown('iv', sealed.iv),
      ...shown('tag', sealed.tag),
      ...(algorithm === 'AES_GCM' && shown('aad', aad)),
    }
  })

const DECRYPT = { ...ENCRYPT, value: need(SEALED), tag: may(bytes(16)) }

const decrypt = (call: Call<Values<typeof DECRYPT>>): Promise<object> =>
  using(call, 'decrypt', async (found) => {
    const { alg, value: ciphertext, iv, aad, tag } = call.body
    const { algorithm } = fit(ENCRYPTION, alg, found)
    const gcm = algorithm === 'AES_GCM'
    const given = {
      ...(!algorithm.startsWith('RSA') && optional('iv', iv)),
      ...(gcm && { ...optional('aad', aad), ...optional('tag', tag) }),
    }
    const asked = { ...reference(call, found), ciphertext, algorithm, ...given }
    const { plaintext } = await opened(call.room.decrypt(asked))
    return revealed(call, found, plaintext)
  })

/** What was opened, as text: its bytes are not needed any more. */
function revealed(call: Call<{ readonly alg: string }>, { kid }: Used, plaintext: Uint8Array) {
  const value = toBase64url(plaintext)
  wipe(plaintext)
  return { ...told(call, kid, call.body.alg), value }
}

const WRAP = { alg: ALG, value: need(bytes(LIMITS.keyToWrapBytesMax)) }
const UNWRAP = { alg: ALG, value: need(bytes(LIMITS.wrappedMaterialBytesMax)) }

const wrapKey = (call: Call<Values<typeof WRAP>>): Promise<object> =>
  using(call, 'wrapKey', async (found) => {
    const { alg, value: plaintext } = call.body
    const { algorithm } = fit(WRAPPING, alg, found)
    const { wrapped } = await call.room.wrapKey({ ...reference(call, found), plaintext, algorithm })
    wipe(plaintext)
    return { ...told(call, found.kid, alg), value: toBase64url(wrapped) }
  })

const unwrapKey = (call: Call<Values<typeof UNWRAP>>): Promise<object> =>
  using(call, 'unwrapKey', async (found) => {
    const { alg, value: wrapped } = call.body
    const { algorithm } = fit(WRAPPING, alg, found)
    const asked = { ...reference(call, found), wrapped, algorithm }
    const { plaintext } = await opened(call.room.unwrapKey(asked))
    return revealed(call, found, plaintext)
  })

/** A digest is as long as its hash; what a MAC is made of is as long as it likes. */
function checkDigest(
  member: string,
  alg: string,
  digest: Uint8Array,
  { digestBytes }: SignatureFit,
) {
  if (digestBytes !== undefined && digest.length !== digestBytes)
    bad(
      `Invalid length of '${member}': ${digest.length} bytes. ${alg} requires ${digestBytes} ` +
        'bytes, encoded with base64url.',
    )
}

/** How the room is asked for a signature over a digest. */
const signing = (call: Call, found: Used, algorithm: unknown, message: Uint8Array) => ({
  ...reference(call, found),
  message,
  algorithm: algorithm as SigningAlgorithm,
  messageType: 'digest' as const,
  ...(String(algorithm).startsWith('ECDSA') && { format: 'raw' as const }),
})
const macing = (call: Call, found: Used, algorithm: unknown, message: Uint8Array) => ({
  ...reference(call, found),
  message,
  algorithm: algorithm as MacAlgorithm,
})

const SIGN = { alg: ALG, value: need(bytes(LIMITS.messageBytesMax)) }

const sign = (call: Call<Values<typeof SIGN>>): Promise<object> =>
  using(call, 'sign', async (found) => {
    const { alg, value } = call.body
    const row = fit(SIGNING, alg, found)
    checkDigest('value', alg, value, row)
    const { room } = call
    const signature =
      row.family === 'hmac'
        ? (await room.generateMac(macing(call, found, row.algorithm, value))).mac
        : (await room.sign(signing(call, found, row.algorithm, value))).signature
    return { ...told(call, found.kid, alg), value: toBase64url(signature) }
  })

const VERIFY = {
  alg: ALG,
  digest: need(bytes(LIMITS.messageBytesMax)),
  value: need(bytes(LIMITS.signatureBytesMax)),
}

const verify = (call: Call<Values<typeof VERIFY>>): Promise<object> =>
  using(call, 'verify', async (found) => {
    const { alg, digest, value: signature } = call.body
    const row = fit(SIGNING, alg, found)
    checkDigest('digest', alg, digest, row)
    if (signature.length === 0) invalid('value', 'a signature')
    const { room } = call
    const { valid } = await (row.family === 'hmac'
      ? room.verifyMac({ ...macing(call, found, row.algorithm, digest), mac: signature })
      : room.verify({ ...signing(call, found, row.algorithm, digest), signature }))
    return { value: valid }
  })

export const USE_ROWS = {
  encrypt: row({
    method: 'POST',
    path: '/keys/{name}/{version?}/encrypt',
    permission: 'encrypt',
    room: ['encrypt'],
    body: ENCRYPT,
    answer: encrypt,
  }),
  decrypt: row({
    method: 'POST',
    path: '/keys/{name}/{version?}/decrypt',
    permission: 'decrypt',
    room: ['decrypt'],
    body: DECRYPT,
    answer: decrypt,
  }),
  wrapKey: row({
    method: 'POST',
    path: '/keys/{name}/{version?}/wrapKey',
    permission: 'wrapKey',
    room: ['wrapKey'],
    body: WRAP,
    answer: wrapKey,
  }),
  unwrapKey: row({
    method: 'POST',
    path: '/keys/{name}/{version?}/unwrapKey',
    permission: 'unwrapKey',
    room: ['unwrapKey'],
    body: UNWRAP,
    answer: unwrapKey,
  }),
  sign: row({
    method: 'POST',
    path: '/keys/{name}/{version?}/sign',
    permission: 'sign',
    room: ['sign', 'generateMac'],
    body: SIGN,
    answer: sign,
  }),
  verify: row({
    method: 'POST',
    path: '/keys/{name}/{version?}/verify',
    permission: 'verify',
    room: ['verify', 'verifyMac'],
    body: VERIFY,
    answer: verify,
  }),

  getRandomBytes: row({
    method: 'POST',
    path: '/rng',
    permission: 'rng',
    hsmOnly: true,
    room: ['generateRandom'],
    body: { count: need((value: unknown) => value) },
    answer: async ({ body: { count }, room, asked, requestId }) => {
      if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > 128)
        bad(
          'GetRandomBytesRequest: count cannot be greater than 128 or less than 1 ' +
            `(Activity ID: ${requestId})`,
        )
      const random = await room.generateRandom({ ...asked, lengthBytes: count })
      return { value: toBase64url(random.bytes) }
    },
  }),
}
