/** The writer queue over a port that is held, fails and counts as the test says. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { EncodedCommit } from '../../src/store/level/group.ts'
import type { Operation } from '../../src/store/level/database.ts'
import type { WriterPort } from '../../src/store/level/writer.ts'
import { GroupWriter } from '../../src/store/level/writer.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { StoreError } from '../../src/store/store.ts'
import { encodeCommit } from '../../src/store/level/group.ts'
import { failureOf } from '../../src/testing/store-suite/kit.ts'
import { keyText } from '../../src/store/limits.ts'
import { utf8 } from '../../src/base/bytes.ts'

/** Nothing here waits for more than a turn of the loop: a mutant that hangs is told soon. */
const QUICK = { timeout: process.env['STRONGROOM_MUTATE'] ? 4000 : 180_000 }

/** A commit that puts one key, and checks it when a version is given. */
function put(name: string, bytes = 10, version?: bigint): EncodedCommit {
  const key = utf8(name)
  const text = keyText(key)
  const checks = version === undefined ? [] : [{ key, text, version }]
  return encodeCommit({ checks, puts: [{ key, text, value: utf8('x') }], dels: [], bytes })
}

interface Scene extends WriterPort {
  readonly events: string[]
  /** The keys of each batch, without HEAD. */
  readonly batches: string[][]
  readonly writer: GroupWriter
  /** The next write waits until the answer is called. */
  readonly hold: () => () => void
}

function scene(port: Partial<WriterPort> = {}, head = 7n): Scene {
  const events: string[] = []
  const batches: string[][] = []
  let gate: Promise<void> = Promise.resolve()
  const keyOf = ({ key }: Operation): string => Buffer.from(key.subarray(1)).toString()
  const all: WriterPort = {
    reserve: async (bytes) => void events.push(`reserve ${bytes}`),
    versions: async (checks) => new Map(checks.map(({ text }) => [text, 0n])),
    write: async (operations) => {
      events.push('write')
      batches.push(operations.slice(0, -1).map(keyOf))
      await gate
    },
    settle: async () => void events.push('settle'),
    changed: () => events.push('changed'),
    ...port,
  }
  const hold = (): (() => void) => {
    let release: () => void = () => undefined
    gate = new Promise((resolve) => (release = resolve))
    return release
  }
  return { ...all, events, batches, hold, writer: new GroupWriter(all, head) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('succeeded'),
    (error: unknown) => error,
  )

describe('a commit', QUICK, () => {
  it('is reserved, written, settled, and only then answered and told', async () => {
    const { writer, events } = scene()
    const { version } = await writer.push(put('a', 33))
    events.push('answered')
    expect(version).toBe(8n)
    expect(events).toEqual(['reserve 33', 'write', 'settle', 'changed', 'answered'])
  })

  it('is in head once it is written, and acknowledged once it is settled', async () => {
    const seen: bigint[][] = []
    const look = (): unknown => seen.push([writer.head, writer.acknowledged])
    const { writer } = scene({
      write: async () => void look(),
      settle: async () => void look(),
      changed: look,
    })
    look()
    await writer.push(put('a'))
    expect(seen).toEqual([
      [7n, 7n],
      [7n, 7n],
      [8n, 7n],
      [8n, 8n],
    ])
  })

  it('that a check refuses is a conflict; alone it writes and tells nothing', async () => {
    const { writer, events } = scene()
    expect(await failureOf(writer.push(put('a', 10, 3n)))).toBe('conflict')
    expect(events).toEqual(['reserve 10'])
    expect(writer.head).toBe(7n)
  })

  it('that a check refuses does not keep the others of its group', async () => {
    const { writer, batches } = scene()
    const outcomes = [put('a', 1, 3n), put('b', 1, 0n)].map((one) => failureOf(writer.push(one)))
    expect(await Promise.all(outcomes)).toEqual(['conflict', 'none'])
    expect(batches).toEqual([['b']])
  })

  it('checks what the database holds', async () => {
    const asked: string[][] = []
    const versions: WriterPort['versions'] = async (checks) => {
      asked.push(checks.map(({ text }) => text))
      return new Map([['a', 5n]])
    }
    const { writer } = scene({ versions })
    const pushes = [put('a', 1, 5n), put('b', 1, 0n)].map((one) => failureOf(writer.push(one)))
    expect(await Promise.all(pushes)).toEqual(['none', 'none'])
    expect(asked).toEqual([['a', 'b']])
  })
})

describe('a group', QUICK, () => {
  it('is what the same turn pushes: one batch, reserved together', async () => {
    const { writer, batches, events } = scene()
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => writer.push(put(name))))
    expect(answers.map(({ version }) => version)).toEqual([8n, 9n, 10n])
    expect(batches).toEqual([['a', 'b', 'c']])
    expect(events).toEqual(['reserve 30', 'write', 'settle', 'changed'])
  })

  it('is what came while a batch was in flight', async () => {
    const { writer, batches, hold } = scene()
    const release = hold()
    const pushes = [writer.push(put('a'))]
    await turn()
    pushes.push(writer.push(put('b')), writer.push(put('c')))
    await turn()
    expect(batches).toEqual([['a']])
    release()
    await Promise.all(pushes)
    expect(batches).toEqual([['a'], ['b', 'c']])
  })

  it('holds 1024 commits and no more', async () => {
    const { writer, batches } = scene()
    await Promise.all(Array.from({ length: 2049 }, (_, i) => writer.push(put(`${i}`))))
    expect(batches.map((batch) => batch.length)).toEqual([1024, 1024, 1])
  })

  it('holds four million bytes and no more', async () => {
    const { writer, batches } = scene()
    const sizes = { a: 2_000_000, b: 2_000_000, c: 1, d: 4_000_000, e: 1 }
    await Promise.all(Object.entries(sizes).map(([name, bytes]) => writer.push(put(name, bytes))))
    expect(batches).toEqual([['a', 'b'], ['c'], ['d'], ['e']])
  })

  it('is one commit when that alone is larger', async () => {
    const { writer, batches } = scene()
    await Promise.all([writer.push(put('a', 16_000_000)), writer.push(put('b'))])
    expect(batches).toEqual([['a'], ['b']])
  })
})

