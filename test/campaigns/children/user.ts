/**
 * Imports, makes, uses and exports keys of every spec without ever holding their material itself,
 * then closes. Speaks JSON lines with the parent, which alone knows the material. Argument: the
 * directory.
 */
import { createInterface } from 'node:readline'
import { Strongroom, SPECS, type Spec } from '../../../src/index.ts'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import type { FromUser, ToUser } from '../memory.ts'
import { SEAL } from '../seal.ts'

const [path] = process.argv.slice(2) as [string]
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const hear = async (): Promise<ToUser> => JSON.parse((await lines.next()).value as string) as ToUser
const tell = (line: FromUser): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
/** What the default algorithm of a curve signs. */
const DIGEST_BYTES: Partial<Record<Spec, number>> = {
  EC_P256: 32,
  EC_P384: 48,
  EC_P521: 64,
  EC_SECP256K1: 32,
}
const message = new Uint8Array(48).fill(7)

type Use = (room: Strongroom, keyId: string) => Promise<unknown>

const USES: Readonly<Record<(typeof SPECS)[Spec]['family'], Use>> = {
  aes: async (room, keyId) => {
    const context = { for: 'memory' }
    for (let i = 0; i < 20; i++) {
      const { ciphertext } = await room.encrypt({ keyId, plaintext: message, context })
      await room.decrypt({ ciphertext, context })
    }
    const algorithm = 'AES_GCM' as const
    const { ciphertext, iv, tag } = await room.encrypt({ keyId, plaintext: message, algorithm })
    await room.decrypt({ keyId, ciphertext, iv: iv!, tag: tag!, algorithm })
    await room.generateDataKey({ keyId })
    const { wrapped } = await room.wrapKey({ keyId, plaintext: message })
    await room.unwrapKey({ keyId, wrapped })
  },
  hmac: async (room, keyId) => {
    const { mac } = await room.generateMac({ keyId, message })
    await room.verifyMac({ keyId, message, mac })
  },
  rsa: async (room, keyId) => {
    for (const algorithm of ['RSA_PSS_SHA_256', 'RSA_PKCS1_SHA_256'] as const)
      await room.sign({ keyId, message, algorithm })
    const algorithm = 'RSA_OAEP_SHA_256' as const
    const { ciphertext } = await room.encrypt({ keyId, plaintext: message, algorithm })
    await room.decrypt({ keyId, ciphertext, algorithm })
  },
  ec: async (room, keyId) => {
    const { purposes, spec } = await room.getKey({ keyId })
    await room.sign({ keyId, message })
    const digest = new Uint8Array(DIGEST_BYTES[spec]!).fill(1)
    await room.sign({ keyId, message: digest, messageType: 'digest' })
    const { publicKey } = await room.getPublicKey({ keyId })
    if (purposes.includes('agree')) await room.deriveSharedSecret({ keyId, publicKey })
  },
  okp: async (room, keyId) => {
    await room.sign({ keyId, message })
    await room.sign({ keyId, message, algorithm: 'ED25519PH' })
  },
  mldsa: async (room, keyId) => {
    await room.sign({ keyId, message })
  },
  mlkem: async (room, keyId) => {
    const { ciphertext } = await room.encapsulate({ keyId })
    await room.decapsulate({ keyId, ciphertext })
  },
}

async function work(): Promise<void> {
  const room = await Strongroom.open({ path, seal: SEAL, crypto: 'node' })
  const { id: vaultId } = await room.createVault({ displayName: 'memory' })
  tell({ wrappingKey: toHex((await room.getWrappingKey({ vaultId })).publicKey) })
  const { imports, recipient } = (await hear()) as Extract<ToUser, { imports: unknown }>
  const keys: { id: string; spec: Spec }[] = []
  const exported: { name: string; spec: Spec; wrapped: string }[] = []
  const wrapping = 'RSA_OAEP_AES_SHA_256' as const
  for (const { spec, wrapped } of imports) {
    const { purposes } = SPECS[spec]
    const common = {
      vaultId,
      displayName: spec,
      spec,
      purposes,
      protectionMode: 'SOFTWARE' as const,
    }
    keys.push(await room.importKey({ ...common, wrapping, wrapped: fromHex(wrapped)! }))
    const made = await room.createKey(common)
    keys.push(made)
    await room.createKeyVersion({ keyId: made.id })
    const given = { keyId: made.id, wrapping, publicKey: fromHex(recipient)! }
    const { items } = await room.listKeyVersions({ keyId: made.id })
    for (const { id: versionId, number } of items) {
      const out = await room.exportKey({ ...given, versionId })
      exported.push({ name: `version ${number} of ${spec}`, spec, wrapped: toHex(out.wrapped) })
    }
  }
  for (const { id, spec } of keys) await USES[SPECS[spec].family](room, id)
  tell({ exported })
  await hear()
  await room.close()
}

await work()
for (let i = 0; i < 12; i++) {
  ;(globalThis as unknown as { gc: () => void }).gc()
  await new Promise((resolve) => setTimeout(resolve, 20))
}
tell({ closed: true })
await hear()
process.exit(0)
