/** The ways between two rooms: HTTP, a stream of bytes, two stores on one disk. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  fetchLink,
  replicationHandler,
  roomLink,
  serveReplication,
  streamLink,
  Strongroom,
  VirtualClock,
  type ByteChannel,
} from '../../src/index.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { codeOf, freshPath } from '../engine/support.ts'
import { common, expectPair, failing, followed, furnished, headIn } from './pair.ts'

const QUESTION = new Uint8Array(100).fill(7)

describe('HTTP', () => {
  test('in one process, with Request and Response', async () => {
    const made = await furnished()
    const { us, eu, vaultId } = made
    const handler = replicationHandler(us)
    const asked: Request[] = []
    const send = async (url: unknown, init?: RequestInit): Promise<Response> => {
      asked.push(new Request(url as string, init))
      return handler(new Request(url as string, init))
    }
    const headers = { authorization: 'Bearer t' }
    eu.linkRegion('us', fetchLink('http://us.example/follow', { fetch: send, headers }))
    await followed(eu, vaultId)
    await expectPair(made, vaultId)
    expect(asked.length).toBeGreaterThan(2)
    expect(asked[0]!.headers.get('authorization')).toBe('Bearer t')
    await us.close()
    expect(await failing(eu)).toBe('UNAVAILABLE')
  })

  test('over a socket', async () => {
    const made = await furnished()
    const { us, eu, vaultId, keyId } = made
    const handler = replicationHandler(us)
    const server: Server = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = []
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
        const body = Buffer.concat(chunks)
        const answer = await handler(new Request('http://us/', { method: 'POST', body }))
        response.writeHead(answer.status).end(new Uint8Array(await answer.arrayBuffer()))
      })()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    eu.linkRegion('us', fetchLink(`http://127.0.0.1:${port}/`))
    await followed(eu, vaultId)
    await us.disableKey({ keyId })
    await followed(eu, vaultId)
    await expectPair(made, vaultId)
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    expect(await failing(eu)).toBe('UNAVAILABLE')
  })

  test('strangers learn nothing, and cannot make the handler read without end', async () => {
    const { us } = await furnished()
    const handler = replicationHandler(us)
    const post = (body: Uint8Array<ArrayBuffer> | ReadableStream, more = {}) =>
      handler(new Request('http://us/', { method: 'POST', body, ...more }))
    expect((await handler(new Request('http://us/'))).status).toBe(405)
    expect((await post(QUESTION)).status).toBe(400)
    expect((await post(new Uint8Array(0))).status).toBe(400)
    expect((await post(new Uint8Array(65_537))).status).toBe(413)
    let pulled = 0
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled++
        controller.enqueue(new Uint8Array(65_536))
      },
    })
    expect((await post(endless, { duplex: 'half' })).status).toBe(413)
    expect(pulled).toBeLessThan(8)
  })

  test('an answer without end, too late, or with another status is no answer', async () => {
    const endless = () =>
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_048_576)) })
    const link = (answer: (signal: AbortSignal) => Promise<Response>, timeoutMs = 60_000) =>
      fetchLink('http://us/', { fetch: async (_, init) => answer(init!.signal!), timeoutMs })
    const late = (signal: AbortSignal): Promise<Response> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))))
    const codes = [
      link(async () => new Response(endless())).exchange(QUESTION),
      link(async () => new Response('', { status: 503 })).exchange(QUESTION),
      link(late, 5).exchange(QUESTION),
      link(late).exchange(QUESTION, AbortSignal.timeout(5)),
    ].map((call) => codeOf(call))
    expect(await Promise.all(codes)).toEqual(Array(4).fill('UNAVAILABLE'))
  })
})

/** Two ends of one line; what is written comes out in pieces of a size. */
function line(pieceBytes: number) {
  const there = new PassThrough()
  const back = new PassThrough()
  const write = (stream: PassThrough) => async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += pieceBytes)
      stream.write(bytes.slice(at, at + pieceBytes))
  }
  const near: ByteChannel = { incoming: back, write: write(there) }
  const far: ByteChannel = { incoming: there, write: write(back) }
  return { near, far, there, back }
}

