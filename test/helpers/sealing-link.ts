/**
 * A key store that is a map of keys in memory, and a link to it: what it seals is AES-GCM under the
 * named key. What it is told to refuse it refuses.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { concat } from '../../src/base/bytes.ts'
import {
  StrongroomError,
  type KeyStoreLink,
  type LinkedKeyStore,
  type LinkedUse,
  type OpenKeyStore,
} from '../../src/index.ts'

type Method = 'check' | 'connect' | 'createKey' | 'seal' | 'open' | 'random'

export interface SealingLink extends Required<KeyStoreLink> {
  readonly keys: Map<string, Uint8Array>
  /** Which method refuses, and why. */
  readonly refusing: Map<Method, string>
  /** What it was asked, and with which secret. */
  readonly calls: { method: Method; secret: string; use?: LinkedUse; before?: LinkedKeyStore }[]
}

export function refusal(rule: string): StrongroomError {
  const explain = { operation: 'link', rule, expected: 'a key store that answers', found: rule }
  return new StrongroomError('KEY_STORE_FAILED', `Key store: ${rule}.`, { explain })
}

export function sealingLink(): SealingLink {
  const keys = new Map<string, Uint8Array>()
  const refusing = new Map<Method, string>()
  const calls: SealingLink['calls'] = []
  const called = (method: Method, store: OpenKeyStore, more: object = {}): void => {
    calls.push({ method, secret: Buffer.from(store.secret).toString(), ...more })
    const rule = refusing.get(method)
    if (rule !== undefined) throw refusal(rule)
  }
  return {
    keys,
    refusing,
    calls,
    conflict: ({ settings }, others) => {
      if (others.some((other) => JSON.stringify(other.settings) === JSON.stringify(settings)))
        throw refusal('SETTINGS_IN_USE')
    },
    check: async (store, before) => called('check', store, before && { before }),
    connect: async (store) => {
      const rule = refusing.get('connect')
      refusing.delete('connect')
      called('connect', store)
      return rule
    },
    createKey: async (store, { keyId = `made-${keys.size}` }) => {
      called('createKey', store)
      keys.set(keyId, randomBytes(32))
      return keyId
    },
    seal: async (store, use) => {
      called('seal', store, { use })
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', keys.get(use.storeKeyId)!, iv).setAAD(use.aad)
      const body = concat(cipher.update(use.data), cipher.final())
      return concat(iv, cipher.getAuthTag(), body)
    },
    open: async (store, use) => {
      called('open', store, { use })
      const key = keys.get(use.storeKeyId)!
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, use.data.subarray(0, 12))
          .setAAD(use.aad)
          .setAuthTag(use.data.subarray(12, 28))
        return concat(decipher.update(use.data.subarray(28)), decipher.final())
      } catch {
        return undefined
      }
    },
    random: async (store, lengthBytes) => {
      called('random', store)
      return new Uint8Array(lengthBytes).fill(0xa5)
    },
  }
}
