/**
 * What must stay small while other work goes on: the delay of the event loop, the rate of encryption beside key
 * generation, memory over a large store and over many calls. Each is a gauge: one number a process.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { median } from './harness.js'
import { memoryRoom } from './room.js'
import { openSeeded, seeded } from './seeded.js'

const MEGABYTE = 1_048_576

/** Memory after everything that can go has gone. */
function settled() {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  for (let i = 0; i < 4; i++) gc()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss: rss / MEGABYTE, heap: heapUsed / MEGABYTE }
}

/** Calls `body` over and over until `stop.now`; answers how often. */
async function during(stop, body) {
  let count = 0
  while (!stop.now) {
    await body()
    count++
  }
  return count
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const RSA_CALLERS = 16

const loopDelay = {
  name: 'loop-delay',
  title: 'longest delay of the event loop beside RSA signatures and key generation',
  budget: { milliseconds: 15 },
  async setup({ quick }) {
    const { room, vault, key } = await memoryRoom()
    const { id: keyId } = await key('RSA_2048')
    const message = new Uint8Array(32)
    const sign = () => room.sign({ keyId, message, algorithm: 'RSA_PSS_SHA_256' })
    const make = () => room.createKey({ vaultId: vault.id, displayName: 'r', spec: 'RSA_4096' })
    await sign()
    return {
      async gauge() {
        const stop = { now: false }
        const work = [during(stop, make)]
        for (let i = 0; i < RSA_CALLERS; i++) work.push(during(stop, sign))
        const delay = monitorEventLoopDelay({ resolution: 1 })
        delay.enable()
        await sleep(quick ? 1000 : 5000)
        delay.disable()
        stop.now = true
        await Promise.all(work)
        return { milliseconds: delay.max / 1e6 }
      },
      close: () => room.close(),
    }
  },
}

const besideGeneration = {
  name: 'beside-rsa-4096',
  title: 'encrypt 32 B while an RSA-4096 key is generated, wall time',
  budget: { alone: 0.8 },
  async setup({ quick }) {
    const { room, vault, key } = await memoryRoom()
    const { id: keyId } = await key('AES_256')
    const plaintext = new Uint8Array(32)
    const encrypt = () => room.encrypt({ keyId, plaintext })
    const rate = async (ms) => {
      const start = performance.now()
      let count = 0
      while (performance.now() - start < ms) {
        for (let i = 0; i < 256; i++) await encrypt()
        count += 256
        // Answers of the thread pool come in between turns of the loop.
        await new Promise((resolve) => setImmediate(resolve))
      }
      return count / (performance.now() - start)
    }
    const beside = async (ms) => {
      const making = room.createKey({ vaultId: vault.id, displayName: 'r', spec: 'RSA_4096' })
      const found = await rate(ms)
      await making
      return found
    }
    const phaseMs = quick ? 300 : 1000
    return {
      async gauge() {
        await rate(phaseMs)
        const ratios = []
        for (let i = 0; i < 5; i++) {
          const alone = await rate(phaseMs)
          ratios.push((await beside(phaseMs)) / alone)
        }
        return { alone: median(ratios) }
      },
      close: () => room.close(),
    }
  },
}

const READS = 100_000

const storeMemory = {
  name: 'memory-keys',
  title: (keys) =>
    `resident memory over a store of ${keys.toLocaleString('en')} keys, against 1,000`,
  budget: { megabytes: 150 },
  stores: true,
  async setup({ keys }) {
    const used = async (store) => {
      const room = await openSeeded(store)
      for (let turn = 0; turn < READS; turn++)
        await room.getKey({ keyId: store.ids[(turn * 7919) % store.ids.length] })
      for (let page = 0, pageToken; page < 20; page++) {
        const answer = await room.listKeys({ vaultId: store.vaultId, limit: 1000, pageToken })
        pageToken = answer.nextPage
        if (pageToken === undefined) break
      }
      const { rss } = settled()
      await room.close()
      return rss
    }
    return {
      async gauge() {
        const few = await used(await seeded(1000))
        return { megabytes: Math.max(0, (await used(await seeded(keys))) - few) }
      },
      close() {},
    }
  },
}

const heapFlat = {
  name: 'heap-encrypts',
  title: 'growth of the heap over ten million encrypts (a million with --quick)',
  budget: { megabytes: 5 },
  async setup({ quick }) {
    const { room, key } = await memoryRoom()
    const { id: keyId } = await key('AES_256')
    const plaintext = new Uint8Array(32)
    const some = async (count) => {
      for (let i = 0; i < count; i++) await room.encrypt({ keyId, plaintext })
    }
    return {
      async gauge() {
        await some(100_000)
        const before = settled().heap
        await some(quick ? 1_000_000 : 10_000_000)
        return { megabytes: Math.max(0, settled().heap - before) }
      },
      close: () => room.close(),
    }
  },
}

export const GROWTH = [loopDelay, besideGeneration, storeMemory, heapFlat]
