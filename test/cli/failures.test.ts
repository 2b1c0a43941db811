/** What is shown of answers and errors, without a process. */
import { describe, expect, test } from 'vitest'
import { ERROR_CODES, StrongroomError } from '../../src/base/errors.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import { EXIT, failureOf, FAILURES } from '../../src/cli/failures.ts'
import { fields, jsonReady, rendered, renderedFailure, table } from '../../src/cli/report.ts'

const CODES = Object.keys(ERROR_CODES) as ErrorCode[]

describe('failures', () => {
  test('every code has a row, and no row is left over', () => {
    expect(Object.keys(FAILURES).sort()).toEqual([...CODES].sort())
  })

  test('no failure exits with 0, and every number is used', () => {
    const used = new Set(Object.values(FAILURES).map(({ exit }) => exit))
    expect([...used].sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(Object.values(EXIT).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test.each(CODES)('%s is told with message and remedy', (code) => {
    const failure = failureOf(new StrongroomError(code, 'What happened.'))
    expect(failure.remedy.length).toBeGreaterThan(10)
    expect(renderedFailure(failure, false)).toBe(
      `error ${code}: What happened.\n  ${failure.remedy}\n`,
    )
    const document = JSON.parse(renderedFailure(failure, true)) as unknown
    expect(document).toEqual({ error: { ...failure } })
  })

  test('an explanation is shown in both forms', () => {
    const explain = { operation: 'encrypt', rule: 'key.state', expected: 'enabled', found: 'x' }
    const failure = failureOf(new StrongroomError('INVALID_STATE', 'No.', { explain }))
    const lines = renderedFailure(failure, false).split('\n')
    expect(lines[1]).toBe('  because key.state: expected enabled, found x')
    expect(JSON.parse(renderedFailure(failure, true))).toMatchObject({ error: { explain } })
  })

  test('what came from outside is told again without what moves a cursor or turns text', () => {
    const hostile = 'a\nb\u001b[2J\u202ec\u2028d'
    const explain = { operation: 'encrypt', rule: 'key.state', expected: 'x', found: hostile }
    const failure = failureOf(new StrongroomError('NOT_FOUND', hostile, { explain }))
    const [first, second, third] = renderedFailure(failure, false).split('\n')
    expect(first).toBe('error NOT_FOUND: a\ufffdb\ufffd[2J\ufffdc\ufffdd')
    expect(second).toContain('found a\ufffdb\ufffd[2J\ufffdc\ufffdd')
    expect(third).toBe(`  ${failure.remedy}`)
    const json = renderedFailure(failure, true)
    expect(json).not.toMatch(/[\u001b\u202e\u2028]/)
    expect(json).toContain('"a\\nb\\u001b[2J\\u202ec\\u2028d"')
    expect(JSON.parse(json)).toMatchObject({ error: { message: hostile } })
  })

  test('what is not ours is a defect of ours', () => {
    expect(failureOf(new TypeError('odd'))).toMatchObject({
      code: 'INTERNAL',
      exit: 1,
      message: 'TypeError: odd',
    })
    expect(failureOf('thrown text')).toMatchObject({ code: 'INTERNAL', message: 'unknown' })
  })
})

describe('reports', () => {
  test('times and bytes have a JSON spelling, at any depth', () => {
    const at = new Date(Date.UTC(2030, 0, 1))
    const data = { at, list: [{ bytes: Uint8Array.of(1, 2, 255) }], none: null, n: 5 }
    expect(jsonReady(data)).toEqual({
      at: '2030-01-01T00:00:00.000Z',
      list: [{ bytes: 'AQL/' }],
      none: null,
      n: 5,
    })
    expect(jsonReady(JSON.parse('{"__proto__":{"a":1}}'))).toEqual(
      JSON.parse('{"__proto__":{"a":1}}'),
    )
  })

  test('a report is one document or some lines', () => {
    const report = { data: { a: 1 }, text: 'one' }
    expect(rendered(report, true)).toBe('{\n  "a": 1\n}\n')
    expect(rendered(report, false)).toBe('one\n')
    expect(rendered({ ...report, text: '' }, false)).toBe('')
  })

  test('fields and tables are aligned, and clean', () => {
    const shown = fields({ id: 'x', absent: undefined, purposes: ['a', 'b'], bad: 'a\nb\u001b' })
    expect(shown).toBe('id        x\npurposes  a, b\nbad       a\ufffdb\ufffd')
    expect(table(['A', 'LONG'], [['1', undefined], ['22', 'x']], 'none')).toBe(
      'A   LONG\n1\n22  x',
    ) // prettier-ignore
    expect(table(['A'], [], 'none')).toBe('none')
  })
})
