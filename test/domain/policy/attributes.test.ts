/** Where conditions find their values: in layers, of which the first that knows the name wins. */
import { describe, expect, test } from 'vitest'
import {
  LayeredAttributes,
  NO_ATTRIBUTES,
  type AttributeLookup,
} from '../../../src/domain/policy/attributes.ts'

describe('layers', () => {
  const on = new LayeredAttributes(
    [undefined, { 'A:One': '1' }, { 'a:one': 'later', 'a:two': ['2', '3'] }],
    (name) => (name === 'a:one' || name === 'a:derived' ? 'derived' : undefined),
  )

  test.each<[string, unknown]>([
    ['a:one', '1'],
    ['a:two', ['2', '3']],
    ['a:derived', 'derived'],
    ['a:nothing', undefined],
  ])('%s: %j', (name, value) => {
    expect(on.get(name)).toEqual(value)
  })

  test('nothing is worked out unless somebody asks', () => {
    const asked: string[] = []
    const derive: AttributeLookup = (name) => {
      asked.push(name)
      return undefined
    }
    const lazy = new LayeredAttributes([{ a: '1' }], derive)
    expect([lazy.consulted, asked]).toEqual([false, []])
    lazy.get('a')
    expect([lazy.consulted, asked]).toEqual([true, []])
    lazy.get('b')
    expect(asked).toEqual(['b'])
  })

  test('without anything to work out', () => {
    expect(new LayeredAttributes([]).get('a')).toBeUndefined()
    expect(NO_ATTRIBUTES.get('a')).toBeUndefined()
  })
})

describe('a function as a layer', () => {
  test('is asked for each name; what it answers is checked, as nothing else did', () => {
    const answers: Readonly<Record<string, unknown>> = {
      text: 'x',
      empty: '',
      texts: ['x', 'y'],
      none: [],
      number: 7,
      mixed: ['x', 7],
      object: { length: 0 },
      nothing: null,
    }
    const on = new LayeredAttributes([((name: string) => answers[name]) as AttributeLookup])
    const found = Object.keys(answers).map((name) => [name, on.get(name)])
    expect(Object.fromEntries(found)).toEqual({
      text: 'x',
      empty: '',
      texts: ['x', 'y'],
      none: [],
      number: undefined,
      mixed: undefined,
      object: undefined,
      nothing: undefined,
    })
  })
})
