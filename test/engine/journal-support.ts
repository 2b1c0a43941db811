/** What the tests of the journal share. */
import type { JournalEntry, JournalInput, OperationName } from '../../src/index.ts'
import type { Room } from './support.ts'

/** Everything that the journal tells now. */
export async function entriesOf(room: Room, input?: JournalInput): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = []
  for await (const entry of room.journal(input)) entries.push(entry)
  return entries
}

/** An operation by its name. */
export const perform = (room: Room, operation: OperationName, input: object): Promise<unknown> =>
  (room[operation] as (input: object) => Promise<unknown>).call(room, input)
