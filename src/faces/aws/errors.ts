/**
 * Refusals in the words of AWS KMS (contracts: AWS 5). The service answers 400 to every fault of the
 * client; only its own faults have other statuses.
 */
import { StrongroomError, type ErrorCode } from '../../base/errors.ts'
import type { Origin } from '../../domain/records.ts'
import { deniedText } from './denied.ts'
import { KEY_ORIGINS } from './specs.ts'
import { isXksFailure, XKS_FAILURES } from './xks/failures.ts'

const SERVER_FAULTS: Readonly<Record<string, number>> = {
  KMSInternalException: 500,
  KeyUnavailableException: 500,
  DependencyTimeoutException: 503,
}

/** An exception of the service: its name is what callers branch on. Some have no text. */
export class KmsFault extends Error {
  override readonly name: string
  /** What the room said, when it was the room that refused: for `explain`. */
  override readonly cause: unknown

  constructor(name: string, message = '', cause?: unknown) {
    super(message)
    this.name = name
    this.cause = cause
  }

  get status(): number {
    return SERVER_FAULTS[this.name] ?? 400
  }
}

/** What a refusal of the room is about. */
export interface Subject {
  /** Name of the operation as AWS has it. */
  readonly operation: string
  /** The key as it was named or found, for texts. */
  readonly arn: string
  /** The alias that is made, changed or removed, as an ARN. */
  readonly alias?: string | undefined
  /** Who asked. */
  readonly principal?: string
  /** The grant that was named. */
  readonly grant?: string | undefined
  /** KeyUsage of the key, when it is known. */
  readonly usage?: string | undefined
  /** Origin of the key, when it is known. */
  readonly origin?: string | undefined
}

type Translate = (subject: Subject, error: StrongroomError) => KmsFault

const plain =
  (name: string): Translate =>
  (_, { message }) =>
    new KmsFault(name, message)
/** The service says nothing more on purpose. */
const silent = (name: string) => (): KmsFault => new KmsFault(name)

/** Key states in which material cannot be used or the key not be changed (contracts: AWS 16). */
const IS: Readonly<Record<string, string>> = {
  pendingDeletion: 'is pending deletion.',
  pendingReplicaDeletion: 'is pending deletion.',
  pendingImport: 'is pending import.',
  unavailable: 'is unavailable.',
  creating: 'is creating.',
  updating: 'is updating.',
}

/** Connection states in which a custom key store does not do what is asked of it. */
const STORE_STATES: Readonly<Record<string, string>> = {
  connected: 'The custom key store is connected: disconnect it and try the request again.',
  connecting: 'The custom key store is being connected: wait, and try the request again.',
  disconnected: 'The custom key store is not connected: connect it and try the request again.',
  disconnecting: 'The custom key store is being disconnected: wait, and try the request again.',
  failed: 'Connecting the custom key store failed: disconnect it and try the request again.',
}

const stateFault: Translate = ({ arn }, { explain, message }) => {
  const found = explain?.found ?? ''
  if (explain?.rule === 'keyStore.state')
    return new KmsFault('CustomKeyStoreInvalidStateException', STORE_STATES[found] ?? message)
  if (found === 'deleted') return new KmsFault('NotFoundException', `Key '${arn}' does not exist`)
  if (explain?.rule.startsWith('key.') && found === 'disabled')
    return new KmsFault('DisabledException', `${arn} is disabled.`)
  const text = IS[found]
  return new KmsFault('KMSInvalidStateException', text ? `${arn} ${text}` : message)
}

/** Rotation and replicas begin at the primary. */
export const notPrimary = (arn: string): KmsFault =>
  new KmsFault('UnsupportedOperationException', `${arn} is not a multi-region primary key.`)

const usageFault: Translate = ({ operation, arn, usage }, { message, explain }) => {
  if (explain?.rule === 'key.primary') return notPrimary(arn)
  return explain?.rule === 'key.purpose' && usage !== undefined
    ? new KmsFault(
        'InvalidKeyUsageException',
        `${arn} key usage is ${usage} which is not valid for ${operation}.`,
      )
    : new KmsFault('InvalidKeyUsageException', message)
}

export const wrongOrigin = (arn: string, origin: string | undefined): KmsFault =>
  new KmsFault(
    'UnsupportedOperationException',
    `${arn} origin is ${origin} which is not valid for this operation.`,
  )

/** Imports are for keys of one origin. */
const originFault: Translate = (subject, error) => {
  const { rule, found = '' } = error.explain ?? {}
  return rule === 'key.origin'
    ? wrongOrigin(subject.arn, KEY_ORIGINS[found as Origin])
    : usageFault(subject, error)
}

