/** The crypto core alone, both providers, without an engine around it. */
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { AAD, built } from './room.js'
import { bareHmac, repeat, repeatAwaited, stripped } from './raw.js'

const KEY = new Uint8Array(32).fill(9)
const HEADER = new Uint8Array(18).fill(1)
const MESSAGE = new Uint8Array(256).fill(5)
const RAW = { messageType: 'raw' }

const PROVIDERS = {
  node: async () => (await built('crypto/node/index.js')).createNodeProvider(),
  portable: async () => (await built('crypto/portable/index.js')).createPortableProvider(),
}

/** Each: what the provider does, and the same by node:crypto. */
const OPERATIONS = {
  'seal-32': { title: 'suite.seal 32 B', make: (provider) => sealing(provider, 32, 'seal') },
  'open-32': { title: 'suite.open 32 B', make: (provider) => sealing(provider, 32, 'open') },
  'seal-4k': { title: 'suite.seal 4 KiB', make: (provider) => sealing(provider, 4096, 'seal') },
  'open-4k': { title: 'suite.open 4 KiB', make: (provider) => sealing(provider, 4096, 'open') },
  'gcm-32': { title: 'aes.gcmSeal 32 B', make: rawGcm },
  hmac: { title: 'hmac 256 B', make: mac },
  'sign-p256': { title: 'sign P-256', make: signing },
  'verify-p256': { title: 'verify P-256', make: verifying },
}

function sealing(provider, bytes, part) {
  const suite = provider.suite(KEY)
  const plaintext = new Uint8Array(bytes).fill(3)
  const sealed = suite.seal(HEADER, AAD, plaintext)
  const parts = {
    seal: () => suite.seal(HEADER, AAD, plaintext),
    open: () => suite.open(sealed, HEADER.length, AAD),
  }
  return { subject: parts[part], bare: stripped(KEY, AAD, plaintext)[part] }
}

function rawGcm(provider) {
  const plaintext = new Uint8Array(32).fill(3)
  const aes = provider.aes(KEY)
  const iv = new Uint8Array(12).fill(2)
  return {
    subject: () => aes.gcmSeal(iv, AAD, plaintext),
    bare: stripped(KEY, AAD, plaintext).seal,
  }
}

function mac(provider) {
  const hmac = provider.hmac('SHA_256', KEY)
  return { subject: () => hmac.compute(MESSAGE), bare: bareHmac(KEY, MESSAGE) }
}

const pairs = async (provider) => {
  const bytes = await provider.generatePair('EC_P256')
  return {
    ours: provider.privateKey('EC_P256', bytes),
    public: provider.publicKey('EC_P256', bytes.publicKey),
    bare: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  }
}

async function signing(provider) {
  const { ours, bare } = await pairs(provider)
  return {
    subject: () => ours.sign('ECDSA_SHA_256', MESSAGE, RAW),
    bare: () => sign('sha256', MESSAGE, bare.privateKey),
  }
}

async function verifying(provider) {
  const { ours, public: key, bare } = await pairs(provider)
  const mine = await ours.sign('ECDSA_SHA_256', MESSAGE, RAW)
  const theirs = sign('sha256', MESSAGE, bare.privateKey)
  return {
    subject: () => key.verify('ECDSA_SHA_256', MESSAGE, mine, RAW),
    bare: () => verify('sha256', MESSAGE, bare.publicKey, theirs),
  }
}

export const CRYPTO = Object.entries(PROVIDERS).flatMap(([provider, open]) =>
  Object.entries(OPERATIONS).map(([name, { title, make }]) => ({
    name: `${provider}-${name}`,
    title: `${provider}: ${title}`,
    async setup() {
      const { subject, bare } = await make(await open())
      const run = subject() instanceof Promise ? repeatAwaited : repeat
      return { subject: run(subject), baselines: { stripped: repeat(bare) }, close() {} }
    },
  })),
)
