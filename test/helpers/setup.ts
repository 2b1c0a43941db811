/** Runs before every test file. */
import { afterAll } from 'vitest'
import { closeAll } from './at-end.ts'

afterAll(closeAll)
