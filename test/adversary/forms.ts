/** Everything that is opened under a key and comes from outside: through a room and by providers. */
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { concat } from '../../src/base/bytes.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import { SPECS, WRAPPINGS, type Spec, type Wrapping } from '../../src/domain/algorithms.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import type { Chance } from '../campaigns/chance.ts'
import { PROVIDERS } from '../crypto/support.ts'
import { wrapFor } from '../engine/judge.ts'
import { sharedProvider } from '../helpers/provider.ts'

export interface Form {
  readonly name: string
  /** The code of its one refusal; undefined where undefined is the answer. */
  readonly refusal: ErrorCode | undefined
  /** Codes of what it says in the clear: then there are several refusals. */
  readonly clear?: readonly ErrorCode[]
  /** Each opening costs a millisecond, or there are many. */
  readonly slow?: boolean
  readonly make: (chance: Chance) => Promise<Sample> | Sample
}

/** What is injured, and how it is opened: refusals are thrown or undefined. */
export interface Sample {
  readonly bytes: Uint8Array
  readonly open: (bytes: Uint8Array) => unknown
  /** So many bytes at its beginning say in the clear what it is. */
  readonly clearBytes?: number
  /** What does not open either, whole as it is. */
  readonly others?: readonly (() => unknown)[]
}

export interface Forms {
  readonly all: readonly Form[]
  readonly close: () => Promise<void>
}

export async function openForms(): Promise<Forms> {
  const room = await Strongroom.open({ clock: new VirtualClock(), crypto: await sharedProvider() })
  const { id: vaultId } = await room.createVault({ displayName: 'flips' })
  const stage = { room, vaultId }
  const all = [
    ...Object.values(PROVIDERS).flatMap(ofProvider),
    ...(await ownForms(stage)),
    ...(await rawForms(stage)),
    ...(await wrapForms(stage)),
    ...(Object.keys(WRAPPINGS) as Wrapping[]).map((wrapping) => importForm(stage, wrapping)),
    ...(await tokenForms(stage)),
    backupForm(stage),
  ]
  return { all, close: () => room.close() }
}

interface Stage {
  readonly room: Strongroom
  readonly vaultId: string
}

async function keyOf({ room, vaultId }: Stage, spec: Spec): Promise<string> {
  const { family } = SPECS[spec]
  const purposes = family === 'hmac' ? (['mac'] as const) : (['encrypt', 'wrap'] as const)
  return (await room.createKey({ vaultId, displayName: 'k', spec, purposes })).id
}

/** The committing suite, key wraps and OAEP without a room. */
function ofProvider(provider: CryptoProvider): Form[] {
  const wraps = [true, false].map((padded): Form => {
    const name = `${padded ? 'AES-KWP' : 'AES-KW'} (${provider.name})`
    const make = (chance: Chance): Sample => {
      const aes = provider.aes(chance.bytes(chance.pick([16, 24, 32])))
      const bytes = aes.wrap(chance.bytes(8 * (2 + chance.below(4))), padded)!
      return { bytes, open: (wrapped) => aes.unwrap(wrapped, padded) }
    }
    return { name, refusal: undefined, make }
  })
  const suite = (chance: Chance): Sample => {
    const under = provider.suite(chance.bytes(32))
    const header = chance.bytes(18)
    const aad = concat(header, chance.bytes(chance.below(40)))
    const sealed = under.seal(header, aad, chance.bytes(chance.below(60)))
    const other = provider.suite(chance.bytes(32))
    return {
      bytes: sealed.subarray(header.length),
      open: (bytes) => under.open(concat(header, bytes), header.length, aad),
      others: [
        () => under.open(sealed, header.length, concat(aad, Uint8Array.of(0))),
        () => other.open(sealed, header.length, aad),
      ],
    }
  }
  return [...wraps, { name: `suite (${provider.name})`, refusal: undefined, make: suite }]
}

/** Our own ciphertexts, with and without the key named. */
async function ownForms(stage: Stage): Promise<Form[]> {
  const { room } = stage
  const forms: Form[] = []
  for (const spec of ['AES_128', 'AES_192', 'AES_256'] as const)
    for (const named of [true, false]) {
      const keyId = await keyOf(stage, spec)
      const stranger = { keyId: await keyOf(stage, spec) }
      const make = async (chance: Chance): Promise<Sample> => {
        const context = { [`name ${chance.below(9)}`]: 'x'.repeat(chance.below(20)) }
        const plaintext = chance.bytes(chance.below(40))
        const { ciphertext: bytes } = await room.encrypt({ keyId, plaintext, context })
        const asked = { context, ...(named && { keyId }) }
        return {
          bytes,
          open: (ciphertext) => room.decrypt({ ...asked, ciphertext }),
          others: [
            () => room.decrypt({ ...asked, ciphertext: bytes, context: {} }),
            () => room.decrypt({ ...asked, ciphertext: bytes, context: { ...context, more: '' } }),
            () => room.decrypt({ ...asked, ...stranger, ciphertext: bytes }),
          ],
        }
      }
      const name = `own form ${spec}${named ? ' with its key' : ''}`
      forms.push({ name, refusal: 'INVALID_CIPHERTEXT', make })
    }
  return forms
}

const PARTS = ['ciphertext', 'tag', 'iv', 'aad'] as const
const FIXED_BYTES: Readonly<Partial<Record<(typeof PARTS)[number], number>>> = { tag: 16, iv: 12 }

