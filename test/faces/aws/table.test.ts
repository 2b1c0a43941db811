/** The table of operations against the exports of the official client. */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SECTIONS } from '../../../docs/faces/aws.ts'
import { OPERATIONS, SUBJECTS } from '../../../src/faces/aws/operations.ts'
import { OPERATIONS as ROOM } from '../../../src/domain/operations.ts'
import { SDK_OPERATIONS } from './ask.ts'

const names = Object.keys(OPERATIONS)

describe('the table', () => {
  it('has a row for every operation of the client, no other, and none twice', () => {
    expect(SDK_OPERATIONS).toHaveLength(56)
    expect(names.toSorted()).toEqual(SDK_OPERATIONS.toSorted())
    const rows = Object.values(SUBJECTS).flatMap((subject) => Object.keys(subject))
    expect(rows.toSorted()).toEqual(names.toSorted())
  })

  it.each(names)('%s is done by operations of the room', (name) => {
    const { room } = OPERATIONS[name]!
    expect(room.filter((operation) => !(operation in ROOM))).toEqual([])
    expect(room.length).toBeGreaterThan(0)
  })

  it('names tests that are there', () => {
    const files = Object.values(SECTIONS).flatMap(({ tests }) => tests)
    const absent = files.filter((file) => !existsSync(new URL(`${file}.test.ts`, import.meta.url)))
    expect(absent).toEqual([])
  })
})
