/**
 * What a key allows by its state, its times and its permitted operations (contracts: Azure 4.3), every
 * cell: what the service does, told through plain requests, since its client refuses some itself.
 */
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { HSM_HOST, openWorld, START, type World } from './world.ts'

const DIGEST = createHash('sha256').update('m').digest('base64url')
const VALUE = Buffer.alloc(16, 1).toString('base64url')
const NOW = START.getTime() / 1000

type State = 'usable' | 'disabled' | 'not yet valid' | 'expired' | 'without operations' | 'deleted'

const STATES: Readonly<Record<State, object>> = {
  usable: {},
  disabled: { attributes: { enabled: false } },
  'not yet valid': { attributes: { nbf: NOW + 60 } },
  expired: { attributes: { exp: NOW } },
  'without operations': { key_ops: [] },
  deleted: {},
}

/** Of a request, how it goes for each state; the words are inner codes. */
type Cells = Readonly<Record<State, string>>
const OK = '200'
const disabled = '403 KeyDisabled'
const forbidden = '403 KeyOperationForbidden'
const gone = '404 KeyNotFound'
const APPLY: Cells = {
  usable: OK,
  disabled,
  'not yet valid': '403 KeyNotYetValid',
  expired: '403 KeyExpired',
  'without operations': forbidden,
  deleted: gone,
}
/** Old data opens outside of the times. */
const PROCESS: Cells = { ...APPLY, 'not yet valid': OK, expired: OK }
const ALWAYS: Cells = {
  usable: OK,
  disabled: OK,
  'not yet valid': OK,
  expired: OK,
  'without operations': OK,
  deleted: gone,
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: object
  readonly type: 'RSA' | 'oct'
  readonly cells: Cells
}
const post = (op: string, type: 'RSA' | 'oct', cells: Cells, body?: object): Asked => ({
  method: 'POST',
  path: `/${op}`,
  type,
  cells,
  ...(body && { body }),
})

let sealed: Readonly<Record<string, object>> = {}
let hsm: World

const ASKED: Readonly<Record<string, Asked>> = {
  encrypt: post('encrypt', 'oct', APPLY, { alg: 'A256GCM', value: VALUE }),
  decrypt: post('decrypt', 'oct', PROCESS),
  wrapKey: post('wrapKey', 'oct', APPLY, { alg: 'A256KW', value: VALUE }),
  unwrapKey: post('unwrapKey', 'oct', PROCESS),
  sign: post('sign', 'RSA', APPLY, { alg: 'PS256', value: DIGEST }),
  verify: post('verify', 'RSA', PROCESS, { alg: 'PS256', digest: DIGEST, value: VALUE }),
  get: { method: 'GET', path: '', type: 'RSA', cells: ALWAYS },
  update: { method: 'PATCH', path: '', type: 'RSA', cells: ALWAYS, body: { tags: { a: 'b' } } },
  backup: post('backup', 'RSA', ALWAYS),
  'new version': post(
    'create',
    'RSA',
    { ...ALWAYS, deleted: '409 ObjectIsDeletedButRecoverable' },
    {
      kty: 'RSA',
    },
  ),
  'get policy': { method: 'GET', path: '/rotationpolicy', type: 'RSA', cells: ALWAYS },
  'set policy': {
    method: 'PUT',
    path: '/rotationpolicy',
    type: 'RSA',
    cells: ALWAYS,
    body: { attributes: { expiryTime: 'P90D' } },
  },
  rotate: post('rotate', 'RSA', ALWAYS),
  delete: { method: 'DELETE', path: '', type: 'RSA', cells: ALWAYS },
}

const nameOf = (state: State, type: string): string => `${type}-${state.replaceAll(' ', '-')}`

async function put(state: State, type: 'RSA' | 'oct'): Promise<string> {
  const name = nameOf(state, type)
  await hsm.raw('POST', `/keys/${name}/create`, { kty: type })
  if (type === 'oct') {
    const wrapped = await hsm.raw('POST', `/keys/${name}/wrapKey`, ASKED['wrapKey']!.body)
    const { json } = await hsm.raw('POST', `/keys/${name}/encrypt`, ASKED['encrypt']!.body)
    const { value, iv, tag } = json
    sealed = {
      ...sealed,
      [`decrypt ${state}`]: { alg: 'A256GCM', value, iv, tag },
      [`unwrapKey ${state}`]: { alg: 'A256KW', value: wrapped.json['value'] },
    }
  }
  const { status } = await hsm.raw('PATCH', `/keys/${name}`, STATES[state])
  expect(status).toBe(200)
  if (state === 'deleted') await hsm.raw('DELETE', `/keys/${name}`)
  return name
}

beforeAll(async () => {
  hsm = await openWorld({ host: HSM_HOST })
  for (const state of Object.keys(STATES) as State[])
    for (const type of ['RSA', 'oct'] as const) await put(state, type)
})

describe.each(Object.entries(ASKED))('%s', (what, { method, path, body, type, cells }) => {
  it.each(Object.entries(cells) as [State, string][])(
    'of a key that is %s: %s',
    async (state, expected) => {
      const given = sealed[`${what} ${state}`] ?? body
      const { status, json } = await hsm.raw(method, `/keys/${nameOf(state, type)}${path}`, given)
      const inner = json.error?.innererror?.code ?? json.error?.code
      expect(inner === undefined ? String(status) : `${status} ${inner}`).toBe(expected)
    },
  )
})
