/** The order of the test files: what takes long begins first, so that no core waits for the other. */
import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files of more than a few seconds, the longest first; all others follow as they are named. */
const LONG: readonly string[] = [
  'campaigns/power',
  'engine/faults',
  'adversary/hostile',
  'testing/simulation',
  'campaigns/disk',
  'crypto/lattice',
  'testing/simulation-planted',
  'crypto/cross',
  'adversary/linear',
  'cli/files',
  'campaigns/kill',
  'campaigns/injuries',
  'campaigns/destruction',
  'model/lifecycle',
  'store/kill',
  'adversary/inputs',
  'faces/aws/key-states',
  'engine/materials',
  'engine/import',
  'replication/snapshot',
  'engine/import-material',
  'adversary/flips',
  'server/aws-clients',
  'engine/verify-disk',
  'store/contract',
  'crypto/node',
  'crypto/vectors',
  'format/every-format',
  'model/replicas',
]

const place = new Map(LONG.map((name, at) => [`test/${name}.test.ts`, at]))

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const at = ({ moduleId }: TestSpecification): number =>
      place.get(relative(this.ctx.config.root, moduleId).replaceAll('\\', '/')) ?? LONG.length
    return files.toSorted((a, b) => at(a) - at(b) || (a.moduleId < b.moduleId ? -1 : 1))
  }
}
