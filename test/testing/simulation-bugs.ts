/**
 * Defects on purpose, as changes of the built sources: file, what stands there, what stands there
 * instead. A simulation that does not find them would not find ours either.
 */
export interface Change {
  /** Below `src`, without its ending. */
  readonly file: string
  readonly find: string
  readonly instead: string
}

/** Without it the engine itself refuses most of what follows. */
const NO_CHECK_OF_THE_NEXT: Change = {
  file: 'engine/replication/apply',
  find: "if (role === 'replica' && tx.seq === BigInt(seq)",
  instead: "if (true || (role === 'replica' && tx.seq === BigInt(seq))",
}

export const BUGS: Readonly<Record<string, readonly Change[]>> = {
  'a follower that applies an entry twice': [
    NO_CHECK_OF_THE_NEXT,
    {
      file: 'engine/replication/follow',
      find: 'entries.map((entry)',
      instead: '[...entries, ...entries.slice(-1)].map((entry)',
    },
  ],

  'a follower that skips an entry': [
    NO_CHECK_OF_THE_NEXT,
    {
      file: 'engine/replication/follow',
      find: 'entries.map((entry)',
      instead: 'entries.slice(entries.length > 1 ? 1 : 0).map((entry)',
    },
  ],

  'an answer before the commit': [
    { file: 'engine/core', find: 'await durable;', instead: 'void durable;' },
  ],

  'a restore that revives a destroyed key': [
    {
      file: 'engine/backup/restore-key',
      find: 'isDestroyed(existing, tx.now)',
      instead: 'false',
    },
  ],

  'a replica that accepts a write': [
    { file: 'domain/permit', find: "vault?.role !== 'replica'", instead: 'true' },
    {
      file: 'engine/core',
      find: "cell.planned.role === 'replica' ? 'local' : 'entry'",
      instead: "'entry'",
    },
  ],

  'a destruction that keeps the erase key': [
    { file: 'engine/destroy', find: 'await core.erase.renew(core.provider)', instead: '' },
  ],

  'a replica that does not sweep': [
    { file: 'engine/replication/apply', find: 'tx.setSweepOwed(true)', instead: '' },
    { file: 'engine/replication/apply', find: 'owe(core, cell.id)', instead: '' },
  ],

  'an answer to another question': [
    {
      file: 'replication/envelope',
      find: 'suite.seal(ANSWER, concat(ANSWER_LABEL, nonce), message)',
      instead: 'suite.seal(ANSWER, ANSWER_LABEL, message)',
    },
    {
      file: 'replication/envelope',
      find: 'suite.open(bytes, ANSWER.length, concat(ANSWER_LABEL, nonce))',
      instead: 'suite.open(bytes, ANSWER.length, ANSWER_LABEL)',
    },
  ],

  'a recovery that remembers what never happened': [
    { file: 'engine/room', find: 'core.forget();', instead: '' },
  ],

  'an unknown outcome told as a failure': [
    {
      file: 'engine/commit-failures',
      find: "unknown: ['OUTCOME_UNKNOWN'",
      instead: "unknown: ['UNAVAILABLE'",
    },
  ],
}
