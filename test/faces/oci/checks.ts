/** What the checks of all operations share: a room with a private vault, and what replies hold. */
import { expect } from 'vitest'
import type { OciOptions } from '../../../src/faces/oci/index.ts'
import { base64, REGION, type Furnished, type Way, type World } from './world.ts'

export let way: Way
export let w: World
export let v: Furnished
export async function prepare(over: Way): Promise<void> {
  way = over
  w = await way.world()
  v = await w.furnished()
}

/** What the face in front is told; also of further rooms. */
export let options: OciOptions = {}
/** The same room and vault behind another face. */
export async function prepareAgain(told: OciOptions): Promise<void> {
  options = told
  const face = await way.facing(w.room, options)
  w = { ...w, ...face }
  v = face.inside(v.vault)
}

/** What a reply must hold, for a call of one operation. */
export type Check = () => Promise<readonly [reply: unknown, holds: object]>
export type Checks = Readonly<Record<string, Check>>

export const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown
export const ocid = (type: string) =>
  expect.stringMatching(
    new RegExp(`^ocid1\\.${type}\\.oc1\\.${REGION}\\.[a-z2-7]{13}\\.ab[a-z2-7]{58}$`),
  ) as unknown as string
export const TAGS = { freeformTags: { a: '1' }, definedTags: { ns: { b: [2, null, { c: true }] } } }
const BUCKET = { destination: 'BUCKET', namespace: 'n', bucketName: 'b', objectName: 'o' }
export const backupLocation = BUCKET
export const text = (value: string) => base64(value)
