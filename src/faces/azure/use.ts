/** TABLE of the operations that use keys (contracts: Azure 3.1, 4, 4.8). */
import { wipe, toBase64url } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { MacAlgorithm, SigningAlgorithm } from '../../domain/algorithms.ts'
import { row, type Call } from './call.ts'
import { bad, invalid } from './errors.ts'
import { bytes, may, need, text, type Values } from './fields.ts'
import { ENCRYPTION, SIGNING, WRAPPING, type SignatureFit } from './shapes.ts'
import { fit, reference, told, used, using, type Used } from './using.ts'

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

async function encrypt(call: Call<Values<typeof ENCRYPT>>): Promise<object> {
  const { alg, value, iv, aad } = call.body
  const found = await used(call)
  const { algorithm } = fit(ENCRYPTION, alg, found)
  // The service makes the IV of GCM always (contracts: Azure 4.8).
  const given = algorithm === 'AES_GCM' ? optional('aad', aad) : optional('iv', iv)
  const sealed = await using('encrypt', found, () =>
    call.room.encrypt({ ...reference(call, found), plaintext: value, algorithm, ...given }),
  )
  return {
    ...told(call, found.kid, alg),
    value: toBase64url(sealed.ciphertext),
    ...shown('iv', sealed.iv),
    ...shown('tag', sealed.tag),
    ...(algorithm === 'AES_GCM' && shown('aad', aad)),
  }
}

const DECRYPT = { ...ENCRYPT, value: need(SEALED), tag: may(bytes(16)) }

async function decrypt(call: Call<Values<typeof DECRYPT>>): Promise<object> {
  const { alg, value: ciphertext, iv, aad, tag } = call.body
  const found = await used(call)
  const { algorithm } = fit(ENCRYPTION, alg, found)
  const gcm = algorithm === 'AES_GCM'
  const given = {
    ...(!algorithm.startsWith('RSA') && optional('iv', iv)),
    ...(gcm && { ...optional('aad', aad), ...optional('tag', tag) }),
  }
  const { plaintext } = await using('decrypt', found, () =>
    opened(call.room.decrypt({ ...reference(call, found), ciphertext, algorithm, ...given })),
  )
  try {
    return { ...told(call, found.kid, alg), value: toBase64url(plaintext) }
  } finally {
    wipe(plaintext)
  }
}

const WRAP = { alg: ALG, value: need(bytes(LIMITS.keyToWrapBytesMax)) }
const UNWRAP = { alg: ALG, value: need(bytes(LIMITS.wrappedMaterialBytesMax)) }

async function wrapKey(call: Call<Values<typeof WRAP>>): Promise<object> {
  const { alg, value: plaintext } = call.body
  const found = await used(call)
  const { algorithm } = fit(WRAPPING, alg, found)
  const { wrapped } = await using('wrapKey', found, () =>
    call.room.wrapKey({ ...reference(call, found), plaintext, algorithm }),
  )
  wipe(plaintext)
  return { ...told(call, found.kid, alg), value: toBase64url(wrapped) }
}

async function unwrapKey(call: Call<Values<typeof UNWRAP>>): Promise<object> {
  const { alg, value: wrapped } = call.body
  const found = await used(call)
  const { algorithm } = fit(WRAPPING, alg, found)
  const { plaintext } = await using('unwrapKey', found, () =>
    opened(call.room.unwrapKey({ ...reference(call, found), wrapped, algorithm })),
  )
  try {
    return { ...told(call, found.kid, alg), value: toBase64url(plaintext) }
  } finally {
    wipe(plaintext)
  }
}

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

async function sign(call: Call<Values<typeof SIGN>>): Promise<object> {
  const { alg, value } = call.body
  const found = await used(call)
  const row = fit(SIGNING, alg, found)
  checkDigest('value', alg, value, row)
  const { room } = call
  const signature = await using('sign', found, async () =>
    row.family === 'hmac'
      ? (await room.generateMac(macing(call, found, row.algorithm, value))).mac
      : (await room.sign(signing(call, found, row.algorithm, value))).signature,
  )
  return { ...told(call, found.kid, alg), value: toBase64url(signature) }
}

const VERIFY = {
  alg: ALG,
  digest: need(bytes(LIMITS.messageBytesMax)),
  value: need(bytes(LIMITS.signatureBytesMax)),
}

async function verify(call: Call<Values<typeof VERIFY>>): Promise<object> {
  const { alg, digest, value: signature } = call.body
  const found = await used(call)
  const row = fit(SIGNING, alg, found)
  checkDigest('digest', alg, digest, row)
  if (signature.length === 0) invalid('value', 'a signature')
  const { room } = call
  const { valid } = await using('verify', found, async () =>
    row.family === 'hmac'
      ? room.verifyMac({ ...macing(call, found, row.algorithm, digest), mac: signature })
      : room.verify({ ...signing(call, found, row.algorithm, digest), signature }),
  )
  return { value: valid }
}

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