describe('callers that were just answered', QUICK, () => {
  /** Comes back with another commit after so many steps. */
  const comesBack = async (writer: GroupWriter, name: string, steps: number): Promise<void> => {
    await writer.push(put(name))
    for (let i = 0; i < steps; i++) await Promise.resolve()
    await writer.push(put(`${name} again`))
  }
  const expected = [
    ['a', 'b'],
    ['a again', 'b again'],
  ]

  it('have a turn of the loop to come back before the next batch is cut', async () => {
    const { writer, batches } = scene()
    await Promise.all([comesBack(writer, 'a', 0), comesBack(writer, 'b', 40)])
    expect(batches).toEqual(expected)
  })

  describe('in browsers', () => {
    afterEach(() => vi.unstubAllGlobals())
    it('have that turn too', async () => {
      vi.stubGlobal('setImmediate', undefined)
      const { writer, batches } = scene()
      await Promise.all([comesBack(writer, 'a', 0), comesBack(writer, 'b', 40)])
      expect(batches).toEqual(expected)
    })
  })

  /** How many turns of the loop pass before the writes of what waited behind the first batch. */
  const turnsOf = async (first: number, behind: number): Promise<number> => {
    const { writer, batches, hold } = scene()
    const release = hold()
    const pushes = Array.from({ length: first }, (_, i) => writer.push(put(`a${i}`)))
    await turn()
    for (let i = 0; i < behind; i++) pushes.push(writer.push(put(`b${i}`)))
    release()
    let turns = 0
    for (; batches.length < 2 && turns < 100; turns++) await turn()
    await Promise.all(pushes)
    return turns
  }

  it('are not waited for after a batch of one, nor when as many wait already', async () => {
    expect([await turnsOf(1, 1), await turnsOf(2, 2), await turnsOf(2, 3)]).toEqual([1, 1, 1])
    expect(await turnsOf(3, 2)).toBeGreaterThan(1)
  })

  it('are not waited for by a timer, which takes a hundred times longer', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const { writer } = scene()
    await Promise.all([comesBack(writer, 'a', 0), comesBack(writer, 'b', 40)])
    expect(timers).not.toHaveBeenCalled()
    timers.mockRestore()
  })

  it('of a batch of one are served whenever they come back', async () => {
    const { writer, events } = scene()
    const turned = turn().then(() => events.push('turn'))
    for (const steps of [0, 3, 40]) await comesBack(writer, 'a', steps)
    expect(events).not.toContain('turn')
    await turned
  })

  it('are not waited for when there was but a job', async () => {
    const { writer, events } = scene()
    const job = writer.exclusive(async () => undefined)
    await Promise.race([writer.idle(), turn().then(() => events.push('turn'))])
    await job
    expect(events).toEqual([])
  })
})

describe('the queue', QUICK, () => {
  it('takes so many and then is busy, until there is room', async () => {
    const { writer, hold, batches } = scene()
    const release = hold()
    const pushes = [writer.push(put('first'))]
    await turn()
    for (let i = 0; i < LIMITS.queuedWritesMax; i++) pushes.push(writer.push(put('b')))
    expect(await failureOf(writer.push(put('beyond')))).toBe('BUSY')
    release()
    await Promise.all(pushes)
    expect(await failureOf(writer.push(put('later')))).toBe('none')
    expect(batches.flat()).toHaveLength(LIMITS.queuedWritesMax + 2)
  })

  it('is idle at once when nothing waits, else when all is answered', async () => {
    const { writer, hold, events } = scene()
    await writer.idle()
    const release = hold()
    void writer.push(put('a'))
    const idle = writer.idle().then(() => events.push('idle'))
    await turn()
    void writer.push(put('b'))
    await turn()
    expect(events).toEqual(['reserve 10', 'write'])
    release()
    await idle
    expect(events.filter((event) => event === 'changed')).toHaveLength(2)
    expect(events.at(-1)).toBe('idle')
  })

  it('goes on after it was empty', async () => {
    const { writer, batches } = scene()
    await writer.push(put('a'))
    await turn()
    await writer.push(put('b'))
    expect(batches).toEqual([['a'], ['b']])
  })
})

