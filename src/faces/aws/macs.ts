/** TABLE of the operations that authenticate messages (contracts: AWS 8.4, 17). */
import { row, type Call } from './call.ts'
import { KmsFault } from './errors.ts'
import { PLAINTEXT, PROOF, USE } from './members.ts'
import { MAC_ALGORITHMS, namesOf, type MacAlgorithm } from './specs.ts'
import { need, words } from './shape.ts'
import { needAlgorithm, useKey, withKey } from './use.ts'

const MAC = {
  ...USE,
  Message: need(PLAINTEXT),
  MacAlgorithm: need(words(...namesOf(MAC_ALGORITHMS))),
}

interface Asked {
  readonly KeyId: string
  readonly Message: Uint8Array
  readonly MacAlgorithm: MacAlgorithm
}

async function asked(call: Call<Asked>, operation: 'generateMac' | 'verifyMac') {
  const { KeyId, Message: message, MacAlgorithm } = call.input
  const used = await useKey(call, KeyId)
  await needAlgorithm(call, operation, used, 'GENERATE_VERIFY_MAC', MacAlgorithm)
  const algorithm = MAC_ALGORITHMS[MacAlgorithm]
  return { used, input: { ...withKey(call, used), message, algorithm } }
}

export const MAC_ROWS = {
  GenerateMac: row({
    room: ['generateMac'],
    dryRun: true,
    input: MAC,
    answer: async (call) => {
      const { used, input } = await asked(call, 'generateMac')
      const { mac } = await call.room.generateMac(input)
      return { Mac: mac, MacAlgorithm: call.input.MacAlgorithm, KeyId: used.arn }
    },
  }),

  VerifyMac: row({
    room: ['verifyMac'],
    dryRun: true,
    input: { ...MAC, Mac: need(PROOF) },
    answer: async (call) => {
      const { used, input } = await asked(call, 'verifyMac')
      const { valid } = await call.room.verifyMac({ ...input, mac: call.input.Mac })
      if (!valid) throw new KmsFault('KMSInvalidMacException')
      return { KeyId: used.arn, MacValid: true, MacAlgorithm: call.input.MacAlgorithm }
    },
  }),
}