/** A key of a custom key store has one material for ever. */
const unsupportedFault: Translate = ({ arn, origin }, { explain, message }) =>
  explain?.rule === 'key.store'
    ? wrongOrigin(arn, origin)
    : new KmsFault('UnsupportedOperationException', message)

const invalidState = (message: string): KmsFault =>
  new KmsFault('KMSInvalidStateException', message)

/** A key takes one material that waits for its rotation, and no second. */
const pendingFault: Translate = (subject, error) => {
  const { rule, subject: id, found } = error.explain ?? {}
  if (rule !== 'material.other') return stateFault(subject, error)
  const keyId = subject.arn.split('/').at(-1)
  return invalidState(
    `New key material (id: ${id}) cannot be imported into KMS key ${keyId}, because another key ` +
      `material (id: ${found}) is pending rotation.`,
  )
}

/** What does not open is not told from what opens and does not fit; what was refused later is. */
const materialFault: Translate = (_, { explain, message }) =>
  explain
    ? new KmsFault('IncorrectKeyMaterialException', message)
    : new KmsFault('InvalidCiphertextException')

const rotationFault: Translate = (subject, error) =>
  error.explain?.rule.startsWith('material.')
    ? invalidState(`No available key material pending rotation for the key: ${subject.arn}.`)
    : stateFault(subject, error)

const deniedFault: Translate = ({ principal = '' }, { explain, message }) => {
  const { rule = '', action, resource } = explain ?? {}
  if (action === undefined || resource === undefined)
    return new KmsFault('AccessDeniedException', message)
  return new KmsFault('AccessDeniedException', deniedText(principal, { rule, action, resource }))
}

const malformed = (message: string): KmsFault =>
  new KmsFault('MalformedPolicyDocumentException', message)

/** Texts of the service for what is wrong about a policy (contracts: AWS 12). */
const POLICY_TEXTS: Readonly<Record<string, string>> = {
  'policy.principal': 'Policy contains a statement with one or more invalid principals.',
  'policy.principal.missing': 'Policy contains a statement with no principal.',
}
const policyFault: Translate = (_, { explain, message }) =>
  malformed(POLICY_TEXTS[explain?.rule ?? ''] ?? message)

const grantFault: Translate = ({ grant, arn }) =>
  notFound(
    grant === undefined
      ? 'The grant of the token does not exist.'
      : `Grant ID ${grant} is not found for key ${arn}`,
  )

export const DRY_RUN = 'The request would have succeeded, but the DryRun option is set.'

/** TABLE of codes: ours on the left. What is absent is a defect. */
export const ERROR_TABLE: Readonly<Partial<Record<ErrorCode, Translate>>> = {
  INVALID_ARGUMENT: plain('ValidationException'),
  NOT_FOUND: ({ arn, alias }) =>
    notFound(alias ? `Alias ${alias} is not found.` : `Key '${arn}' does not exist`),
  ALREADY_EXISTS: ({ alias }, { message }) =>
    new KmsFault(
      'AlreadyExistsException',
      alias ? `An alias with the name ${alias} already exists` : message,
    ),
  INVALID_STATE: stateFault,
  CONFLICT: plain('ConflictException'),
  FORBIDDEN: deniedFault,
  NOT_PERMITTED_FOR_KEY: usageFault,
  OUTSIDE_VALIDITY: plain('KMSInvalidStateException'),
  READ_ONLY_REPLICA: plain('UnsupportedOperationException'),
  DIVERGED: plain('KMSInvalidStateException'),
  UNSUPPORTED: unsupportedFault,
  LIMIT_EXCEEDED: plain('LimitExceededException'),
  INVALID_CIPHERTEXT: silent('InvalidCiphertextException'),
  INVALID_KEY_MATERIAL: plain('IncorrectKeyMaterialException'),
  INVALID_IMPORT_TOKEN: plain('InvalidImportTokenException'),
  EXPIRED_IMPORT_TOKEN: plain('ExpiredImportTokenException'),
  INVALID_PAGE_TOKEN: () => invalidMarker(),
  INVALID_POLICY: policyFault,
  POLICY_LOCKOUT: () =>
    malformed('The new key policy will not allow you to update the key policy in the future.'),
  INVALID_GRANT_TOKEN: plain('InvalidGrantTokenException'),
  DRY_RUN: () => new KmsFault('DryRunOperationException', DRY_RUN),
  UNAVAILABLE: silent('KMSInternalException'),
  KEY_STORE_FAILED: (subject, error) => storeFault(subject.operation, error),
  OUTCOME_UNKNOWN: silent('KMSInternalException'),
  BUSY: plain('ThrottlingException'),
  CLOSED: silent('KMSInternalException'),
}