describe('a stream', () => {
  test.each([1, 3, 7, 100_000])('in pieces of %i bytes', async (size) => {
    const made = await furnished()
    const { us, eu, vaultId, keyId } = made
    const { near, far, there } = line(size)
    const serving = serveReplication(us, far)
    const link = streamLink(near)
    eu.linkRegion('us', link)
    await followed(eu, vaultId)
    await us.createKeyVersion({ keyId })
    // Several questions at once keep their order.
    await Promise.all([followed(eu, vaultId), codeOf(eu.promoteVaultReplica({ vaultId }))])
    await us.replicate()
    await expectPair(made, vaultId)
    there.end()
    await serving
  })

  test('that ends within a message, or tells of one too long, is of no use any more', async () => {
    const { near, back } = line(100)
    const link = streamLink(near)
    const first = codeOf(link.exchange(QUESTION))
    back.end(Uint8Array.of(0, 0, 0, 9, 1, 2))
    expect(await first).toBe('UNAVAILABLE')
    expect(await codeOf(link.exchange(QUESTION))).toBe('UNAVAILABLE')

    const other = line(100)
    const long = codeOf(streamLink(other.near).exchange(QUESTION))
    other.back.write(Uint8Array.of(0xff, 0, 0, 0))
    expect(await long).toBe('UNAVAILABLE')

    const { us } = await furnished()
    const served = line(100)
    const serving = codeOf(serveReplication(us, served.far))
    served.there.write(Uint8Array.of(0, 2, 0, 0))
    expect(await serving).toBe('UNAVAILABLE')
    const ended = line(100)
    const quiet = codeOf(serveReplication(us, ended.far))
    ended.there.end()
    expect(await quiet).toBe('ok')
  })

  test('a question of a stranger ends the serving', async () => {
    const { us } = await furnished()
    const { near, far, back } = line(100)
    const serving = codeOf(serveReplication(us, far))
    const asked = codeOf(streamLink(near).exchange(QUESTION))
    expect(await serving).toBe('INTEGRITY')
    back.end()
    expect(await asked).toBe('UNAVAILABLE')
  })
})

test('two stores on one disk, closed and opened in between', async () => {
  const clock = new VirtualClock()
  const open = await common(clock)
  const paths = { us: freshPath(), eu: freshPath() }
  const room = (region: 'us' | 'eu', realm?: Strongroom) =>
    Strongroom.open({ ...open, path: paths[region], region, ...(realm && { realm }) })
  let us = await room('us')
  let eu = await room('eu', us)
  const { id: vaultId } = await us.createVault({ displayName: 'shop' })
  const { id: keyId } = await us.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
  const { id: doomed } = await us.createKey({ vaultId, displayName: 'b', spec: 'AES_256' })
  const sealed = await us.encrypt({ keyId, plaintext: QUESTION })
  await us.createVaultReplica({ vaultId, region: 'eu' })
  eu.linkRegion('us', roomLink(us))
  await followed(eu, vaultId)
  await us.destroyKey({ keyId: doomed })
  await Promise.all([us.close(), eu.close()])
  us = await room('us')
  eu = await room('eu')
  eu.linkRegion('us', roomLink(us))
  expect(await followed(eu, vaultId)).toMatchObject({ snapshot: false })
  expect((await eu.getKey({ keyId: doomed })).state).toBe('deleted')
  expect((await eu.decrypt(sealed)).plaintext).toEqual(QUESTION)
  expect((await eu.verify()).finding).toBeUndefined()
  await Promise.all([us.close(), eu.close()])
  const stores = {
    us: await openLevelStore({ path: paths.us, create: 'never' }),
    eu: await openLevelStore({ path: paths.eu, create: 'never' }),
  }
  expect((await headIn(stores.eu, vaultId))!.chain).toEqual(
    (await headIn(stores.us, vaultId))!.chain,
  )
  await Promise.all([stores.us.close(), stores.eu.close()])
})
