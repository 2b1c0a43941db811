/** Started by `verify-process.ts`: arguments are the image and the realm, standard input the root key. */
import { secretBytes, wipe } from '../base/bytes.ts'
import { createNodeProvider } from '../crypto/node/index.ts'
import { openLevelStore } from '../store/level.ts'
import { RealmKeys } from './realm-keys.ts'
import { verifyStore } from './verify.ts'
import type { Line } from './verify-process.ts'

const tell = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

async function readRoot(): Promise<Uint8Array> {
  const root = secretBytes(32)
  let at = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    root.set(chunk.subarray(0, root.length - at), at)
    at += chunk.length
    wipe(chunk)
  }
  return root
}

async function main(path: string, realmId: string): Promise<void> {
  const root = await readRoot()
  const provider = createNodeProvider()
  const keys = new RealmKeys(provider, realmId, root)
  const store = await openLevelStore({ path, create: 'never' })
  const onProgress = (progress: { commits: number; records: number }): void => tell({ progress })
  const { finding, ...report } = await verifyStore({ store, keys, provider, onProgress })
  if (!finding) tell({ report })
  else {
    const { sequence, ...rest } = finding
    const told = { ...rest, ...(sequence !== undefined && { sequence: `${sequence}` }) }
    tell({ report: { ...report, finding: told } })
  }
  keys.destroy()
  await store.close()
}

const [path, realmId] = process.argv.slice(2)
main(path!, realmId!).catch((error: unknown) => {
  const { code, message } = error as { code?: string; message: string }
  const damaged = code === 'INTEGRITY' || code === 'STORE_MISSING'
  const report = { ok: false, commits: 0, records: 0, vaults: 0, finding: { what: message } }
  tell(damaged ? { report } : { failure: message })
})
