import { utf8 } from '../../base/bytes.ts'
import type { Call } from './call.ts'

/** Bytes in the 60 letters of an OCID. */
const BODY_BYTES = 37

/**
 * The name of the work behind a reply. These clients have no operation that asks for it; the same
 * request has the same.
 */
export async function workRequest({ name, asked, face }: Call): Promise<string> {
  const said = utf8(`${name} ${asked.requestId}`)
  const digest = await crypto.subtle.digest('SHA-512', new Uint8Array(said))
  return face.ids.other('coreservicesworkrequest', new Uint8Array(digest, 0, BODY_BYTES))
}
