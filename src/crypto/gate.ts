/** A bound on what is in flight on the thread pool, so that slow work never starves the fast. */
import { StrongroomError } from '../base/errors.ts'

type Done<T> = (error: Error | null | undefined, value?: T) => void

export interface Gate {
  /**
   * Runs `start` when a place is free; `start` calls back when the work is over. BUSY when too many
   * wait.
   */
  run<T>(start: (done: Done<T>) => void): Promise<T>
}

export function createGate(inFlightMax: number, waitingMax: number): Gate {
  const waiting: (() => void)[] = []
  let inFlight = 0
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) inFlight--
    else next()
  }
  return {
    run<T>(start: (done: Done<T>) => void): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        const enter = (): void => {
          const done: Done<T> = (error, value) => {
            leave()
            if (error) reject(error)
            else resolve(value as T)
          }
          try {
            start(done)
          } catch (error) {
            done(error as Error)
          }
        }
        if (inFlight < inFlightMax) {
          inFlight++
          enter()
        } else if (waiting.length < waitingMax) waiting.push(enter)
        else reject(new StrongroomError('BUSY', `More than ${waitingMax} operations are waiting.`))
      })
    },
  }
}
