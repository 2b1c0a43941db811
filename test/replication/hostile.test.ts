/** A link that loses, repeats, reorders, changes and replays: refused or repaired, never applied wrongly. */
import { describe, expect, test } from 'vitest'
import { Strongroom, type ReplicationLink } from '../../src/index.ts'
import { codeOf, flipped } from '../engine/support.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import {
  another,
  connect,
  expectPair,
  expectSame,
  failing,
  followed,
  furnished,
  headIn,
} from './pair.ts'

/** Writes down what passes, and lets a test decide what comes out. */
function tapped() {
  const questions: Uint8Array[] = []
  const answers: Uint8Array[] = []
  const tap = {
    questions,
    answers,
    answer: (answer: Uint8Array, _nth: number): Uint8Array => answer,
    question: (question: Uint8Array, _nth: number): Uint8Array => question,
    through: (link: ReplicationLink): ReplicationLink => ({
      exchange: async (question) => {
        const nth = questions.push(question.slice()) - 1
        const answer = await link.exchange(tap.question(question, nth))
        answers.push(answer.slice())
        return tap.answer(answer, nth)
      },
    }),
  }
  return tap
}

async function changed(us: Strongroom, keyId: string, times = 3) {
  for (let i = 0; i < times; i++)
    await us.tagKey({ keyId, tags: { [`t${i}`]: `${us.head().sequence}` } })
}

describe('answers', () => {
  test('with a bit flipped anywhere are refused and change nothing', async () => {
    const tap = tapped()
    const made = await furnished({ link: tap.through })
    const { us, eu, vaultId, keyId, stores } = made
    await followed(eu, vaultId)
    await changed(us, keyId)
    const before = await headIn(stores.eu, vaultId)
    // The answer to each question of a round, at places all over it.
    for (const which of [0, 1])
      for (let part = 0; part <= 16; part++) {
        const start = tap.questions.length
        tap.answer = (answer, nth) =>
          nth - start === which
            ? flipped(answer, Math.min(answer.length - 1, Math.floor((answer.length * part) / 16)))
            : answer
        expect([which, part, await failing(eu)]).toEqual([which, part, 'INTEGRITY'])
        expect(await headIn(stores.eu, vaultId)).toEqual(before)
      }
    tap.answer = (answer) => answer
    await followed(eu, vaultId)
    await expectPair(made, vaultId)
  })

  test('cut, empty, longer, of another question, or of another time are refused', async () => {
    const tap = tapped()
    const made = await furnished({ link: tap.through })
    const { us, eu, vaultId, keyId, stores } = made
    await followed(eu, vaultId)
    const old = [...tap.answers]
    await changed(us, keyId)
    const before = await headIn(stores.eu, vaultId)
    const ways: ((answer: Uint8Array, nth: number) => Uint8Array)[] = [
      (answer) => answer.subarray(0, answer.length - 1),
      () => new Uint8Array(0),
      (answer) => new Uint8Array([...answer, 0]),
      (_, nth) => tap.questions[nth]!,
      ...old.map((answer) => () => answer),
    ]
    for (const way of ways) {
      tap.answer = way
      expect(await failing(eu)).toBe('INTEGRITY')
      expect(await headIn(stores.eu, vaultId)).toEqual(before)
    }
    tap.answer = () => 'no bytes' as never
    expect(await failing(eu)).toBe('UNAVAILABLE')
    tap.answer = (answer) => answer
    await followed(eu, vaultId)
    await expectPair(made, vaultId)
  })

  test('lost, late, doubled and swapped at random: the end is the same', async () => {
    const random = seededRandom('a bad line')
    const byte = (): number => {
      const one = new Uint8Array(1)
      random.fill(one)
      return one[0]!
    }
    const tap = tapped()
    const made = await furnished({ link: tap.through })
    const { us, eu, vaultId, keyId } = made
    tap.answer = (answer) => {
      const chance = byte()
      if (chance < 40) throw new Error('lost on the way back')
      if (chance < 70) return tap.answers[byte() % tap.answers.length]!
      if (chance < 90) return flipped(answer, byte() % answer.length)
      return answer
    }
    tap.question = (question) => {
      const chance = byte()
      if (chance < 30) throw new Error('lost on the way there')
      return chance < 60 ? tap.questions[byte() % tap.questions.length]! : question
    }
    for (let i = 0; i < 40; i++) {
      await changed(us, keyId, 1)
      if (i % 7 === 3) await us.createKeyVersion({ keyId })
      await eu.replicate()
    }
    tap.answer = (answer) => answer
    tap.question = (question) => question
    await followed(eu, vaultId)
    await expectPair(made, vaultId)
  })
})

