/** Copies of a multi-Region key, as each is when it knows the others; tests change a field. */
import { familyOf } from '../../src/domain/family.ts'
import type { KeyRecord, RotationPolicy } from '../../src/domain/records.ts'
import { settleKey, settleVault, type KeyView, type VaultView } from '../../src/domain/settle.ts'
import { VAULT, keyAt, vaultAt } from './views.ts'

export const NOW = 1000
export const WHOLE = vaultAt(NOW)
export const RESTORING = vaultAt(NOW, { state: 'restoring' })
/** A vault that another room leads. */
export const FOLLOWED = settleVault({ record: VAULT, seq: 1n }, NOW, 'replica')
export const GONE_VAULT = vaultAt(NOW, { deletion: { at: 600, scheduledAt: 1 } })

/** Gone: swept already, or not yet. */
export const SWEPT = { state: 'deleted', deletedAt: 500 } as const
export const OVER = { deletion: { at: 700, scheduledAt: 1 } }
export const SCHEDULED = { deletion: { at: NOW + 1, scheduledAt: 1 } }

export const LEADS = { primacy: 1 }
export const FOLLOWS = { primacy: 0 }

export const POLICY: RotationPolicy = { everyDays: 1, startAt: 100, enabled: true, updatedAt: 0 }
export const DUE = { rotation: { ...POLICY, nextAt: NOW } }
export const NOT_DUE = { rotation: { ...POLICY, nextAt: NOW + 1 } }

export type Change = Partial<KeyRecord>
/** As the others see it: it does not know them. */
export const copy = (vaultId: string, change: Change = {}, vault: VaultView = WHOLE): KeyView =>
  keyAt(NOW, { vaultId, ...change }, vault)

/** A key that lies in one vault for ever. */
export const SINGLE = copy('a')

export const among = ({ record, seq, vault }: KeyView, others: readonly KeyView[]): KeyView =>
  settleKey({ record, seq }, vault, NOW, { family: familyOf(record, others) })

export const family = (...copies: readonly KeyView[]): readonly KeyView[] =>
  copies.map((each) =>
    among(
      each,
      copies.filter((other) => other !== each),
    ),
  )

/** The first of some copies. */
export const first = (...copies: readonly KeyView[]): KeyView => family(...copies)[0]!

export const vaultOf = (view: KeyView | undefined): string | undefined => view?.record.vaultId
