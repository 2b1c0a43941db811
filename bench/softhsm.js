/**
 * The same work by SoftHSM2, when `bench/softhsm.sh` has put it and pkcs11js into the cache (for the benchmarks alone:
 * the package knows neither). Otherwise nothing is measured and the run says so.
 */
import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ENGINE } from './engine.js'
import { AAD, cachePath } from './room.js'
import { pooled, repeat } from './raw.js'

const HOME = cachePath('softhsm')
const SETTINGS = join(HOME, 'settings.json')
const MODULE = join(HOME, 'node_modules', 'pkcs11js')

const installed = existsSync(SETTINGS) && existsSync(MODULE)
export const skipped = installed
  ? undefined
  : 'SoftHSM2 is not measured: run bench/softhsm.sh to install it and pkcs11js.'

const MESSAGE = Buffer.alloc(256, 5)
/** DER of the object identifier of P-256 (RFC 5480 2.1.1.1). */
const P256 = Buffer.from('06082a8648ce3d030107', 'hex')

/** A logged-in session on the token that the script made. */
function login() {
  const { library, configuration, pin } = JSON.parse(readFileSync(SETTINGS, 'utf8'))
  process.env.SOFTHSM2_CONF = configuration
  const p11 = createRequire(import.meta.url)(MODULE)
  const module = new p11.PKCS11()
  module.load(library)
  module.C_Initialize()
  const [slot] = module.C_GetSlotList(true)
  const session = module.C_OpenSession(slot, p11.CKF_RW_SESSION | p11.CKF_SERIAL_SESSION)
  module.C_Login(session, p11.CKU_USER, pin)
  const close = () => {
    for (const object of objectsOf(module, session)) module.C_DestroyObject(session, object)
    module.C_Logout(session)
    module.C_CloseSession(session)
    module.C_Finalize()
  }
  return { p11, module, session, close }
}

/** All that the token holds: what a run leaves there would slow the next. */
function objectsOf(module, session) {
  module.C_FindObjectsInit(session, [])
  const found = []
  for (let one = module.C_FindObjects(session); one; one = module.C_FindObjects(session))
    found.push(one)
  module.C_FindObjectsFinal(session)
  return found
}

/** On the token, where keys last, as ours do; or of the session, which SoftHSM2 finds faster. */
function aesKey({ p11, module, session }, token) {
  return module.C_GenerateKey(session, { mechanism: p11.CKM_AES_KEY_GEN }, [
    { type: p11.CKA_TOKEN, value: token },
    { type: p11.CKA_VALUE_LEN, value: 32 },
    { type: p11.CKA_ENCRYPT, value: true },
    { type: p11.CKA_DECRYPT, value: true },
  ])
}

function gcm({ p11 }, iv) {
  const parameter = { type: p11.CK_PARAMS_AES_GCM, iv, ivBits: 96, aad: AAD, tagBits: 128 }
  return { mechanism: p11.CKM_AES_GCM, parameter }
}

const sealing = (bytes) => (hsm, token) => {
  const { module, session } = hsm
  const key = aesKey(hsm, token)
  const plaintext = Buffer.alloc(bytes, 3)
  const out = Buffer.alloc(bytes + 16)
  const nextIv = pooled(12)
  return () => {
    module.C_EncryptInit(session, gcm(hsm, Buffer.from(nextIv())), key)
    return module.C_Encrypt(session, plaintext, out)
  }
}

const opening = (bytes) => (hsm, token) => {
  const { module, session } = hsm
  const key = aesKey(hsm, token)
  const mechanism = gcm(hsm, Buffer.alloc(12, 1))
  module.C_EncryptInit(session, mechanism, key)
  const sealed = module.C_Encrypt(session, Buffer.alloc(bytes, 3), Buffer.alloc(bytes + 16))
  const out = Buffer.alloc(bytes + 16)
  return () => {
    module.C_DecryptInit(session, mechanism, key)
    return module.C_Decrypt(session, sealed, out)
  }
}

/** Mechanisms by spec: making a pair, signing, and the length of a signature. */
const PAIRS = {
  EC_P256: {
    make: (p11) => ({ mechanism: p11.CKM_EC_KEY_PAIR_GEN }),
    parameters: (p11) => [{ type: p11.CKA_EC_PARAMS, value: P256 }],
    // SoftHSM2 has no mechanism that hashes as well: the digest is Node's.
    sign: (p11) => p11.CKM_ECDSA,
    prepare: () => hash('sha256', MESSAGE, 'buffer'),
    bytes: 64,
  },
  RSA_2048: {
    make: (p11) => ({ mechanism: p11.CKM_RSA_PKCS_KEY_PAIR_GEN }),
    parameters: (p11) => [
      { type: p11.CKA_MODULUS_BITS, value: 2048 },
      { type: p11.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
    ],
    sign: (p11) => p11.CKM_SHA256_RSA_PKCS,
    prepare: () => MESSAGE,
    bytes: 256,
  },
}

const signing =
  (spec) =>
  ({ p11, module, session }, token) => {
    const { make, parameters, sign, prepare, bytes } = PAIRS[spec]
    const { privateKey } = module.C_GenerateKeyPair(
      session,
      make(p11),
      [
        { type: p11.CKA_TOKEN, value: token },
        { type: p11.CKA_VERIFY, value: true },
        ...parameters(p11),
      ],
      [
        { type: p11.CKA_TOKEN, value: token },
        { type: p11.CKA_SIGN, value: true },
      ],
    )
    const out = Buffer.alloc(bytes)
    return () => {
      module.C_SignInit(session, { mechanism: sign(p11) }, privateKey)
      return module.C_Sign(session, prepare(), out)
    }
  }

/** One of the engine's benchmarks with SoftHSM2 as its yardstick. */
function beside(name, least, make) {
  const { title, setup } = ENGINE.find((each) => each.name === name)
  return {
    name: `softhsm-${name}`,
    title: `${title}, beside SoftHSM2`,
    budget: { SoftHSM2: least },
    async setup() {
      const ours = await setup()
      const hsm = login()
      return {
        subject: ours.subject,
        baselines: {
          SoftHSM2: repeat(make(hsm, true)),
          'session key': repeat(make(hsm, false)),
        },
        async close() {
          hsm.close()
          await ours.close()
        },
      }
    },
  }
}

export const SOFTHSM = installed
  ? [
      beside('encrypt-32', 3, sealing(32)),
      beside('decrypt-32', 3, opening(32)),
      beside('sign-p256', 2, signing('EC_P256')),
      beside('sign-rsa2048', 1.6, signing('RSA_2048')),
    ]
  : []
