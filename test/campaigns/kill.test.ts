/** Kills, briefly; and that the truth sees what is lost, half there, or back. */
import { beforeAll, expect, test } from 'vitest'
import { Strongroom } from '../../src/index.ts'
import { complaints } from '../engine/audit.ts'
import { builtTree } from '../helpers/build.mjs'
import { run } from './kill.ts'
import type { Step } from './steps.ts'
import { Truth } from './truth.ts'

const log = (): void => undefined
let built: string
beforeAll(async () => {
  built = await builtTree()
})

test('30 kills lose nothing that was answered', { timeout: 600_000 }, async () => {
  const { violations, counts } = await run({ rounds: 30, seed: 1, log, built, inspect: complaints })
  expect(violations).toEqual([])
  expect(counts['answered']).toBeGreaterThan(200)
  expect(counts['kills while opening']).toBe(5)
})

/** A room with one vault and one key, and a truth that knows both. */
async function known() {
  const room = await Strongroom.open()
  const truth = new Truth()
  const hear = (intent: Step, id?: string): void => {
    truth.hear({ lane: 0, intent })
    truth.hear({ lane: 0, done: id === undefined ? {} : { id } })
  }
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  hear({ kind: 'vault', name: 'v' }, vaultId)
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  hear({ kind: 'create', vaultId, name: 'k', spec: 'AES_256' }, keyId)
  return { room, truth, hear, vaultId, keyId }
}

test('what is true, and either outcome of what was under way, is no violation', async () => {
  const { room, truth, vaultId, keyId } = await known()
  expect(await truth.check(room)).toEqual([])
  truth.hear({ lane: 0, intent: { kind: 'rename', keyId, name: 'other' } })
  expect(await truth.check(room)).toEqual([])
  truth.hear({ lane: 0, intent: { kind: 'create', vaultId, name: 'more', spec: 'HMAC_256' } })
  await room.createKey({ vaultId, displayName: 'more', spec: 'HMAC_256' })
  expect(await truth.check(room)).toEqual([])
  expect(truth.keys).toBe(2)
})

test('an answered change that is not there is found', async () => {
  const { room, truth, hear, vaultId, keyId } = await known()
  hear({ kind: 'rename', keyId, name: 'other' })
  hear({ kind: 'create', vaultId, name: 'lost', spec: 'AES_256' }, 'an id that is not there')
  const problems = await truth.check(room)
  expect(problems).toHaveLength(2)
  expect(problems.join()).toMatch(/k is .* not|other is/)
  expect(problems.join()).toContain('the key lost is lost')
})

test('what nobody asked for, and what failed without effect, must not be there', async () => {
  const { room, truth, vaultId, keyId } = await known()
  await room.createKey({ vaultId, displayName: 'from nowhere', spec: 'AES_256' })
  truth.hear({ lane: 0, intent: { kind: 'state', keyId, by: 'disableKey' } })
  truth.hear({ lane: 0, failed: 'UNAVAILABLE', why: '' })
  await room.disableKey({ keyId })
  const problems = await truth.check(room)
  expect(problems.join()).toContain('nobody made')
  expect(problems.join()).toContain('"disabled"')
})

test('a key that lives on with other material is found', async () => {
  const { room, truth, keyId } = await known()
  truth.hear({ lane: 0, intent: { kind: 'use', keyId, spec: 'AES_256', message: 'm' } })
  truth.hear({ lane: 0, done: { proof: '00'.repeat(150) } })
  expect((await truth.check(room)).join()).toContain('INVALID_CIPHERTEXT')
})