/** AES-GCM with everything visible: what is injured has its length checked before. */
async function rawForms(stage: Stage): Promise<Form[]> {
  const { room } = stage
  const keyId = await keyOf(stage, 'AES_256')
  const algorithm = 'AES_GCM'
  const gcm = PARTS.map((part): Form => {
    const make = async (chance: Chance): Promise<Sample> => {
      const aad = chance.bytes(1 + chance.below(20))
      const plaintext = chance.bytes(1 + chance.below(30))
      const made = await room.encrypt({ keyId, algorithm, plaintext, aad })
      const whole = { ciphertext: made.ciphertext, tag: made.tag!, iv: made.iv!, aad }
      const fixed = FIXED_BYTES[part]
      const open = (bytes: Uint8Array): unknown =>
        fixed === undefined || bytes.length === fixed
          ? room.decrypt({ keyId, algorithm, ...whole, [part]: bytes })
          : room.decrypt({
              keyId,
              algorithm,
              ...whole,
              ciphertext: concat(whole.ciphertext, bytes),
            })
      return { bytes: whole[part], open }
    }
    return { name: `AES_GCM, ${part}`, refusal: 'INVALID_CIPHERTEXT', make }
  })
  const rsa = await keyOf(stage, 'RSA_2048')
  const oaep = (['RSA_OAEP_SHA_1', 'RSA_OAEP_SHA_256'] as const).map((name): Form => {
    const make = async (chance: Chance): Promise<Sample> => {
      const plaintext = chance.bytes(chance.below(60))
      const asked = { keyId: rsa, algorithm: name }
      const { ciphertext } = await room.encrypt({ ...asked, plaintext })
      const open = (bytes: Uint8Array): unknown => room.decrypt({ ...asked, ciphertext: bytes })
      const others = [0, 255].map((byte) => () => open(new Uint8Array(256).fill(byte)))
      return { bytes: ciphertext, open, others }
    }
    return { name, refusal: 'INVALID_CIPHERTEXT', slow: true, make }
  })
  return [...gcm, ...oaep]
}

async function wrapForms(stage: Stage): Promise<Form[]> {
  const { room } = stage
  const [aes, rsa] = [await keyOf(stage, 'AES_256'), await keyOf(stage, 'RSA_2048')]
  const algorithms = ['AES_KW', 'AES_KWP', 'RSA_OAEP_SHA_1', 'RSA_OAEP_SHA_256'] as const
  return algorithms.map((algorithm): Form => {
    const slow = algorithm.startsWith('RSA')
    const asked = { keyId: slow ? rsa : aes, algorithm }
    const make = async (chance: Chance): Promise<Sample> => {
      const plaintext = chance.bytes(8 * (2 + chance.below(3)))
      const { wrapped } = await room.wrapKey({ ...asked, plaintext })
      return { bytes: wrapped, open: (bytes) => room.unwrapKey({ ...asked, wrapped: bytes }) }
    }
    return { name: `unwrap ${algorithm}`, refusal: 'INVALID_CIPHERTEXT', slow, make }
  })
}

/** Key material on its way in. */
function importForm({ room, vaultId }: Stage, wrapping: Wrapping): Form {
  const made = { vaultId, displayName: 'i', spec: 'AES_256', origin: 'imported' } as const
  const make = async (chance: Chance): Promise<Sample> => {
    const { id: keyId } = await room.createKey(made)
    const asked = { keyId, wrapping, wrappingSpec: 'RSA_2048' } as const
    const { publicKey, importToken } = await room.getImportParameters(asked)
    const open = (wrapped: Uint8Array): unknown =>
      room.importKeyMaterial({ keyId, importToken, wrapped })
    const bytes = wrapFor(wrapping, publicKey, chance.bytes(32))
    const wrongs = [
      wrapFor(wrapping, publicKey, chance.bytes(31)),
      wrapFor(wrapping, publicKey, chance.bytes(33)),
      chance.bytes(bytes.length),
      new Uint8Array(bytes.length),
    ]
    return { bytes, open, others: wrongs.map((wrong) => () => open(wrong)) }
  }
  return { name: `import ${wrapping}`, refusal: 'INVALID_KEY_MATERIAL', slow: true, make }
}

/** What we hand out for a later call. */
async function tokenForms({ room, vaultId }: Stage): Promise<Form[]> {
  const made = { vaultId, displayName: 't', spec: 'AES_256', origin: 'imported' } as const
  const { id: keyId } = await room.createKey(made)
  const make = async (): Promise<Sample> => {
    const wrapping = 'RSA_OAEP_SHA_256'
    const asked = { keyId, wrapping, wrappingSpec: 'RSA_2048' } as const
    const { importToken, publicKey } = await room.getImportParameters(asked)
    const wrapped = wrapFor(wrapping, publicKey, new Uint8Array(32).fill(6))
    const open = (token: Uint8Array): unknown =>
      room.importKeyMaterial({ keyId, importToken: token, wrapped })
    return { bytes: importToken, open }
  }
  return [{ name: 'import token', refusal: 'INVALID_IMPORT_TOKEN', make }]
}

/** ASCII, whose header says what it is and of which realm. */
function backupForm({ room, vaultId }: Stage): Form {
  const make = async (): Promise<Sample> => {
    const spec = 'AES_256'
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'b', spec })
    const { blob } = await room.backupKey({ keyId })
    return { bytes: blob!, open: (bytes) => room.restoreKey({ blob: bytes, newIds: true }) }
  }
  const clear = [
    'TRUNCATED_BACKUP',
    'FOREIGN_BACKUP',
    'UNSUPPORTED_BACKUP',
    'WRONG_BACKUP_KIND',
    'LIMIT_EXCEEDED',
  ] as const
  return { name: 'backup of a key', refusal: 'INVALID_BACKUP', clear, slow: true, make }
}
