/** Commands that use material, and those that let time pass. */
import fc from 'fast-check'
import { expect } from 'vitest'
import * as m from '../../src/testing/model.ts'
import { concat, utf8 } from '../../src/base/bytes.ts'
import { compareAll, outcome, UNKNOWN_ID, type Made, type Real } from './real.ts'
import { keysOf, pickVault } from './steps-vaults.ts'
import { choice, pick, step, type Command, type Plan } from './step.ts'

const MESSAGE = utf8('what is protected')
const CONTEXT = { table: 'orders' }
type UseName = keyof typeof m.USES

interface Target {
  readonly keyId: string
  readonly versionId?: string
}

/** Makes protected bytes: what each use is called and answers. */
const MAKE = {
  encrypt: async (real: Real, target: Target) => {
    const made = await real.room.encrypt({ ...target, plaintext: MESSAGE, context: CONTEXT })
    return { bytes: made.ciphertext, versionId: made.versionId }
  },
  generateDataKey: async (real: Real, target: Target) => {
    const made = await real.room.generateDataKey({ ...target, context: CONTEXT })
    expect(made.plaintext).toHaveLength(32)
    return { bytes: made.ciphertext, versionId: made.versionId }
  },
  wrapKey: async (real: Real, target: Target) => {
    const made = await real.room.wrapKey({ ...target, plaintext: MESSAGE })
    return { bytes: made.wrapped, versionId: made.versionId }
  },
  sign: async (real: Real, target: Target) => {
    const made = await real.room.sign({ ...target, message: MESSAGE })
    return { bytes: made.signature, versionId: made.versionId }
  },
  encapsulate: async (real: Real, target: Target) => {
    const made = await real.room.encapsulate(target)
    return { bytes: concat(made.sharedSecret, made.ciphertext), versionId: made.versionId }
  },
  generateMac: async (real: Real, target: Target) => {
    const made = await real.room.generateMac({ ...target, message: MESSAGE })
    return { bytes: made.mac, versionId: made.versionId }
  },
} as const
type MakeName = keyof typeof MAKE

/** Opens or checks them again. */
const OPEN = {
  encrypt: ['decrypt', (real: Real, { bytes }: Made) => decrypts(real, bytes, true)],
  generateDataKey: ['decrypt', (real: Real, { bytes }: Made) => decrypts(real, bytes, false)],
  wrapKey: [
    'unwrapKey',
    async (real: Real, made: Made) => {
      const { plaintext } = await real.room.unwrapKey({ ...place(made), wrapped: made.bytes })
      expect(plaintext).toEqual(MESSAGE)
    },
  ],
  sign: [
    'verify',
    async (real: Real, made: Made) => {
      const input = { ...place(made), message: MESSAGE, signature: made.bytes }
      expect((await real.room.verify(input)).valid).toBe(true)
    },
  ],
  encapsulate: [
    'decapsulate',
    async (real: Real, made: Made) => {
      const [expected, ciphertext] = [made.bytes.subarray(0, 32), made.bytes.subarray(32)]
      const { sharedSecret } = await real.room.decapsulate({ ...place(made), ciphertext })
      expect(sharedSecret).toEqual(expected)
    },
  ],
  generateMac: [
    'verifyMac',
    async (real: Real, made: Made) => {
      const input = { ...place(made), message: MESSAGE, mac: made.bytes }
      expect((await real.room.verifyMac(input)).valid).toBe(true)
    },
  ],
} as const satisfies Record<MakeName, readonly [UseName, (real: Real, made: Made) => Promise<void>]>

const place = (made: Made): Required<Target> => ({
  keyId: made.key.id,
  versionId: made.version.id,
})

async function decrypts(real: Real, ciphertext: Uint8Array, message: boolean): Promise<void> {
  const { plaintext } = await real.room.decrypt({ ciphertext, context: CONTEXT })
  if (message) expect(plaintext).toEqual(MESSAGE)
  const other = await outcome(() => real.room.decrypt({ ciphertext, context: { table: 'o' } }))
  expect('code' in other ? other.code : 'opened').toBe('INVALID_CIPHERTEXT')
}

/** Mostly what the key is for; now and then what it is not for. */
function useOf(key: m.ModelKey | undefined, n: number): MakeName {
  const names = Object.keys(MAKE) as MakeName[]
  const fit = names.filter((name) => key?.purposes.includes(m.USES[name].purpose))
  return n % 8 === 7 || fit.length === 0 ? names[n % names.length]! : fit[n % fit.length]!
}

function makePlan(
  real: Real,
  model: m.Model,
  key: m.ModelKey | undefined,
  named: m.ModelVersion | undefined,
  name: MakeName,
  target: Target & { vaultId?: string },
): Plan<unknown, unknown> {
  return {
    model: () => (key ? m.use(model, key, m.USES[name], named) : m.refuse('NOT_FOUND')),
    call: () => MAKE[name](real, target),
    agree: (version: m.ModelVersion, made: { bytes: Uint8Array; versionId: string }) => {
      expect(made.versionId).toBe(version.id)
      real.made.push({ key: version.key, version, bytes: made.bytes, by: name })
    },
  }
}

const make = step('Make', { key: choice, version: choice, use: choice }, (args, model, real) => {
  const key = pick(keysOf(model), args.key, (known) => m.keyState(known) === 'enabled')
  const named =
    args.version % 2 === 0 ? undefined : key?.versions[args.version % key.versions.length]
  const target = { keyId: key?.id ?? UNKNOWN_ID, ...(named && { versionId: named.id }) }
  return makePlan(real, model, key, named, useOf(key, args.use), target)
})

/** By an alias, in a named vault. */
const makeByAlias = step(
  'MakeByAlias',
  { vault: choice, name: fc.constantFrom('alias/a', 'alias/b', 'alias/team/c') },
  ({ vault, name }, model, real) => {
    const where = pickVault(model, vault)
    const key = where?.aliases.get(name)
    const target = { keyId: name, vaultId: where?.id ?? UNKNOWN_ID }
    return makePlan(real, model, key, undefined, useOf(key, 0), target)
  },
)

const open = step('Open', { made: choice }, ({ made: n }, model, real) => {
  const made = real.made[n % Math.max(1, real.made.length)]
  if (!made) return { model: () => undefined, call: async () => undefined }
  const [name, call] = OPEN[made.by]
  return {
    model: () => m.use(model, made.key, m.USES[name], made.version),
    call: () => call(real, made),
  }
})

const hours = fc.constantFrom(1, 24, 24 * 3, 24 * 7, 24 * 30, 24 * 30 + 1)

/** Time jumps; whether anything ran on the way makes no difference. */
const advance = step('Advance', { hours, tick: fc.boolean() }, (args, model, real) => ({
  model: () => m.advance(model, args.hours * 3_600_000),
  call: async () => {
    real.clock.advance({ hours: args.hours })
    if (args.tick) await real.room.tick()
  },
  compare: () => compareAll(real, model),
}))

const tick = step('Tick', {}, (_, model, real) => ({
  model: () => undefined,
  call: () => real.room.tick(),
  compare: () => compareAll(real, model),
}))

const reopen = step('Reopen', {}, (_, model, real) => ({
  model: () => undefined,
  call: () => real.reopen(),
  compare: () => compareAll(real, model),
}))

export const USE_STEPS: readonly Command[] = [
  make,
  make,
  make,
  make,
  make,
  makeByAlias,
  open,
  open,
  open,
]
export const TIME_STEPS: readonly Command[] = [advance, advance, tick, reopen]
