/**
 * The way from one room to another, which may lose, repeat, hold back, change or replay what it
 * carries. Nothing that it does may ever be applied.
 */
import type { ReplicationLink } from '../../replication/link.ts'
import type { Chance } from './chance.ts'
import type { Site } from './site.ts'

export interface Weather {
  /** How often something happens to a message, of one. */
  share: number
  /** So many things happened since it was set to nothing. */
  harm: number
}

type Fate = (line: Line, question: Uint8Array) => Promise<Uint8Array>

class Lost extends Error {}

export class Line implements ReplicationLink {
  readonly #to: Site
  readonly #chance: Chance
  readonly #weather: Weather
  readonly #questions: Uint8Array[] = []
  readonly #answers: Uint8Array[] = []

  constructor(to: Site, chance: Chance, weather: Weather) {
    this.#to = to
    this.#chance = chance
    this.#weather = weather
  }

  async exchange(question: Uint8Array): Promise<Uint8Array> {
    if (!this.#chance.hits(this.#weather.share)) return this.carry(question)
    this.#weather.harm++
    return this.#chance.pick(FATES)(this, question)
  }

  async carry(question: Uint8Array): Promise<Uint8Array> {
    if (this.#to.health === 'down') throw new Lost('Nobody is there.')
    keep(this.#questions, question)
    const answer = await this.#to.room.answerReplication(question.slice())
    keep(this.#answers, answer)
    return answer
  }

  olderQuestion(): Uint8Array | undefined {
    return this.#chance.maybe(this.#questions)
  }

  olderAnswer(): Uint8Array | undefined {
    return this.#chance.maybe(this.#answers)
  }

  /** One bit of it turned, or its end cut off. */
  changed(bytes: Uint8Array): Uint8Array {
    if (this.#chance.hits(0.3)) return bytes.slice(0, this.#chance.below(bytes.length) + 1)
    const copy = bytes.slice()
    copy[this.#chance.below(copy.length)]! ^= 1 << this.#chance.below(8)
    return copy
  }
}

const KEPT = 16

function keep(list: Uint8Array[], bytes: Uint8Array): void {
  list.push(bytes.slice())
  if (list.length > KEPT) list.shift()
}

/** What comes back of another question is the one that could be taken for the right one. */
async function swapAnswers(line: Line, question: Uint8Array): Promise<Uint8Array> {
  const older = line.olderAnswer()
  const answer = await line.carry(question)
  return older ?? answer
}

const FATES: readonly Fate[] = [
  function loseQuestion() {
    throw new Lost('The question was lost.')
  },
  async function loseAnswer(line, question) {
    await line.carry(question)
    throw new Lost('The answer was lost.')
  },
  async function repeatQuestion(line, question) {
    await line.carry(question)
    return line.carry(question)
  },
  async function laterAnswerFirst(line, question) {
    const first = await line.carry(question)
    await line.carry(question)
    return first
  },
  async function replayQuestion(line, question) {
    const older = line.olderQuestion()
    if (older) await line.carry(older)
    return line.carry(question)
  },
  swapAnswers,
  swapAnswers,
  swapAnswers,
  async (line, question) => line.carry(line.changed(question)),
  async (line, question) => line.changed(await line.carry(question)),
]