/** TABLE of what some operations say otherwise. */
const OF_OPERATION: Readonly<Record<string, typeof ERROR_TABLE>> = {
  CancelKeyDeletion: {
    INVALID_STATE: ({ arn }) =>
      new KmsFault('KMSInvalidStateException', `${arn} is not pending deletion.`),
  },
  GetParametersForImport: { NOT_PERMITTED_FOR_KEY: originFault },
  ImportKeyMaterial: {
    NOT_PERMITTED_FOR_KEY: originFault,
    INVALID_STATE: pendingFault,
    INVALID_KEY_MATERIAL: materialFault,
  },
  DeleteImportedKeyMaterial: { NOT_PERMITTED_FOR_KEY: originFault },
  RotateKeyOnDemand: {
    INVALID_STATE: rotationFault,
    LIMIT_EXCEEDED: ({ arn }) =>
      new KmsFault(
        'LimitExceededException',
        'The on-demand rotations limit has been reached for the given keyId. No more on-demand ' +
          `rotations can be performed for this key: ${arn}`,
      ),
  },
  ReplicateKey: {
    ALREADY_EXISTS: ({ arn }) =>
      new KmsFault('AlreadyExistsException', `The Region has a key that is related to ${arn}.`),
  },
  CreateCustomKeyStore: { ALREADY_EXISTS: plain('CustomKeyStoreNameInUseException') },
  UpdateCustomKeyStore: { ALREADY_EXISTS: plain('CustomKeyStoreNameInUseException') },
  DeleteCustomKeyStore: { CONFLICT: plain('CustomKeyStoreHasCMKsException') },
  RetireGrant: { NOT_FOUND: grantFault },
  RevokeGrant: { NOT_FOUND: grantFault },
  GetPublicKey: { UNSUPPORTED: silent('UnsupportedOperationException') },
  TagResource: { LIMIT_EXCEEDED: () => new KmsFault('TagException', 'Too many tags') },
}

/** Where a failure of a custom key store has a name of its own; elsewhere it is a state of the key. */
const STORE_OPERATIONS: Readonly<Record<string, 'store' | 'key'>> = {
  CreateCustomKeyStore: 'store',
  UpdateCustomKeyStore: 'store',
  ConnectCustomKeyStore: 'store',
  CreateKey: 'key',
  GenerateRandom: 'key',
}

/** Reasons that the room itself gives, on the left. */
const STORE_REASONS: Readonly<Record<string, string>> = {
  KEY_IN_USE: 'XksKeyAlreadyInUseException',
  ClusterFailed: 'CustomKeyStoreInvalidStateException',
}

/** A failure of a custom key store: the reason is a row of XKS_FAILURES, or an exception itself. */
function storeFault(operation: string, { explain, message }: StrongroomError): KmsFault {
  const rule = explain?.rule ?? ''
  const kind = Object.hasOwn(STORE_OPERATIONS, operation) ? STORE_OPERATIONS[operation] : undefined
  const failure = isXksFailure(rule) ? XKS_FAILURES[rule] : undefined
  if (!kind) return new KmsFault('KMSInvalidStateException', failure?.text ?? message)
  if (failure) return new KmsFault(failure[kind], failure.text)
  const name = STORE_REASONS[rule] ?? rule
  return name.endsWith('Exception')
    ? new KmsFault(name, message)
    : new KmsFault('KMSInternalException')
}

const translation = (operation: string, code: ErrorCode): Translate | undefined =>
  (Object.hasOwn(OF_OPERATION, operation) ? OF_OPERATION[operation]?.[code] : undefined) ??
  ERROR_TABLE[code]

/** Whatever was thrown, as an exception of the service; a defect tells nothing but that it is one. */
export function faultOf(error: unknown, subject: Subject): KmsFault {
  if (error instanceof KmsFault) return error
  const translate =
    error instanceof StrongroomError ? translation(subject.operation, error.code) : undefined
  if (!translate) return new KmsFault('KMSInternalException', '', error)
  const fault = translate(subject, error as StrongroomError)
  return new KmsFault(fault.name, fault.message, error)
}

export function validation(message: string): never {
  throw new KmsFault('ValidationException', message)
}

export function unsupported(message = ''): never {
  throw new KmsFault('UnsupportedOperationException', message)
}

export const invalidMarker = (): KmsFault =>
  new KmsFault(
    'InvalidMarkerException',
    'The request was rejected because the marker that specifies where pagination should next ' +
      'begin is not valid.',
  )

export const notFound = (message: string): KmsFault => new KmsFault('NotFoundException', message)
