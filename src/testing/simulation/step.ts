/** One thing that happens in a run. */
import type { World } from './world.ts'

export interface Step {
  readonly name: string
  readonly weight: number
  /** What came of it; undefined, and nothing done, when it cannot be made now. */
  readonly run: (world: World) => Promise<string | undefined>
}

/** So often another step is drawn before it is said that there is nothing to do. */
const DRAWS_MAX = 20

/** Makes one of the steps. */
export async function someStep(world: World, steps: readonly Step[]) {
  for (let n = 0; n < DRAWS_MAX; n++) {
    const { name, run } = world.chance.weighted(steps)
    const outcome = await run(world)
    if (outcome !== undefined) return { name, outcome }
  }
  return { name: 'nothing', outcome: 'to do' }
}
