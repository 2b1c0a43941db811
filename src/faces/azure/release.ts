/** TABLE of the operation that releases keys into attested environments (contracts: Azure 4.9). */
import { StrongroomError } from '../../base/errors.ts'
import { toBase64, toBase64url, utf8 } from '../../base/bytes.ts'
import type { Key } from '../../engine/api.ts'
import type { Wrapping } from '../../domain/algorithms.ts'
import { attested, environmentKey, type EnvironmentKey } from './attestation.ts'
import { row, type Call } from './call.ts'
import { selfSigned } from './certificate.ts'
import { AzureFault, FAULTS } from './errors.ts'
import { may, need, text, words, type Values } from './fields.ts'
import { keyBundle } from './models.ts'
import { isNotFound } from './names.ts'
import { readPolicy, satisfies } from './release-policy.ts'
import { settingsOf } from './settings.ts'
import { reference, used, telling, type Used } from './using.ts'

export const RELEASE_ENCRYPTION = {
  CKM_RSA_AES_KEY_WRAP: 'RSA_OAEP_AES_SHA_1',
  RSA_AES_KEY_WRAP_256: 'RSA_OAEP_AES_SHA_256',
  RSA_AES_KEY_WRAP_384: 'RSA_OAEP_AES_SHA_384',
} as const satisfies Record<string, Wrapping>
type Enc = keyof typeof RELEASE_ENCRYPTION

const RELEASE = {
  target: need(text(65_536, 1)),
  nonce: may(text(1024)),
  enc: may(words(...(Object.keys(RELEASE_ENCRYPTION) as readonly Enc[]))),
}
type ReleaseCall = Call<Values<typeof RELEASE>>

const UNMET = 'Target environment attestation does not meet key release policy requirements'

/** The key of an environment that satisfies the policy. @throws 403 Forbidden */
async function environmentFor(call: ReleaseCall, { key }: Used): Promise<EnvironmentKey> {
  const { room, face, options, body } = call
  const { releasePolicy } = settingsOf(key)
  const { authorities = [] } = options
  const proof = await attested(room.crypto, authorities, body.target, face.now)
  const met =
    proof && releasePolicy && satisfies(readPolicy(releasePolicy.data), proof.issuer, proof.claims)
  const environment = met ? environmentKey(room.crypto, proof) : undefined
  if (!environment) throw new AzureFault(FAULTS.forbidden, UNMET)
  return environment
}

async function release(call: ReleaseCall): Promise<object> {
  const { enc = 'CKM_RSA_AES_KEY_WRAP', nonce } = call.body
  const found = await used(call)
  if (!found.key.exportable)
    throw new AzureFault(FAULTS.operation, 'Operation release is not permitted on this key.')
  const environment = await environmentFor(call, found)
  const { wrapped } = await telling('release', found, () =>
    call.room.exportKey({
      ...reference(call, found),
      wrapping: RELEASE_ENCRYPTION[enc],
      publicKey: environment.spki,
    }),
  )
  const sealed = {
    schema_version: '1.0',
    header: { kid: environment.kid, alg: 'dir', enc },
    ciphertext: toBase64url(wrapped),
  }
  const { key, ...bundle } = keyBundle(call, found, found.version)
  const named = call.versionName === undefined ? [] : [call.versionName]
  const payload = {
    request: {
      'api-version': call.apiVersion,
      enc,
      kid: call.url('keys', found.name, ...named),
      ...(nonce !== undefined && { nonce }),
    },
    response: { key: { key: { ...key, key_hsm: encoded(sealed) }, ...bundle } },
  }
  return { value: await signed(call, payload) }
}

const encoded = (part: object): string => toBase64url(utf8(JSON.stringify(part)))

/** A key of the vault that no name of this face leads to. */
const SIGNER = 'alias/azure_release'

async function signer(call: Call): Promise<Key> {
  const { room, vaultId, own } = call
  for (;;)
    try {
      return await room.getKey({ ...own, keyId: SIGNER, vaultId })
    } catch (error) {
      if (!isNotFound(error)) throw error
      const spec = 'RSA_2048'
      const made = room.createKey({ ...own, vaultId, displayName: SIGNER, alias: SIGNER, spec })
      await made.catch(unlessTaken)
    }
}

function unlessTaken(error: unknown): void {
  if (error instanceof StrongroomError && error.code === 'ALREADY_EXISTS') return
  throw error
}

/** The compact form of RFC 7515, with the certificate of the key that signed it. */
async function signed(call: Call, payload: object): Promise<string> {
  const { room, vaultId, own, vault } = call
  const { id: keyId, createdAt } = await signer(call)
  const reference = { ...own, keyId, vaultId }
  const algorithm = 'RSA_PKCS1_SHA_256'
  const sign = async (message: Uint8Array): Promise<Uint8Array> =>
    (await room.sign({ ...reference, message, algorithm })).signature
  const { publicKey } = await room.getPublicKey(reference)
  const commonName = `Strongroom ${vault.name}`
  const certificate = await selfSigned({ commonName, since: createdAt, publicKey, sign })
  const thumbprint = toBase64url(room.crypto.digest('SHA_1', certificate))
  const header = {
    alg: 'RS256',
    kid: thumbprint,
    ...(!vault.managedHsm && { x5t: thumbprint, typ: 'JWT' }),
    'x5t#S256': toBase64url(room.crypto.digest('SHA_256', certificate)),
    x5c: [toBase64(certificate)],
  }
  const body = `${encoded(header)}.${encoded(payload)}`
  return `${body}.${toBase64url(await sign(utf8(body)))}`
}

export const RELEASE_ROWS = {
  releaseKey: row({
    method: 'POST',
    path: '/keys/{name}/{version?}/release',
    permission: 'release',
    room: ['exportKey'],
    body: RELEASE,
    answer: release,
  }),
}
