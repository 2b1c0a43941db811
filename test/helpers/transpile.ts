/** The sources as plain JavaScript, for child processes of tests. */
import { join } from 'node:path'
import { builtTree } from './build.mjs'

/** The folder that holds every module of `src` as `.js`, for example `<folder>/store/level.js`. */
export const builtModules = async (): Promise<string> => join(await builtTree(), 'src')
