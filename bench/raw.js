/**
 * The yardsticks: bare node:crypto. `stripped` is the fastest documented way (KeyObject, pooled IV, parts left apart:
 * not a usable result); `idiomatic` is what a careful programmer writes (random IV for each message, one packed blob).
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomBytes,
  randomFillSync,
} from 'node:crypto'

const GCM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
const POOL_BYTES = 8192

/** Keeps results alive, so that nothing is optimised away. */
export const sink = { last: undefined }

/** Random bytes by copies out of a pool that is wiped behind them. */
export function pooled(length) {
  const pool = new Uint8Array(POOL_BYTES)
  const out = new Uint8Array(length)
  let used = POOL_BYTES
  return () => {
    if (used + length > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    for (let i = 0; i < length; i++) out[i] = pool[used + i]
    pool.fill(0, used, used + length)
    used += length
    return out
  }
}

export const repeat = (body) => (n) => {
  for (let i = 0; i < n; i++) sink.last = body()
}

export const repeatAwaited = (body) => async (n) => {
  for (let i = 0; i < n; i++) sink.last = await body()
}

export function stripped(bytes, aad, plaintext) {
  const key = createSecretKey(bytes)
  const nextIv = pooled(IV_BYTES)
  const seal = () => {
    const cipher = createCipheriv(GCM, key, nextIv())
    cipher.setAAD(aad)
    const body = cipher.update(plaintext)
    cipher.final()
    return { body, tag: cipher.getAuthTag() }
  }
  const iv = randomBytes(IV_BYTES)
  const made = createCipheriv(GCM, key, iv)
  made.setAAD(aad)
  const body = made.update(plaintext)
  made.final()
  const tag = made.getAuthTag()
  const open = () => {
    const decipher = createDecipheriv(GCM, key, iv)
    decipher.setAuthTag(tag)
    decipher.setAAD(aad)
    const out = decipher.update(body)
    decipher.final()
    return out
  }
  const nextKey = pooled(32)
  const dataKey = () => {
    const secret = new Uint8Array(nextKey())
    const cipher = createCipheriv(GCM, key, nextIv())
    cipher.setAAD(aad)
    const sealed = cipher.update(secret)
    cipher.final()
    return { secret, sealed, tag: cipher.getAuthTag() }
  }
  return { seal, open, dataKey }
}

export function idiomatic(bytes, aad, plaintext) {
  const key = Buffer.from(bytes)
  const sealThis = (data) => {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv(GCM, key, iv)
    cipher.setAAD(aad)
    return Buffer.concat([iv, cipher.update(data), cipher.final(), cipher.getAuthTag()])
  }
  const blob = sealThis(plaintext)
  return {
    seal: () => sealThis(plaintext),
    open: () => {
      const decipher = createDecipheriv(GCM, key, blob.subarray(0, IV_BYTES))
      decipher.setAuthTag(blob.subarray(-TAG_BYTES))
      decipher.setAAD(aad)
      return Buffer.concat([decipher.update(blob.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
    },
    dataKey: () => {
      const secret = randomBytes(32)
      return { secret, sealed: sealThis(secret) }
    },
  }
}

export function bareHmac(bytes, message) {
  const key = createSecretKey(bytes)
  return () => createHmac('sha256', key).update(message).digest()
}
