/**
 * Opens injured stores, one for each line on stdin, asks everything and tells what it was told
 * other than the truth. A damaged table may abort it: then the parent starts
 * another. Argument: the file with the truth.
 */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Strongroom } from '../../../src/index.ts'
import { fromHex } from '../../../src/base/bytes.ts'
import { nameOf } from '../campaign.ts'
import { clockOfCampaign, interrogate, type Answers } from '../everything.ts'
import type { Asked, Outcome, Template } from '../reading.ts'
import { SEAL } from '../seal.ts'

const templates = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as readonly Template[]

const open = (path: string, verify: boolean): Promise<Strongroom> =>
  Strongroom.open({ path, seal: SEAL, create: 'never', verify, clock: clockOfCampaign() })

async function read({ path, template, verify, goOn }: Asked): Promise<Outcome> {
  const known = templates[template]!
  let room: Strongroom
  try {
    room = await open(path, verify)
  } catch (error) {
    return { opened: nameOf(error), different: {} }
  }
  const different = compared(await ask(room, known), known.answers)
  if (!verify && Object.keys(different).length > 0)
    return { opened: 'ok', different, verdict: await verdictOf(room) }
  if (goOn) Object.assign(different, await writeAndReopen(room, path, known))
  else await room.close()
  return { opened: 'ok', different }
}

async function verdictOf(room: Strongroom): Promise<string> {
  try {
    const { ok, finding } = await room.verify()
    return ok ? 'whole' : (finding?.what ?? 'nothing said')
  } catch (error) {
    return nameOf(error)
  } finally {
    await room.close().catch(() => undefined)
  }
}

/** What was damaged unseen must not surface later: a write, and everything again. */
async function writeAndReopen(room: Strongroom, path: string, known: Template): Promise<Answers> {
  try {
    const { id: vaultId } = await room.createVault({ displayName: 'made on a damaged store' })
    await room.scheduleVaultDeletion({ vaultId })
    await room.close()
  } catch (error) {
    await room.close().catch(() => undefined)
    return { 'a write on it': `fails: ${nameOf(error)}` }
  }
  try {
    const again = await open(path, true)
    const { head: _, vaults: __, ...rest } = await ask(again, known)
    await again.close()
    return compared(rest, known.answers)
  } catch (error) {
    return { 'opening it again': `fails: ${nameOf(error)}` }
  }
}

const ask = (room: Strongroom, { works, vaultIds }: Template): Promise<Answers> =>
  interrogate(
    room,
    works.map(({ message, proof, ...work }) => ({
      ...work,
      message: fromHex(message)!,
      proof: fromHex(proof)!,
    })),
    vaultIds,
  )

function compared(answers: Answers, truth: Answers): Answers {
  const different: Answers = {}
  for (const [question, answer] of Object.entries(answers))
    if (answer !== truth[question]) different[question] = answer.slice(0, 300)
  return different
}

for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await read(JSON.parse(line) as Asked)
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
