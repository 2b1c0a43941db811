/**
 * `npm run mutate -- <target> [files]`: how many small changes of the code the tests notice. Files
 * limit a run to a part of the target; docs/mutation.md has the figures and what may survive.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { TARGETS } from './targets.mjs'

const [target, ...files] = process.argv.slice(2)
if (!Object.hasOwn(TARGETS, target ?? '')) {
  console.error(`Name a target: ${Object.keys(TARGETS).join(', ')}.`)
  process.exit(2)
}

const stryker = fileURLToPath(
  new URL('../../node_modules/@stryker-mutator/core/bin/stryker.js', import.meta.url),
)
const config = fileURLToPath(new URL('stryker.config.mjs', import.meta.url))
const only = files.length > 0 ? ['--mutate', files.join(',')] : []
spawn(process.execPath, [stryker, 'run', config, ...only], {
  stdio: 'inherit',
  env: { ...process.env, STRONGROOM_MUTATE: target, STRONGROOM_MUTATE_FILES: files.join(',') },
}).on('exit', (code) => process.exit(code ?? 1))
