/** Who asks: the access key id and region of the credential scope (contracts: AWS 3). */
import type { Caller } from './call.ts'
import type { Face } from './face.ts'
import { identityOf } from './principals.ts'

/** `Credential=AKID/date/region/kms/aws4_request`, of a header or of the query of a presigned URL. */
const SCOPE = /^([^/]*)\/\d{8}\/([a-z0-9-]{1,32})\/kms\/aws4_request$/

export function callerOf(face: Face, headers: Readonly<Record<string, string>>): Caller {
  const [, credential = ''] = /Credential=([^,\s]+)/.exec(headers['authorization'] ?? '') ?? []
  const [, accessKeyId, region = face.region] = SCOPE.exec(credential) ?? []
  const { account } = face
  return { region, accessKeyId, ...identityOf(face.options, accessKeyId, { account, region }) }
}
