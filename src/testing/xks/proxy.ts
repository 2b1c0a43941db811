/**
 * An external key store proxy of AWS KMS, whole: the four operations of the XKS proxy API, version
 * 1, over the AES keys of a room. It verifies signatures, answers every error of the specification,
 * and fails when it is told to.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { StrongroomError, type ErrorCode } from '../../base/errors.ts'
import { concat, fromHex, toBase64, toHex } from '../../base/bytes.ts'
import { isFault, verifySignature } from '../../faces/aws/sigv4-verify.ts'
import { SERVICE } from '../../faces/aws/xks/client.ts'
import { bytesOf, integrityValue, IV_BYTES, objectOf } from '../../faces/aws/xks/messages.ts'
import type { Strongroom } from '../../engine/room.ts'

/** Names of errors with their statuses (specification, "Error Codes"). */
export const XKS_ERRORS = {
  ValidationException: 400,
  InvalidStateException: 400,
  InvalidCiphertextException: 400,
  InvalidKeyUsageException: 400,
  AuthenticationFailedException: 401,
  AccessDeniedException: 403,
  KeyNotFoundException: 404,
  InvalidUriPathException: 404,
  ThrottlingException: 429,
  InternalException: 500,
  UnsupportedOperationException: 501,
  DependencyTimeoutException: 503,
} as const
export type XksErrorName = keyof typeof XKS_ERRORS

/** What was asked for, for `fail`, `authorize` and `calls`. */
export interface XksCall {
  readonly operation: 'health' | 'metadata' | 'encrypt' | 'decrypt'
  /** Absent for health. */
  readonly keyId?: string
  readonly accessKeyId: string
  readonly requestMetadata: Readonly<Record<string, unknown>>
}

export interface XksProxyOptions {
  /** Who may sign: 20 to 30 of A-Z and 2-7. */
  readonly accessKeyId: string
  /** 43 to 64 of base64. */
  readonly secretAccessKey: string
  /** Others who may, by access key id: for the time of a rotation. */
  readonly credentials?: Readonly<Record<string, string>>
  /** What comes before `/kms/xks/v1`; default nothing. */
  readonly uriPathPrefix?: string
  /** An error, or any answer at all, in place of what it would do. */
  readonly fail?: (call: XksCall) => Failure | Promise<Failure>
  /** False is AccessDeniedException; never asked about health. */
  readonly authorize?: (call: XksCall) => boolean
  /** The time by which signatures are old; default the room's. */
  readonly now?: () => Date
}
type Failure = XksErrorName | Response | undefined

/** A `fetch` handler, with what it was asked so far. */
export interface XksProxy {
  (request: Request): Promise<Response>
  readonly calls: readonly XksCall[]
  /** For XksProxyUriPath. */
  readonly uriPath: string
}

class XksError extends Error {
  override readonly name: XksErrorName
  constructor(name: XksErrorName, message?: string) {
    super(message)
    this.name = name
  }
}

/** TABLE of what the room refuses, in the words of the specification. */
const ERRORS: Readonly<Partial<Record<ErrorCode, XksErrorName>>> = {
  INVALID_ARGUMENT: 'ValidationException',
  LIMIT_EXCEEDED: 'ValidationException',
  NOT_FOUND: 'KeyNotFoundException',
  INVALID_STATE: 'InvalidStateException',
  OUTSIDE_VALIDITY: 'InvalidStateException',
  NOT_PERMITTED_FOR_KEY: 'InvalidKeyUsageException',
  UNSUPPORTED: 'InvalidKeyUsageException',
  INVALID_CIPHERTEXT: 'InvalidCiphertextException',
  BUSY: 'ThrottlingException',
  UNAVAILABLE: 'DependencyTimeoutException',
}

const BODY_BYTES_MAX = 65_536
const AAD_BYTES_MAX = 8192
const PLAINTEXT_BYTES_MAX = 4300

const json = (status: number, body: object): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json' },
  })

const refused = (name: XksErrorName, message: string): Response =>
  json(XKS_ERRORS[name], { errorName: name, ...(message !== '' && { errorMessage: message }) })

type Members = Readonly<Record<string, unknown>>

interface Asked {
  readonly room: Strongroom
  readonly keyId: string
  readonly message: Members
}

