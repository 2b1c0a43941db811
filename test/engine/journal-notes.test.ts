/** What callers say of their uses goes into the journal with them (`audit: 'all'`), and nowhere else. */
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { entriesOf } from './journal-support.ts'
import { codeOf, stage } from './support.ts'

const plaintext = utf8('secret')
const note = { job: 'nightly', '': '', ['__proto__']: 'x' }

async function audited() {
  const { room, vaultId } = await stage(undefined, { audit: 'all' })
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  const notes = async () =>
    (await entriesOf(room)).flatMap(({ uses }) => uses.map((use) => [use.outcome, use.note]))
  return { room, keyId, notes }
}

describe('a note', () => {
  test('stands at its use as it was given, whatever came of it', async () => {
    const { room, keyId, notes } = await audited()
    await room.encrypt({ keyId, plaintext })
    await room.encrypt({ keyId, plaintext, note })
    await codeOf(room.encrypt({ keyId, plaintext, note, principal: 'mallory' }))
    const told = await notes()
    expect(told).toEqual([
      ['ok', undefined],
      ['ok', note],
      ['FORBIDDEN', note],
    ])
    expect(Object.keys(told[1]![1]!).sort()).toEqual(['', '__proto__', 'job'])
    await room.close()
  })

  test('changes nothing of the use, and goes nowhere when uses are not audited', async () => {
    const { room, vaultId } = await stage()
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
    const { ciphertext } = await room.encrypt({ keyId, plaintext, note })
    expect((await room.decrypt({ ciphertext, note: { other: 'one' } })).plaintext).toEqual(
      plaintext,
    )
    expect((await entriesOf(room)).flatMap(({ uses }) => uses)).toEqual([])
    await room.close()
  })

  test('has bounds', async () => {
    const { room, keyId } = await audited()
    const encrypt = (given: unknown) =>
      codeOf(room.encrypt({ keyId, plaintext, note: given as Record<string, string> }))
    const pairs = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, '']))
    expect(await encrypt({ a: 'x'.repeat(LIMITS.noteLengthMax - 1) })).toBe('ok')
    expect(await encrypt({ a: 'x'.repeat(LIMITS.noteLengthMax) })).toBe('INVALID_ARGUMENT')
    expect(await encrypt(pairs(LIMITS.notePairsMax))).toBe('ok')
    expect(await encrypt(pairs(LIMITS.notePairsMax + 1))).toBe('INVALID_ARGUMENT')
    for (const bad of [{ a: 1 }, ['a'], 'a', { a: '\ud800' }, null])
      expect(await encrypt(bad)).toBe('INVALID_ARGUMENT')
    await room.close()
  })

  test('of the longest kind fills entry after entry, and none is lost', async () => {
    const { room, keyId, notes } = await audited()
    const long = { a: '€'.repeat(LIMITS.noteLengthMax - 1) }
    for (let i = 0; i < 20; i++) await room.encrypt({ keyId, plaintext, note: long })
    expect(await notes()).toEqual(Array(20).fill(['ok', long]))
    const filled = (await entriesOf(room)).filter(({ uses }) => uses.length > 0)
    expect(filled.length).toBeGreaterThan(1)
    await room.close()
  })
})
