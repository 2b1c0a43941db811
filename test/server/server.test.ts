/** The server: one port, bounded, drained, and closed to the world unless somebody is asked for a name. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { connect as connectSocket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { fetchLink, Strongroom } from '../../src/index.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { replicationFace, serve } from '../../src/server/index.ts'
import type { AccessRecord, Face, RunningServer, ServeOptions } from '../../src/server/index.ts'
import { codeOf, freshPath } from '../engine/support.ts'
import { followed, pair } from '../replication/pair.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const echo = (name: string, authenticates = false, delayMs = 0): Face => ({
  name,
  authenticates,
  claims: (request) => new URL(request.url).pathname.startsWith(`/${name}`),
  handle: async (request) => {
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    return new Response(await request.text(), { headers: { 'opc-request-id': 'r-1' } })
  },
})

async function started(options: Partial<ServeOptions> = {}): Promise<{
  readonly server: RunningServer
  readonly room: Strongroom
}> {
  const room = await Strongroom.open()
  const server = await serve(room, { faces: [echo('a'), echo('b')], port: 0, ...options })
  cleanups.push(
    () => room.close(),
    () => server.close({ drainMs: 100 }),
  )
  return { server, room }
}

describe('requests', () => {
  test('go to the face that claims them', async () => {
    const { server } = await started()
    const answer = await fetch(`${server.url}/b/x`, { method: 'POST', body: 'hello' })
    expect([answer.status, await answer.text()]).toEqual([200, 'hello'])
    expect((await fetch(`${server.url}/c`)).status).toBe(404)
    expect(await (await fetch(server.url)).json()).toEqual({ faces: ['a', 'b'] })
  })

  test('are told without what they carry', async () => {
    const told: AccessRecord[] = []
    const { server } = await started({ onAccess: (record) => told.push(record) })
    const secret = { authorization: 'secret', 'content-type': 'text/plain' }
    await fetch(`${server.url}/a?token=secret`, { method: 'POST', body: 'secret', headers: secret })
    expect(told).toMatchObject([
      { face: 'a', method: 'POST', path: '/a', status: 200, requestId: 'r-1' },
    ])
    expect(JSON.stringify(told)).not.toContain('secret')
  })

  test('larger than the bound are refused', async () => {
    const { server } = await started({ bodyBytesMax: 10 })
    const send = (body: string) => fetch(`${server.url}/a`, { method: 'POST', body })
    expect((await send('x'.repeat(10))).status).toBe(200)
    expect((await send('x'.repeat(11))).status).toBe(413)
  })

  test('whose length is not told are counted, and refused in the words of the face', async () => {
    const tooLarge = () => new Response('too large here', { status: 413 })
    const { server } = await started({ bodyBytesMax: 10, faces: [{ ...echo('a'), tooLarge }] })
    const send = async (...pieces: string[]) => {
      const body = new Blob(pieces).stream()
      const answer = await fetch(`${server.url}/a`, { method: 'POST', body, duplex: 'half' })
      return [answer.status, await answer.text()]
    }
    expect(await send('12345', '67890')).toEqual([200, '1234567890'])
    expect(await send('12345', '67890', '1')).toEqual([413, 'too large here'])
    expect(await send()).toEqual([200, ''])
  })

  test('of every method arrive, with a body or without', async () => {
    const method = (request: Request) => Promise.resolve(new Response(request.method))
    const { server } = await started({ faces: [{ ...echo('a'), handle: method }] })
    for (const name of ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'])
      expect(await (await fetch(`${server.url}/a`, { method: name })).text()).toBe(name)
  })

  test('that a face fails to answer are 500 without a reason', async () => {
    const broken: Face = { ...echo('a'), handle: () => Promise.reject(new Error('inside')) }
    const { server } = await started({ faces: [broken] })
    const answer = await fetch(`${server.url}/a`)
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('inside')
  })
})

describe('health and metrics', () => {
  test('tell what was done, in the text form of Prometheus', async () => {
    const { server, room } = await started()
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' })
    await room.createVault({ displayName: 'v' })
    await fetch(`${server.url}/a`)
    const answer = await fetch(`${server.url}/metrics`)
    const text = await answer.text()
    expect(answer.headers.get('content-type')).toContain('version=0.0.4')
    expect(text).toContain('strongroom_operations_total{operation="createVault",outcome="ok"} 1\n')
    expect(text).toContain('strongroom_http_requests_total{face="a",status="200"} 1\n')
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+\{.*\} [\d.e+-]+)$/)
  })
})

describe('the door', () => {
  const everywhere = { host: '0.0.0.0', port: 0 } as const

  test('stays closed to the world while a face checks nobody', async () => {
    const room = await Strongroom.open()
    const open = (faces: readonly Face[], host: string) =>
      codeOf(serve(room, { faces, host, port: 0 }).then((server) => server.close()))
    for (const host of ['0.0.0.0', '::', 'example.org', '10.0.0.1'])
      expect(await open([echo('a', true), echo('b')], host)).toBe('INVALID_ARGUMENT')
    for (const host of ['127.0.0.1', '127.8.8.8', 'localhost'])
      expect(await open([echo('a')], host)).toBe('ok')
    expect(await open([echo('a', true)], everywhere.host)).toBe('ok')
    await room.close()
  })

  test('further ports have faces of their own', async () => {
    const { server } = await started()
    const { url } = await server.listen([echo('only')])
    expect((await fetch(`${url}/only`)).status).toBe(200)
    expect((await fetch(`${url}/a`)).status).toBe(404)
  })

  test('a port that is taken is UNAVAILABLE', async () => {
    const { server, room } = await started()
    expect(await codeOf(serve(room, { faces: [], port: server.port }))).toBe('UNAVAILABLE')
  })

  test('bad options are refused', async () => {
    const room = await Strongroom.open()
    const bad = [{ faces: {} }, { faces: [{}] }, { faces: [], port: 70_000 }, { faces: [], x: 1 }]
    for (const options of bad)
      expect(await codeOf(serve(room, options as unknown as ServeOptions))).toBe('INVALID_ARGUMENT')
    await room.close()
  })

  test('speaks TLS with a certificate', async () => {
    const at = freshPath()
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    const files = ['-keyout', `${at}.key`, '-out', `${at}.crt`]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...files], { stdio: 'ignore' })
    const [cert, key] = ['crt', 'key'].map((end) => readFileSync(`${at}.${end}`, 'utf8'))
    const { server } = await started({ tls: { cert: cert!, key: key! } })
    expect(server.url).toMatch(/^https:/)
    const status = await new Promise((resolve, reject) => {
      get(`${server.url}/healthz`, { ca: cert! }, ({ statusCode }) => resolve(statusCode)).on(
        'error',
        reject,
      )
    })
    expect(status).toBe(200)
  })
})

describe('closing', () => {
  test('waits for answers under way and takes no more', async () => {
    const { server } = await started({ faces: [echo('a', false, 150)] })
    const slow = fetch(`${server.url}/a`, { method: 'POST', body: 'late' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    await server.close({ drainMs: 5000 })
    expect(await (await slow).text()).toBe('late')
    await expect(fetch(`${server.url}/a`)).rejects.toThrow()
  })

  test('cuts who does not end', async () => {
    const { server } = await started()
    const socket = connectSocket(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf')
    await new Promise((resolve) => setTimeout(resolve, 50))
    await server.close({ drainMs: 50 })
    expect(socket.closed || socket.readableEnded || (await ended(socket))).toBe(true)
  })
})

const ended = (socket: ReturnType<typeof connectSocket>): Promise<boolean> =>
  new Promise((resolve) => socket.once('close', () => resolve(true)))

test('a replica follows over HTTP', async () => {
  const { us, eu } = await pair()
  const server = await serve(us, { faces: [replicationFace(us)], port: 0 })
  cleanups.push(() => server.close())
  eu.linkRegion('us', fetchLink(`${server.url}/replication`))
  const { id: vaultId } = await us.createVault({ displayName: 'v' })
  const { id: keyId } = await us.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  await us.createVaultReplica({ vaultId, region: 'eu' })
  await followed(eu, vaultId)
  const sealed = await us.encrypt({ keyId, plaintext: utf8('over the wire') })
  expect((await eu.decrypt(sealed)).plaintext).toEqual(utf8('over the wire'))
  expect((await fetch(`${server.url}/replication`)).status).toBe(405)
  const stranger = { method: 'POST', body: 'not of this realm' }
  expect((await fetch(`${server.url}/replication`, stranger)).status).toBe(400)
})
