/** Rotation policies: what the wire has, what lies with the key, what the room does of it. */
import type { RotationInput } from '../../engine/api.ts'
import { LIMITS } from '../../domain/limits.ts'
import { bad, invalid } from './errors.ts'
import { duration, type Span } from './durations.ts'
import { anyCase, list, may, need, record, type Values } from './fields.ts'
import type { VaultHere } from './face.ts'

const TRIGGER = record({ timeAfterCreate: may(duration), timeBeforeExpiry: may(duration) })
const ACTION = record({ type: need(anyCase('Rotate', 'Notify')) })
export const ROTATION_POLICY = {
  lifetimeActions: may(list(record({ trigger: need(TRIGGER), action: need(ACTION) }), 8)),
  attributes: may(record({ expiryTime: may(duration) })),
}
type Given = Values<typeof ROTATION_POLICY>
type Lifetime = NonNullable<Given['lifetimeActions']>[number]

/** As it lies with the key; times in seconds. */
export interface KeptRotation {
  readonly lifetimeActions: readonly {
    readonly trigger: Readonly<Record<string, string>>
    readonly action: { readonly type: string }
  }[]
  readonly expiryTime?: string
  readonly expiryDays?: number
  readonly created: number
  readonly updated: number
}

/** Days (contracts: Azure 4.7). */
const MIN_DAYS = { expiry: 28, vault: 7, hsm: 28 } as const

/** What the room is told, and what is kept. */
export interface ReadRotation {
  readonly rotation: RotationInput | null
  readonly kept: Omit<KeptRotation, 'created' | 'updated'>
}

function onlyOne(actions: readonly Lifetime[], type: string): Lifetime | undefined {
  const found = actions.filter(({ action }) => action.type === type)
  if (found.length > 1) bad(`A rotation policy has at most one action of type ${type}.`)
  return found[0]
}

function triggerOf({ trigger }: Lifetime): readonly [string, Span] {
  const given = Object.entries(trigger).filter((each): each is [string, Span] => !!each[1])
  if (given.length !== 1)
    invalid('lifetimeActions.trigger', 'either timeAfterCreate or timeBeforeExpiry')
  return given[0]!
}

/** @throws 400 BadParameter */
export function readRotation(given: Given, { managedHsm }: VaultHere): ReadRotation {
  const { lifetimeActions: actions = [], attributes } = given
  const expiry = attributes?.expiryTime
  if (expiry) inDays('attributes.expiryTime', expiry, MIN_DAYS.expiry)
  const rotate = onlyOne(actions, 'Rotate')
  const notify = onlyOne(actions, 'Notify')
  if (notify) checkNotify(notify, managedHsm)
  return {
    rotation: rotate ? rotationOf(rotate, expiry, managedHsm) : null,
    kept: {
      lifetimeActions: actions.map((each) => {
        const [name, { text }] = triggerOf(each)
        return { trigger: { [name]: text }, action: { type: each.action.type } }
      }),
      ...(expiry && { expiryTime: expiry.text, expiryDays: expiry.days }),
    },
  }
}

function inDays(path: string, { days, text }: Span, min: number): number {
  if (days >= min && days <= LIMITS.rotationDaysMax) return days
  return invalid(path, `${min} to ${LIMITS.rotationDaysMax} days, got ${text}`)
}

function checkNotify(notify: Lifetime, managedHsm: boolean): void {
  if (managedHsm) bad('Actions of type Notify are not supported by managed HSMs.')
  const [name] = triggerOf(notify)
  if (name !== 'timeBeforeExpiry')
    bad('An action of type Notify has the trigger timeBeforeExpiry and no other.')
}

function rotationOf(rotate: Lifetime, expiry: Span | undefined, managedHsm: boolean) {
  const min = managedHsm ? MIN_DAYS.hsm : MIN_DAYS.vault
  const [name, span] = triggerOf(rotate)
  const days = inDays(`lifetimeActions.trigger.${name}`, span, min)
  const after = { ...(expiry && { expiryDays: expiry.days }) }
  if (name === 'timeAfterCreate') {
    if (expiry && expiry.days - days < min)
      bad(`A key has to rotate at least ${min} days before it expires.`)
    return { daysAfterCreation: days, ...after }
  }
  if (!expiry) return bad('The trigger timeBeforeExpiry needs attributes.expiryTime.')
  if (expiry.days - days < min)
    bad(`A key has to rotate at least ${min} days after it was created.`)
  return { daysBeforeExpiry: days, ...after }
}

/** What a vault has of a key for which nobody has set one. */
export const defaultRotation = ({ managedHsm }: VaultHere): object => ({
  lifetimeActions: managedHsm
    ? null
    : [{ trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } }],
  attributes: null,
})

export const shownRotation = (kept: KeptRotation, id: string): object => ({
  id,
  lifetimeActions: kept.lifetimeActions,
  attributes: {
    ...(kept.expiryTime !== undefined && { expiryTime: kept.expiryTime }),
    created: kept.created,
    updated: kept.updated,
  },
})
