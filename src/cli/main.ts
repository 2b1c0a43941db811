#!/usr/bin/env node
/** The entry of the `strongroom` command. */
import { run } from './program.ts'

// A reader that goes away (as `head` does) ends a write with an error there; without this it would
// end the process.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)
await run(process.argv)
