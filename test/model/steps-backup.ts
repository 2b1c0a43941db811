/** Commands that back up keys and put them back. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Key, KeyBackup } from '../../src/engine/api.ts'
import * as m from '../../src/testing/model.ts'
import { compareKey, UNKNOWN_ID, type Real } from './real.ts'
import { pickKey } from './steps-vaults.ts'
import { choice, step, type Command } from './step.ts'

const backupKey = step('BackupKey', { key: choice }, ({ key }, model, real: Real) => {
  const target = pickKey(model, key)
  return {
    model: () => (target ? m.backupKey(target) : m.refuse('NOT_FOUND')),
    call: () => real.room.backupKey({ keyId: target?.id ?? UNKNOWN_ID }),
    agree: (of: m.ModelBackup, { blob }: KeyBackup) => {
      real.backups.push({ of, blob: blob! })
    },
    ...(target && { compare: () => compareKey(real, target) }),
  }
})

const restoreKey = step(
  'RestoreKey',
  { backup: choice, newIds: fc.constantFrom(false, false, true) },
  ({ backup, newIds }, model, real: Real) => {
    const made = real.backups[backup % Math.max(1, real.backups.length)]
    if (!made) return { model: () => undefined, call: async () => undefined }
    const { of, blob } = made
    return {
      model: () => (newIds ? m.restoreNewKey(model, of) : m.restoreKey(model, of)),
      call: () => real.room.restoreKey({ blob, newIds }),
      agree: async (key: m.ModelKey, answer: Key | undefined) => {
        key.id = answer!.id
        expect(answer!.restoredFrom).toBe(of.key.id)
        await compareKey(real, key)
      },
      compare: () => compareKey(real, of.key),
    }
  },
)

export const BACKUP_STEPS: readonly Command[] = [backupKey, backupKey, restoreKey, restoreKey]
