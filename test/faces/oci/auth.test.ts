/** Who asks (contracts: OCI 15). Requests are signed by the signer of the SDK. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { DefaultRequestSigner } from 'oci-common'
import { beforeAll, describe, expect, test } from 'vitest'
import { callerOf, parseAuthorization } from '../../../src/faces/oci/auth.ts'
import { ociFetch, ociHandler, type OciOptions } from '../../../src/faces/oci/index.ts'
import { CALLER, detailsProvider, KEY_ID } from './transports.ts'
import { AES, COMPARTMENT, refusal, WAYS } from './world.ts'
import type { Furnished, World } from './world.ts'

const { tenancy: TENANCY, user: USER } = CALLER
const KEYS = { [KEY_ID]: CALLER.publicKey }
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string
const { world, facing } = WAYS[0]!

let w: World
let v: Furnished
beforeAll(async () => {
  // The signer takes the time of day.
  w = await world({}, { clock: { now: () => Date.now() } })
  v = await w.furnished()
})

interface Signed {
  readonly method: string
  readonly uri: string
  readonly headers: Headers
  body?: string
}
/** A request as the SDK signs it. */
async function signed(method: string, url: string, body?: string): Promise<Request> {
  const headers = new Headers({ 'content-type': 'application/json' })
  const request: Signed = { method, uri: url, headers, ...(body !== undefined && { body }) }
  await new DefaultRequestSigner(detailsProvider()).signHttpRequest(request as never)
  headers.set('host', new URL(url).host)
  return new Request(url, { method, headers, ...(body !== undefined && { body }) })
}

const GET = () => signed('GET', `${w.service}/20180608/vaults?compartmentId=${COMPARTMENT}&limit=5`)
const keyBody = JSON.stringify({ compartmentId: COMPARTMENT, displayName: 'k', keyShape: AES })
const POST = (body = keyBody) => signed('POST', `${v.keys.endpoint}/20180608/keys`, body)
const owner = { principalOf: () => undefined }

/** Status and code of a request at the handler; `host` is no header that fetch lets one set. */
async function ask(request: Request, options: OciOptions, change: object = {}): Promise<string> {
  const headers = Object.fromEntries(request.headers)
  const given = {
    method: request.method,
    url: request.url,
    headers: { ...headers, host: new URL(request.url).host },
    body: await request.text(),
    ...change,
  }
  const { status, body } = await ociHandler(w.room, options)(given)
  const { code } = JSON.parse(body) as { code?: string }
  return code === undefined ? String(status) : `${status} ${code}`
}
const REFUSED = '401 NotAuthenticated'

describe('signatures', () => {
  const options = { ...owner, signatures: { keys: KEYS } }
  test('of the SDK are verified, with and without a body', async () => {
    expect(await ask(await GET(), options)).toBe('200')
    expect(await ask(await POST(), options)).toBe('200')
    const der = createPublicKey(CALLER.publicKey).export({ type: 'spki', format: 'der' })
    expect(await ask(await GET(), { ...owner, signatures: { keys: { [KEY_ID]: der } } })).toBe(
      '200',
    )
  })

  test('fail when anything was changed', async () => {
    const changed = async (change: (headers: Record<string, string>) => object) => {
      const request = await POST()
      return ask(request, options, change(Object.fromEntries(request.headers)))
    }
    const other = keyBody.replace('"k"', '"l"')
    expect(await changed(() => ({ body: other }))).toBe(REFUSED)
    expect(await changed(() => ({ url: `${v.keys.endpoint}/20180608/keys?x=1` }))).toBe(REFUSED)
    const host = new URL(v.keys.endpoint).host
    for (const name of ['x-content-sha256', 'x-date', 'content-length', 'authorization', 'host']) {
      const without = await changed((headers) => {
        const all: Record<string, string> = { ...headers, host }
        const { [name]: _, ...rest } = all
        return { headers: rest }
      })
      expect(without, name).toBe(REFUSED)
    }
    const altered = await changed((headers) => ({
      headers: {
        ...headers,
        host,
        authorization: headers['authorization']!.replace(/signature="./, 'signature="_'),
      },
    }))
    expect(altered).toBe(REFUSED)
  })

  test('fail with an unknown key, another key, or none', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    for (const key of [pem(other), pem(ec), 'no key'])
      expect(await ask(await GET(), { signatures: { keys: { [KEY_ID]: key } } })).toBe(REFUSED)
    expect(await ask(await GET(), { signatures: { keys: {} } })).toBe(REFUSED)
    const unsigned = new Request(`${w.service}/20180608/vaults?compartmentId=c`)
    expect(await ask(unsigned, { signatures: { keys: KEYS } })).toBe(REFUSED)
    const lenient = { signatures: { keys: KEYS, required: false } }
    expect(await ask(unsigned.clone(), lenient)).toBe('200')
  })

  test('fail when they are older than five minutes', async () => {
    const request = await GET()
    const late = await world({}, { clock: { now: () => Date.now() + 301_000 } })
    const headers = { ...Object.fromEntries(request.headers), host: new URL(request.url).host }
    const { method, url } = request
    const { status } = await ociHandler(late.room, options)({ method, url, headers })
    expect(status).toBe(401)
  })

  test('that cover too little count for nothing', () => {
    const header = 'Signature version="1",keyId="a/b/c",algorithm="rsa-sha256",signature="x"'
    expect(parseAuthorization(header)).toMatchObject({ keyId: 'a/b/c', headers: ['date'] })
    for (const other of ['Bearer x', 'Signature', 'Signature keyId="a"', ''])
      expect(parseAuthorization(other)).toBeUndefined()
  })
})

describe('the principal', () => {
  test('is the user of the signature, who is not the owner', async () => {
    expect(await ask(await GET(), {})).toBe('404 NotAuthorizedOrNotFound')
    const seen: unknown[] = []
    const principalOf: OciOptions['principalOf'] = (caller) => void seen.push(caller)
    await ask(await GET(), { principalOf })
    const caller = { keyId: KEY_ID, tenancy: TENANCY, user: USER, fingerprint: CALLER.fingerprint }
    expect(seen).toEqual([caller])
    expect(callerOf('Signature keyId="ST$token",signature="x"')).toEqual({
      keyId: 'ST$token',
    })
  })

  test('is the owner in-process, and whoever the option says', async () => {
    expect(await refusal(v.keys.listKeys({ compartmentId: COMPARTMENT }))).toBe('ok')
    const { at } = await facing(w.room, { principalOf: () => USER })
    const call = at(v.vault).keys.listKeys({ compartmentId: COMPARTMENT })
    expect(await refusal(call)).toBe('404 NotAuthorizedOrNotFound')
  })

  test('an authorization of another scheme is none', async () => {
    const { status } = await ociFetch(w.room)(
      new Request(`${w.service}/20180608/vaults`, { headers: { authorization: 'Basic x' } }),
    )
    expect(status).toBe(400)
    const asked = new Request(`${w.service}/20180608/vaults?compartmentId=c`, {
      headers: { authorization: 'Basic x' },
    })
    expect((await ociFetch(w.room)(asked)).status).toBe(401)
  })
})
