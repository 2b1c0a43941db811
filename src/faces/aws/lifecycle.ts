/** TABLE of the operations that enable, disable and delete keys (contracts: AWS 10.1, 16, 17). */
import { DAY_MS } from '../../domain/limits.ts'
import { row, type Call } from './call.ts'
import { validation } from './errors.ts'
import { customerKey } from './managed.ts'
import { KEY_ID } from './members.ts'
import { stateOf } from './metadata.ts'
import { int, may, need } from './shape.ts'

const WINDOW_DAYS = { min: 7, max: 30, default: 30 } as const

function windowOf(days: number = WINDOW_DAYS.default): number {
  if (days < WINDOW_DAYS.min || days > WINDOW_DAYS.max)
    validation(`PendingWindowInDays must be between ${WINDOW_DAYS.min} and ${WINDOW_DAYS.max}`)
  return days
}

/** An operation on a key of the caller that takes nothing else, and how the room is asked for it. */
const onKey = (
  room: 'enableKey' | 'disableKey' | 'cancelKeyDeletion',
  more: object,
  answer: (arn: string) => object | undefined,
) =>
  row({
    room: [room],
    input: { KeyId: need(KEY_ID) },
    answer: async (call) => {
      const { key, vaultId, arn } = await customerKey(call, call.input.KeyId)
      await call.room[room]({ ...call.asked, keyId: key.id, vaultId, ...more })
      return answer(arn)
    },
  })

const nothing = (): undefined => undefined

export const LIFECYCLE_ROWS = {
  EnableKey: onKey('enableKey', { idempotent: true }, nothing),
  DisableKey: onKey('disableKey', { idempotent: true }, nothing),
  CancelKeyDeletion: onKey('cancelKeyDeletion', { restoreTo: 'disabled' }, (KeyId) => ({ KeyId })),

  ScheduleKeyDeletion: row({
    room: ['scheduleKeyDeletion'],
    input: { KeyId: need(KEY_ID), PendingWindowInDays: may(int(1, 365)) },
    answer: async (call) => {
      const PendingWindowInDays = windowOf(call.input.PendingWindowInDays)
      const { key, vaultId, arn } = await customerKey(call, call.input.KeyId)
      const scheduled = await call.room.scheduleKeyDeletion({
        ...call.asked,
        keyId: key.id,
        vaultId,
        deletionAt: deletionAt(call, PendingWindowInDays),
      })
      return {
        KeyId: arn,
        DeletionDate: scheduled.deletionAt,
        KeyState: stateOf(scheduled),
        PendingWindowInDays,
      }
    },
  }),
}

const deletionAt = ({ face }: Call, days: number): Date => new Date(face.now + days * DAY_MS)