describe('questions', () => {
  test('with a bit flipped, cut, or not of the realm are not answered', async () => {
    const tap = tapped()
    const { us, eu, vaultId } = await furnished({ link: tap.through })
    await followed(eu, vaultId)
    const question = tap.questions.at(-1)!
    for (let part = 0; part < 16; part++) {
      const bad = flipped(question, Math.floor((question.length * part) / 16))
      expect(await codeOf(us.answerReplication(bad))).toBe('INTEGRITY')
    }
    expect(await codeOf(us.answerReplication(question.subarray(0, -1)))).toBe('INTEGRITY')
    expect(await codeOf(us.answerReplication(new Uint8Array(0)))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(us.answerReplication('x' as never))).toBe('INVALID_ARGUMENT')
  })

  test('replayed step nobody down, and take no replica for gone', async () => {
    const tap = tapped()
    const { us, eu, vaultId, keyId, stores } = await furnished({ link: tap.through })
    const replay = async () => {
      // Refusals are sealed answers too: none of them throws.
      for (const question of [...tap.questions]) {
        await us.answerReplication(question).catch(() => undefined)
        await eu.answerReplication(question).catch(() => undefined)
      }
    }
    // A whole life: made, promoted and back, let go, made again.
    await followed(eu, vaultId)
    await eu.promoteVaultReplica({ vaultId })
    await us.promoteVaultReplica({ vaultId })
    await followed(eu, vaultId)
    await us.deleteVaultReplica({ vaultId, region: 'eu' })
    await followed(eu, vaultId)
    await us.createVaultReplica({ vaultId, region: 'eu' })
    await replay()
    expect((await us.getVault({ vaultId })).role).toBe('primary')
    expect((await us.listVaultReplicas({ vaultId })).items).toMatchObject([{ status: 'CREATING' }])
    await followed(eu, vaultId)
    await us.deleteVaultReplica({ vaultId, region: 'eu' })
    await replay()
    // What was said of the first replica does not let go of the second.
    expect((await us.listVaultReplicas({ vaultId })).items).toMatchObject([{ status: 'DELETING' }])
    expect((await eu.getVault({ vaultId })).role).toBe('replica')
    await followed(eu, vaultId)
    expect((await us.listVaultReplicas({ vaultId })).items).toEqual([])
    expect(await headIn(stores.eu, vaultId)).toBeUndefined()
    await us.disableKey({ keyId })
  })
})

describe('a link that does not answer', () => {
  const silent = (): ReplicationLink => ({ exchange: () => new Promise(() => undefined) })

  test('keeps neither the room open nor a round beyond its signal', async () => {
    const { eu, vaultId } = await furnished()
    await followed(eu, vaultId)
    eu.linkRegion('us', silent())
    const stop = new AbortController()
    const round = eu.replicate({ signal: stop.signal })
    stop.abort()
    expect((await round)[0]!.failure?.code).toBe('UNAVAILABLE')
    const following = eu.replicate({ follow: true, pollMs: 86_400_000 })
    await eu.close()
    expect((await following)[0]!.failure?.code).toBe('UNAVAILABLE')
  })

  test('a follower that waits between rounds ends with the room', async () => {
    const { eu, vaultId } = await furnished()
    const rounds: number[] = []
    const following = eu.replicate({
      follow: true,
      pollMs: 86_400_000,
      onRound: (round) => rounds.push(round.length),
    })
    while (rounds.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await eu.close()
    expect((await following)[0]).toMatchObject({ vaultId, snapshot: true })
    expect(rounds).toEqual([1])
  })
})

test('a link that throws says so; other links are followed all the same', async () => {
  const { us, eu, vaultId, stores, clock } = await furnished()
  const { room: asia } = await another(us, 'asia', clock)
  connect(asia, eu)
  eu.linkRegion('africa', {
    exchange: () => {
      throw new Error('no line')
    },
  })
  const round = await eu.replicate()
  expect(round.map(({ region, failure }) => [region, failure?.code])).toEqual([
    ['us', undefined],
    ['africa', 'UNAVAILABLE'],
  ])
  await expectSame(stores.us, stores.eu, vaultId)
})
