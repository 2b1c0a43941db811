/** Who asks: the access key id and region of the credential scope (contracts: AWS 3). */
import type { Caller } from './call.ts'
import type { Face } from './face.ts'
import { identityOf } from './principals.ts'

/** `Credential=AKID/date/region/kms/aws4_request`, of a header or of the query of a presigned URL. */
const SCOPE = /^([^/]*)\/\d{8}\/([a-z0-9-]{1,32})\/kms\/aws4_request$/

const CREDENTIAL = 'Credential='

/** What follows `Credential=`, up to a comma or a space. */
function credentialIn(authorization: string): string {
  const found = authorization.indexOf(CREDENTIAL)
  if (found < 0) return ''
  const start = found + CREDENTIAL.length
  let end = start
  while (end < authorization.length && !ENDS.includes(authorization[end]!)) end++
  return authorization.slice(start, end)
}
const ENDS = ', \t\r\n\f\v'

export function callerOf(face: Face, headers: Readonly<Record<string, string>>): Caller {
  const credential = credentialIn(headers['authorization'] ?? '')
  const known = face.callers.get(credential)
  if (known) return known
  const [, accessKeyId, region = face.region] = SCOPE.exec(credential) ?? []
  const { account } = face
  const identity = identityOf(face.options, accessKeyId, { account, region })
  const caller = { region, accessKeyId, ...identity }
  // Whose an id is may change where somebody keeps a list of them.
  if (!face.options.credentials) face.callers.set(credential, caller)
  return caller
}