/** The one algorithm of version 1. */
function checkAlgorithm({ encryptionAlgorithm: algorithm }: Members): void {
  if (algorithm !== 'AES_GCM')
    throw new XksError('ValidationException', 'encryptionAlgorithm must be AES_GCM.')
}

function needBytes(message: Members, name: string, fits: (length: number) => boolean): Uint8Array {
  const bytes = bytesOf(message[name])
  if (bytes && fits(bytes.length)) return bytes
  throw new XksError('ValidationException', `${name} is missing, no base64 or of a wrong length.`)
}

function aadOf(message: Members): Uint8Array {
  const { additionalAuthenticatedData: given } = message
  if (given === undefined) return new Uint8Array(0)
  return needBytes(message, 'additionalAuthenticatedData', (length) => length <= AAD_BYTES_MAX)
}

/**
 * What the key authenticates: both parts with their lengths (specification, Encrypt), as one hash,
 * since the key manager takes less than the specification allows.
 */
function boundTo(aad: Uint8Array, metadata: Uint8Array): Uint8Array {
  const lengths = Uint8Array.of(aad.length >> 8, aad.length & 0xff)
  return sha256(concat(lengths, aad, Uint8Array.of(metadata.length), metadata))
}

/** The version of the key, which a later decryption has to name. */
const metadataOf = (versionId: string): Uint8Array => fromHex(versionId.replaceAll('-', ''))!
const VERSION_BYTES = 16
function versionOf(metadata: Uint8Array): string {
  if (metadata.length !== VERSION_BYTES) throw new XksError('InvalidCiphertextException')
  return toHex(metadata).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

async function metadata({ room, keyId }: Asked): Promise<object> {
  const { spec, purposes, state } = await room.getKey({ keyId })
  if (state === 'deleted') throw new XksError('KeyNotFoundException')
  return {
    keySpec: spec,
    keyUsage: purposes.includes('encrypt') ? ['ENCRYPT', 'DECRYPT'] : [],
    keyStatus: state === 'enabled' ? 'ENABLED' : 'DISABLED',
  }
}

async function encrypt({ room, keyId, message }: Asked): Promise<object> {
  checkAlgorithm(message)
  const plaintext = needBytes(message, 'plaintext', (length) => length <= PLAINTEXT_BYTES_MAX)
  const aad = aadOf(message)
  const { ciphertextDataIntegrityValueAlgorithm: integrity } = message
  if (integrity !== undefined && integrity !== 'SHA_256')
    throw new XksError('ValidationException', 'The integrity value must be SHA_256.')
  const { currentVersionId: versionId } = await room.getKey({ keyId })
  const ciphertextMetadata = metadataOf(versionId ?? '')
  const made = await room.encrypt({
    keyId,
    ...(versionId !== undefined && { versionId }),
    plaintext,
    algorithm: 'AES_GCM',
    aad: boundTo(aad, ciphertextMetadata),
  })
  const { ciphertext, iv: initializationVector, tag: authenticationTag } = made
  const sealed = {
    ciphertext,
    initializationVector: initializationVector!,
    authenticationTag: authenticationTag!,
    ciphertextMetadata,
  }
  const parts = Object.entries(sealed).map(([name, bytes]) => [name, toBase64(bytes)])
  return {
    ...(Object.fromEntries(parts) as object),
    ...(integrity !== undefined && {
      ciphertextDataIntegrityValue: toBase64(integrityValue(aad, sealed)),
    }),
  }
}

async function decrypt({ room, keyId, message }: Asked): Promise<object> {
  checkAlgorithm(message)
  const ciphertext = needBytes(message, 'ciphertext', (length) => length <= PLAINTEXT_BYTES_MAX)
  const iv = needBytes(message, 'initializationVector', (length) => IV_BYTES.includes(length))
  const tag = needBytes(message, 'authenticationTag', (length) => length === 16)
  const bound = bytesOf(message['ciphertextMetadata'] ?? '') ?? new Uint8Array(0)
  const aad = boundTo(aadOf(message), bound)
  await room.getKey({ keyId })
  const versionId = versionOf(bound)
  const opening = { keyId, versionId, ciphertext, iv, tag, aad, algorithm: 'AES_GCM' } as const
  const { plaintext } = await room.decrypt(opening).catch((error: unknown) => {
    // A version of another key is a ciphertext of another key.
    if (error instanceof StrongroomError && error.code === 'NOT_FOUND')
      throw new XksError('InvalidCiphertextException')
    throw error
  })
  return { plaintext: toBase64(plaintext) }
}

const health = async ({ room }: Asked): Promise<object> => {
  await room.generateRandom({ lengthBytes: 1 })
  return {
    xksProxyFleetSize: 1,
    xksProxyVendor: 'Strongroom',
    xksProxyModel: 'Strongroom XKS proxy 1',
    ekmVendor: 'Strongroom',
    ekmFleetDetails: [{ id: 'room', model: 'Strongroom', healthStatus: 'ACTIVE' }],
  }
}

const OPERATIONS = { health, metadata, encrypt, decrypt }
const RESOURCE = /^\/(health|keys\/([A-Za-z0-9._-]{1,128})\/(metadata|encrypt|decrypt))$/

/**
 * An XKS proxy for the keys of `room`, of which each external key id is an id. Hand it to the face
 * (`xks: { endpoints }`), or give it a port with `serveXksProxy`.
 *
 * @example
 * const theirs = await Strongroom.open()
 * const proxy = xksProxy(theirs, { accessKeyId, secretAccessKey })
 * const requestHandler = awsRequestHandler(room, {
 *   xks: { endpoints: { 'https://xks.example.com': proxy } },
 * })
 */
export function xksProxy(room: Strongroom, options: XksProxyOptions): XksProxy {
  const { accessKeyId, secretAccessKey, uriPathPrefix = '' } = options
  const secrets = { ...options.credentials, [accessKeyId]: secretAccessKey }
  const uriPath = `${uriPathPrefix}/kms/xks/v1`
  const calls: XksCall[] = []

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    const [, , keyId, named] = RESOURCE.exec(
      url.pathname.startsWith(uriPath) ? url.pathname.slice(uriPath.length) : '',
    ) ?? [undefined, undefined]
    const known = url.pathname === `${uriPath}/health` || named !== undefined
    if (!known) throw new XksError('InvalidUriPathException')
    if (request.method !== 'POST') return new Response(null, { status: 405 })
    const body = new Uint8Array(await request.arrayBuffer())
    const headers = { host: url.host, ...Object.fromEntries(request.headers) }
    const presented = verifySignature(
      { method: 'POST', path: url.pathname, query: url.search.slice(1), headers, body },
      {
        service: SERVICE,
        now: options.now?.() ?? room.now(),
        credentialsOf: (id) =>
          Object.hasOwn(secrets, id)
            ? { accessKeyId: id, secretAccessKey: secrets[id]! }
            : undefined,
      },
    )
    if (isFault(presented)) throw new XksError('AuthenticationFailedException', presented.message)
    const message = body.length <= BODY_BYTES_MAX ? objectOf(decoder.decode(body)) : undefined
    const { requestMetadata } = message ?? {}
    if (!message || typeof requestMetadata !== 'object' || requestMetadata === null)
      throw new XksError('ValidationException', 'The body must be JSON with requestMetadata.')
    const operation = (named ?? 'health') as XksCall['operation']
    const call: XksCall = {
      operation,
      ...(keyId !== undefined && { keyId }),
      accessKeyId: presented.accessKeyId,
      requestMetadata: requestMetadata as Members,
    }
    calls.push(call)
    const failure = await options.fail?.(call)
    if (failure instanceof Response) return failure
    if (failure !== undefined) throw new XksError(failure)
    if (operation !== 'health' && options.authorize?.(call) === false)
      throw new XksError('AccessDeniedException')
    return json(200, await OPERATIONS[operation]({ room, keyId: keyId ?? '', message }))
  }

  const proxy = async (request: Request): Promise<Response> => {
    try {
      return await answer(request)
    } catch (error) {
      if (error instanceof XksError) return refused(error.name, error.message)
      const code = error instanceof StrongroomError ? error.code : 'INTERNAL'
      return refused(ERRORS[code] ?? 'InternalException', '')
    }
  }
  return Object.assign(proxy, { calls, uriPath })
}

const decoder = new TextDecoder()
