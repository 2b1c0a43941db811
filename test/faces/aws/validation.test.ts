/**
 * Shapes of requests against the model of the service (`fixtures/faces/aws-requests.json`): every
 * member is there with its bounds, and every bound refuses with the service's text (contracts: AWS 4).
 */
import { readFileSync } from 'node:fs'
import * as sdk from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../../src/faces/aws/operations.ts'
import type { Type } from '../../../src/faces/aws/shape.ts'
import { outcome } from './ask.ts'
import { openWorld, TRANSPORTS } from './world.ts'

type Members = Readonly<Record<string, string>>
const MODEL = JSON.parse(
  readFileSync(new URL('../../../fixtures/faces/aws-requests.json', import.meta.url), 'utf8'),
) as { operations: Record<string, Members>; structures: Record<string, Members> }

/** Where the service says otherwise than its model, and we with it. */
const OTHERWISE: Members = {
  // Contracts: AWS 10.5, fewer items in a page.
  'ListAliases.Limit': 'int 1..100',
  'ListGrants.Limit': 'int 1..100',
  'ListRetirableGrants.Limit': 'int 1..100',
  'ListResourceTags.Limit': 'int 1..50',
  // Contracts: AWS 8.3, a message may be empty.
  'Sign.Message': 'required blob 0..4096',
  'Verify.Message': 'required blob 0..4096',
  // No model at hand has it: bounds of every other ciphertext.
  'Decapsulate.SharedSecretCiphertextBlob': 'required blob 1..6144',
}
/** Of China; contracts: AWS 7. Some are known and refused, others unknown. */
const NOT_HERE = /^SM2/

interface Bounds {
  readonly kind: string
  readonly required: boolean
  readonly min: number
  readonly max: number
  readonly pattern: string | undefined
  /** Enum or structure. */
  readonly named: string
  readonly of: string
}
/** For example `required string 1..256 /^[a-z]+$/`, `enum KeySpec`, `list 0..10 of string 1..8192`. */
function boundsOf(text: string): Bounds {
  const [, required, kind = '', min, max, more = ''] =
    /^(required )?(\w+)(?: (\d+)\.\.(\d+))?(?: (.*))?$/.exec(text) ?? []
  const [, pattern] = /^\/(.*)\/$/.exec(more) ?? []
  return {
    kind,
    required: required !== undefined,
    min: min === undefined ? 0 : Number(min),
    max: max === undefined ? Infinity : Number(max),
    pattern,
    named: more,
    of: more.replace(/^of /, ''),
  }
}
const enumOf = (name: string): readonly string[] =>
  Object.values((sdk as unknown as Readonly<Record<string, Members>>)[name]!).filter(
    (word) => !NOT_HERE.test(word),
  )

/** A type of ours in the words of the model. */
function written(type: Type, model: string): string {
  const { min = 0, max = Infinity } = type as { min?: number; max?: number }
  const bounds = max === Infinity ? '' : ` ${min}..${max}`
  const { named, of } = boundsOf(model)
  if (type.type === 'text') {
    if (type.words) {
      const here = type.words.filter((word) => !NOT_HERE.test(word))
      const same = here.toSorted().join() === enumOf(named).toSorted().join()
      return same ? `enum ${named}` : `enum of ${type.words.join()}`
    }
    return `string${bounds}${type.pattern ? ` /${type.shown}/` : ''}`
  }
  if (type.type === 'list') return `list${bounds} of ${written(type.of, of)}`
  if (type.type === 'structure') return `structure ${named}`
  const words = { flag: 'bool', time: 'timestamp', map: 'map', int: 'int', blob: 'blob' }
  return `${words[type.type]}${bounds}`
}

const modelOf = (operation: string): Members =>
  Object.fromEntries(
    Object.entries(MODEL.operations[operation]!).map(([name, text]) => [
      name,
      OTHERWISE[`${operation}.${name}`] ?? text,
    ]),
  )

describe('requests', () => {
  it.each(Object.entries(OPERATIONS))('of %s have the members of the model', (name, { input }) => {
    const model = modelOf(name)
    const ours = Object.entries(input).map(([member, { of, required }]) => [
      member,
      `${required ? 'required ' : ''}${written(of, (model[member] ?? '').replace(/^required /, ''))}`,
    ])
    expect(Object.fromEntries(ours)).toEqual(model)
  })
})

/** A member that is wrong, and what is said of it. */
interface Violation {
  readonly value: unknown
  readonly said: readonly string[]
}
const SAMPLES = ['a'.repeat(64), `cluster-${'a'.repeat(12)}`, 'eu-west-1', '111122223333', 'a.b.c']
const filled = (length: number): string => 'a'.repeat(length)

/** Never shown, not even to who sent it. */
const SECRET = /Password/

/** What is said of a text, in the order in which it is looked at. */
function complaints(value: string, { kind, min, max, pattern, named }: Bounds): string[] {
  const said: string[] = []
  if (kind === 'enum') return [`satisfy enum value set: [${[...enumOf(named)].sort().join(', ')}]`]
  if (value.length < min) said.push(`have length greater than or equal to ${min}`)
  if (value.length > max) said.push(`have length less than or equal to ${max}`)
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value))
    said.push(`satisfy regular expression pattern: ${pattern}`)
  return said
}

