/**
 * TABLE of what goes wrong with an external key store: the exceptions that AWS KMS makes of it, by
 * the kind of operation, and the code of a failed connection (contracts: AWS 14; XKS proxy API
 * specification, "Error Codes"). For uses of keys it is always KMSInvalidStateException.
 */
import { StrongroomError } from '../../../base/errors.ts'

export interface XksFailure {
  /** What every exception says. */
  readonly text: string
  /** Of CreateCustomKeyStore and UpdateCustomKeyStore. */
  readonly store: string
  /** Of CreateKey. */
  readonly key: string
  /** ConnectionErrorCode after ConnectCustomKeyStore. */
  readonly connection: string
}

const INVALID_STATE = 'CustomKeyStoreInvalidStateException'
const INVALID_RESPONSE = 'XksProxyInvalidResponseException'
const UNREACHABLE = 'XksProxyUriUnreachableException'
const INVALID_KEY = 'XksKeyInvalidConfigurationException'

const row = (
  text: string,
  store: string,
  connection: string,
  key: string = INVALID_STATE,
): XksFailure => ({ text, store, key, connection })

const UNREADABLE = row(
  'AWS KMS cannot interpret the response from the external key store proxy. If you see this ' +
    'error repeatedly, report it to your external key store proxy administrator.',
  INVALID_RESPONSE,
  'XKS_PROXY_INVALID_RESPONSE',
)

/** By the error name of the proxy, or by what the network did. */
export const XKS_FAILURES = {
  ValidationException: UNREADABLE,
  InvalidStateException: row(
    'The external key associated with this KMS key in an external key store is not enabled in ' +
      'the external HSM. Enable the external key in the external HSM and retry the request.',
    INVALID_RESPONSE,
    'XKS_PROXY_INVALID_CONFIGURATION',
    INVALID_KEY,
  ),
  InvalidCiphertextException: row(
    'The external key store proxy rejected the request because the specified ciphertext or ' +
      'encryption context is corrupted, missing, or otherwise invalid.',
    INVALID_RESPONSE,
    'XKS_PROXY_INVALID_RESPONSE',
  ),
  InvalidKeyUsageException: row(
    'The external key associated with this KMS key in an external key store does not support ' +
      'the requested operation. Enable the operation on the key in your external HSM, and try ' +
      'the request again.',
    INVALID_RESPONSE,
    'XKS_PROXY_INVALID_CONFIGURATION',
    INVALID_KEY,
  ),
  AuthenticationFailedException: row(
    'The external key store proxy rejected the request because it could not authenticate AWS ' +
      'KMS. Verify the XKS proxy authentication credentials for your external key store and ' +
      'update if necessary.',
    'XksProxyIncorrectAuthenticationCredentialException',
    'INVALID_CREDENTIALS',
  ),
  AccessDeniedException: row(
    'The external key store proxy denied access to the operation. Verify that the user and the ' +
      'external key are both authorized for this operation, and try the request again.',
    INVALID_RESPONSE,
    'XKS_PROXY_ACCESS_DENIED',
    'KMSInvalidStateException',
  ),
  KeyNotFoundException: row(
    'The external key associated with this KMS key in an external key store was not found in ' +
      'its external HSM. If the external key ID associated with this KMS key is incorrect, ' +
      'create a new KMS key with the correct external key ID.',
    INVALID_RESPONSE,
    'XKS_PROXY_INVALID_RESPONSE',
    'XksKeyNotFoundException',
  ),
  InvalidUriPathException: row(
    'The external key store proxy rejected the request because of an invalid URI path. Verify ' +
      'the URI path for your external key store and update if necessary.',
    'XksProxyInvalidConfigurationException',
    'XKS_PROXY_INVALID_CONFIGURATION',
  ),
  UnsupportedOperationException: row(
    'The external key store proxy rejected the request because it does not support the ' +
      'requested operation. If you see this error repeatedly, report it to your external key ' +
      'store proxy administrator.',
    INVALID_RESPONSE,
    'XKS_PROXY_INVALID_RESPONSE',
  ),
  DependencyTimeoutException: row(
    'The external key store proxy did not respond to the request in the time allotted. Retry ' +
      'the request. If you see this error repeatedly, report it to your external key store ' +
      'proxy administrator.',
    UNREACHABLE,
    'XKS_PROXY_TIMED_OUT',
  ),
  ThrottlingException: row(
    'The external key store proxy rejected the request due to a very high request rate. Reduce ' +
      'the frequency of your calls using KMS keys in this external key store.',
    UNREACHABLE,
    'XKS_PROXY_NOT_REACHABLE',
  ),
  InternalException: row(
    'The external key store proxy rejected the request because it cannot communicate with the ' +
      'external HSM. Verify that the external key store proxy configuration is correct and ' +
      'that the external HSM is available.',
    INVALID_RESPONSE,
    'XKS_PROXY_NOT_REACHABLE',
  ),
  /** No connection. */
  Unreachable: row(
    'AWS KMS cannot communicate with the external key store proxy. This might be a transient ' +
      'network issue. If you see this error repeatedly, verify that your external key store ' +
      'proxy is active and is connected to the network, and that its endpoint URI is correct in ' +
      'your external keystore.',
    UNREACHABLE,
    'XKS_PROXY_NOT_REACHABLE',
  ),
  /** A connection, and no trust in it. */
  Tls: row(
    'AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the TLS ' +
      'configuration, including its certificate.',
    UNREACHABLE,
    'XKS_PROXY_INVALID_TLS_CONFIGURATION',
  ),
  TimedOut: row(
    'AWS KMS rejected the request because the external key store proxy did not respond in ' +
      'time. Retry the request. If you see this error repeatedly, report it to your external ' +
      'key store proxy administrator.',
    UNREACHABLE,
    'XKS_PROXY_TIMED_OUT',
  ),
  /** An answer that is none of the specification. */
  Malformed: UNREADABLE,
  /** A key that is not AES-256, not enabled, or not for both encryption and decryption. */
  UnfitKey: row(
    'The external key associated with this KMS key in an external key store must be an enabled ' +
      '256-bit AES key that supports encryption and decryption.',
    INVALID_RESPONSE,
    'XKS_PROXY_INVALID_CONFIGURATION',
    INVALID_KEY,
  ),
} as const satisfies Record<string, XksFailure>

export type XksFailureName = keyof typeof XKS_FAILURES

export const isXksFailure = (name: string): name is XksFailureName =>
  Object.hasOwn(XKS_FAILURES, name)

/** A refusal of a key store, as the room knows it: the rule is the reason. */
export function refusal(rule: string, message: string, cause?: unknown): StrongroomError {
  const explain = { operation: 'keyStore', rule, expected: 'a key store that does it', found: rule }
  return new StrongroomError('KEY_STORE_FAILED', message, { explain, cause })
}

export const xksRefusal = (name: XksFailureName, cause?: unknown): StrongroomError =>
  refusal(name, XKS_FAILURES[name].text, cause)