describe('a job', QUICK, () => {
  it('runs while no batch is in flight, and before what waits', async () => {
    const { writer, hold, events } = scene()
    const release = hold()
    const first = writer.push(put('a'))
    await turn()
    const second = writer.push(put('b'))
    const job = writer.exclusive(async () => {
      events.push('job')
      await turn()
      events.push('job done')
      return 42
    })
    await turn()
    expect(events).not.toContain('job')
    release()
    expect(await job).toBe(42)
    await Promise.all([first, second])
    const steps = ['write', 'settle', 'changed']
    expect(events.filter((event) => !event.startsWith('reserve'))).toEqual([
      ...steps,
      'job',
      'job done',
      ...steps,
    ])
  })

  it('that fails tells its caller alone', async () => {
    const { writer } = scene()
    const failed = caught(writer.exclusive(() => Promise.reject(new Error('mine'))))
    const next = writer.exclusive(async () => 'next')
    expect(await failed).toEqual(new Error('mine'))
    expect(await next).toBe('next')
    expect(await failureOf(writer.push(put('a')))).toBe('none')
  })
})

describe('before the write', QUICK, () => {
  const failing = ['reserve', 'versions'] as const
  it.each(failing)('a failure of %s fails its group and no other', async (step) => {
    let fails = true
    const normal = scene()
    const { writer, batches } = scene({
      [step]: async (given: never) => {
        if (fails) throw new StoreError('unavailable', step)
        return normal[step](given)
      },
    })
    const group = [failureOf(writer.push(put('a'))), failureOf(writer.push(put('b')))]
    expect(await Promise.all(group)).toEqual(['unavailable', 'unavailable'])
    expect(batches).toEqual([])
    writer.assertWritable()
    fails = false
    expect(await writer.push(put('c', 1, 0n))).toEqual({ version: 8n })
  })
})

describe('the first write error', QUICK, () => {
  const steps = ['write', 'settle'] as const
  it.each(steps)('in %s: unknown for its group, and nothing more is taken', async (step) => {
    const cause = new Error('torn')
    const inner = scene()
    const release = inner.hold()
    const { writer, events } = scene({
      [step]: async () => {
        await inner.write([])
        throw cause
      },
    })
    const group = ['a', 'b'].map((name) => caught(writer.push(put(name))))
    await turn()
    const waiting = caught(writer.push(put('c')))
    release()
    for (const one of group) expect(await one).toMatchObject({ kind: 'unknown', cause })
    expect(await waiting).toMatchObject({ kind: 'unavailable', cause })
    expect(await caught(writer.push(put('d')))).toMatchObject({ kind: 'unavailable', cause })
    expect(() => writer.assertWritable()).toThrow(
      expect.objectContaining({ kind: 'unavailable', cause }),
    )
    await writer.idle()
    expect(events).not.toContain('changed')
    expect([writer.head, writer.acknowledged]).toEqual([step === 'write' ? 7n : 9n, 7n])
  })

  it('does not touch a commit that was refused', async () => {
    const { writer } = scene({ write: () => Promise.reject(new Error('torn')) })
    const outcomes = [put('a', 1, 9n), put('b')].map((one) => failureOf(writer.push(one)))
    expect(await Promise.all(outcomes)).toEqual(['conflict', 'unknown'])
  })

  it('is the one that is told, also when others follow', async () => {
    const { writer } = scene()
    const [first, second] = [new Error('first'), new Error('second')]
    writer.poison(first)
    writer.poison(second)
    expect(await caught(writer.push(put('a')))).toMatchObject({ cause: first })
  })

  it('is over with a fresh look at the database', async () => {
    const { writer } = scene()
    writer.poison(new Error('torn'))
    writer.reset(100n)
    expect([writer.head, writer.acknowledged]).toEqual([100n, 100n])
    writer.assertWritable()
    expect(await writer.push(put('a'))).toEqual({ version: 101n })
  })
})

it('the bytes of a batch are of the moment of the call', async () => {
  const key = utf8('key')
  const value = utf8('value')
  const encoded = encodeCommit({
    checks: [{ key, text: 'key', version: 0n }],
    puts: [{ key, text: 'key', value }],
    dels: [{ key, text: 'key' }],
    bytes: 0,
  })
  const before = structuredClone(encoded)
  for (const bytes of [key, value]) bytes.fill(0)
  expect(encoded).toEqual(before)
})