/** The bounds of a type, each overstepped once. */
function violations(name: string, text: string, path: string): Violation[] {
  const bounds = boundsOf(text)
  const { kind, min, max } = bounds
  const told = (shown: string, constraints: readonly string[]) =>
    constraints.map(
      (constraint) =>
        `Value ${shown}at '${path}' failed to satisfy constraint: Member must ${constraint}`,
    )
  if (kind === 'string' || kind === 'enum') {
    const wrong = [
      ...(min > 0 ? [''] : []),
      ...(max < Infinity ? [filled(max + 1)] : []),
      ...(bounds.pattern ? [`${filled(Math.max(0, min - 1))}\u{1F511}`] : []),
      ...(kind === 'enum' ? ['INVALID'] : []),
    ]
    return wrong.map((value) => ({
      value,
      said: told(SECRET.test(name) ? '' : `'${value}' `, complaints(value, bounds)),
    }))
  }
  const size = kind === 'int' ? 'value' : 'length'
  const less = [`have ${size} less than or equal to ${max}`]
  const greater = [`have ${size} greater than or equal to ${min}`]
  if (kind === 'int')
    return [
      { value: min - 1, said: told(`'${min - 1}' `, greater) },
      { value: max + 1, said: told(`'${max + 1}' `, less) },
    ]
  if (kind === 'blob')
    return [
      ...(min > 0 ? [{ value: new Uint8Array(0), said: told('', greater) }] : []),
      ...(max < Infinity ? [{ value: new Uint8Array(max + 1), said: told('', less) }] : []),
    ]
  if (kind !== 'list') return []
  const items = Array.from({ length: max < Infinity ? max + 1 : 0 }, (_, i) => `${i}`)
  const many = { value: items, said: told(`'[${items.join(', ')}]' `, less) }
  return [...(items.length > 0 ? [many] : []), ...inside(name, bounds.of, `${path}.1.member`)]
}

/** What can be wrong with the item of a list. */
function inside(name: string, text: string, path: string): Violation[] {
  const { kind, named } = boundsOf(text)
  if (kind !== 'structure')
    return violations(name, text, path).map(({ value, said }) => ({ value: [value], said }))
  return Object.entries(MODEL.structures[named]!).flatMap(([member, of]) =>
    violations(member, of, `${path}.${lowerCamel(member)}`).map(({ value, said }) => ({
      value: [{ ...sampleOf(text), [member]: value }],
      said,
    })),
  )
}
const lowerCamel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

/** Something that a member may be. */
function sampleOf(text: string): object {
  const { named } = boundsOf(text)
  return Object.fromEntries(
    Object.entries(MODEL.structures[named] ?? {}).map(([name, of]) => [name, sample(of)]),
  )
}
function sample(text: string): unknown {
  const bounds = boundsOf(text)
  const { kind, min, named } = bounds
  if (kind === 'enum') return enumOf(named)[0]
  if (kind === 'int') return min
  if (kind === 'blob') return new Uint8Array(Math.max(1, min))
  if (kind === 'list') return [sample(bounds.of)]
  if (kind === 'structure') return sampleOf(text)
  return ['alias/a', filled(Math.max(1, min)), ...SAMPLES].find(
    (value) => complaints(value, bounds).length === 0,
  )
}

/** The words of an enum come in any order. */
const ordered = (text: string): string =>
  text.replace(/value set: \[([^\]]*)\]/g, (_, words: string) => {
    const here = words.split(', ').filter((word) => !NOT_HERE.test(word))
    return `value set: [${here.sort().join(', ')}]`
  })

const refused = (said: readonly string[]): string =>
  `ValidationException: ${said.length} validation error${said.length === 1 ? '' : 's'} detected: ` +
  said.join('; ')

const parts = (text: string): readonly string[] => text.split(/(?<=detected: )|; /).toSorted()

describe.each(Object.entries(TRANSPORTS))('bounds through the %s', (_, connect) => {
  it.each(Object.keys(OPERATIONS))('of %s', async (operation) => {
    const { kms } = await openWorld(connect)
    const members = Object.entries(modelOf(operation))
    const needed = members.filter(([, text]) => boundsOf(text).required)
    const valid = Object.fromEntries(needed.map(([name, text]) => [name, sample(text)]))
    for (const [name, text] of members)
      for (const { value, said } of violations(name, text, lowerCamel(name))) {
        const found = await outcome(kms, operation, { ...valid, [name]: value })
        expect(ordered(found)).toBe(refused(said))
      }
    const absent = needed.map(
      ([name]) =>
        `Value null at '${lowerCamel(name)}' failed to satisfy constraint: Member must not be null`,
    )
    if (absent.length > 0)
      expect(parts(await outcome(kms, operation, {}))).toEqual(parts(refused(absent)))
  })
})
