/**
 * Writes numbered commits of six operations until it is killed, and tells each one that was answered.
 * Arguments: folder of the built modules, directory of the store, commits in flight.
 */
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'

const [modules, path, lanes] = process.argv.slice(2)
const { openDirectory } = await import(`${modules}/store/level/directory.js`)
const { Level } = createRequire(import.meta.url)('level')

/** A small write buffer: log changes and compactions happen all the time. */
const connect = async (location, options) =>
  new Level(location, { ...options, compression: false, writeBufferSize: 64 * 1024 })

const text = new TextEncoder()
const tell = (line) => writeSync(1, `${line}\n`)

tell('opening')
const store = await openDirectory({ path }, { connect })
const last = await store.get(text.encode('last'))
let next = last ? Number(new TextDecoder().decode(last.value)) + 1 : 1
tell('open')

/** Operations of commit n: four rows of its own, the number of the newest, and the row of n - 50 deleted. */
const commitOf = (n) => ({
  checks: [{ key: text.encode(`row/${n}/0`), version: 0n }],
  puts: [
    ...[0, 1, 2, 3].map((part) => ({
      key: text.encode(`row/${n}/${part}`),
      value: text.encode(`${n}/${part}/${'x'.repeat(300)}`),
    })),
    { key: text.encode('last'), value: text.encode(`${n}`) },
  ],
  dels: [text.encode(`row/${n - 50}/3`)],
  token: new Uint8Array(16),
})

const lane = async () => {
  for (;;) {
    const n = next++
    await store.commit(commitOf(n))
    tell(n)
    if (n % 40 === 0) await store.sidecar.write('anchor', text.encode(`${n}`))
  }
}
await Promise.all(Array.from({ length: Number(lanes) }, lane))
