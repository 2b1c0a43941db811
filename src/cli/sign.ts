/**
 * `strongroom sign` and `verify`: the file is hashed as a stream and its digest is signed, so size
 * does not matter; of ML-DSA the message representative. Pure Ed25519 (RFC 8032) signs the message
 * itself: there the engine's bound on messages holds.
 */
import { createHash } from 'node:crypto'
import type { Hash as NodeHash } from 'node:crypto'
import type { Command } from 'commander'
import type { Key } from '../engine/api.ts'
import type { Strongroom } from '../index.ts'
import type { AlgorithmRow, Hash, SigningAlgorithm, Spec } from '../domain/algorithms.ts'
import { algorithmFor, defaultAlgorithm, SIGNING_ALGORITHMS, SPECS } from '../domain/algorithms.ts'
import { StrongroomError } from '../base/errors.ts'
import { LIMITS } from '../domain/limits.ts'
import { EXIT } from './failures.ts'
import type { Input } from './input.ts'
import { openInput } from './input.ts'
import { oneOf } from './options.ts'
import { withOutput } from './output.ts'
import { STANDARD } from './paths.ts'
import { progressOf } from './progress.ts'
import { fields, printable } from './report.ts'
import { findKey } from './resolve.ts'
import { globalsOf, withRoom } from './runner.ts'
import { refuseBinaryWithJson } from './seal-file.ts'

interface SignOptions {
  readonly key: string
  readonly vault?: string
  readonly algorithm?: SigningAlgorithm
  readonly format?: 'DER' | 'RAW'
  readonly output?: string
  readonly force?: boolean
}

interface VerifyOptions extends SignOptions {
  readonly signature: string
}

const BLOCK_BYTES = 256 * 1024

const NODE_HASHES: Readonly<Record<Hash, string>> = {
  SHA_1: 'sha1',
  SHA_224: 'sha224',
  SHA_256: 'sha256',
  SHA_384: 'sha384',
  SHA_512: 'sha512',
}

const common = (command: Command): Command =>
  command
    .requiredOption('--key <key>', 'key id, alias/NAME or name')
    .option('--vault <vault>', 'vault id or name (default: all)')
    .option(
      '--algorithm <name>',
      `${SIGNING_ALGORITHMS.join(', ')} (default: by the key)`,
      oneOf('--algorithm', SIGNING_ALGORITHMS),
    )
    .option('--format <form>', 'ECDSA signatures: der or raw', oneOf('--format', ['DER', 'RAW']))

export function addSign(program: Command): void {
  common(program.command('sign <file>').description('sign a file of any size'))
    .option('-o, --output <file>', 'default: FILE.sig; - for standard output')
    .option('--force', 'replace the output when it exists')
    .action(async (file: string, options: SignOptions, command: Command) =>
      withRoom(command, async (room) => {
        const output = options.output ?? (file === STANDARD ? STANDARD : `${file}.sig`)
        refuseBinaryWithJson(output, globalsOf(command).json)
        const key = await findKey(room, options.key, options.vault)
        const signed = await room.sign(await request(room, file, key, options))
        const settings = { force: options.force === true, mode: 0o666 }
        await withOutput(output, settings, (target) => target.write(signed.signature))
        const data = { ...signed, output }
        return { data, text: output === STANDARD ? '' : described({ ...data, file }) }
      }),
    )
  common(program.command('verify <file>').description('check the signature of a file'))
    .requiredOption('--signature <file>', 'the signature, as `sign` wrote it')
    .action(async (file: string, options: VerifyOptions, command: Command) =>
      withRoom(command, async (room) => {
        const signature = await readSignature(options.signature)
        const key = await findKey(room, options.key, options.vault)
        const input = await request(room, file, key, options)
        const data = await room.verify({ ...input, signature })
        const name = printable(file)
        const text = `${data.valid ? 'Good' : 'BAD'} signature of ${name} (${data.algorithm}).`
        return { data, text, exit: data.valid ? EXIT.ok : EXIT.notOpened }
      }),
    )
}

const described = ({ file, output, algorithm, versionId }: Readonly<Record<string, unknown>>) =>
  fields({ file, signature: output, algorithm, version: versionId })

/** What `sign` and `verify` ask of the engine. */
async function request(room: Strongroom, file: string, key: Key, options: SignOptions) {
  const algorithm = options.algorithm ?? algorithmOf(key.spec)
  const row = algorithmFor(key.spec, algorithm)
  const input = await openInput(file)
  try {
    const message = await computed(room, key, row, input)
    const format = options.format && ({ format: options.format === 'RAW' ? 'raw' : 'der' } as const)
    return { keyId: key.id, vaultId: key.vaultId, algorithm, ...message, ...format }
  } finally {
    await input.close()
  }
}

/** The digest where the algorithm has one, the message representative of ML-DSA, or the message. */
async function computed(room: Strongroom, key: Key, row: AlgorithmRow, input: Input) {
  const { hash, muBytes } = row
  if (hash) {
    const message = await hashed(input, createHash(NODE_HASHES[hash]))
    return { message, messageType: 'digest' } as const
  }
  if (muBytes === undefined) return { message: await messageOf(input) }
  const { jwk } = await room.getPublicKey({ keyId: key.id, vaultId: key.vaultId })
  const shake256 = () => createHash('shake256', { outputLength: muBytes })
  // FIPS 204 algorithm 7, line 6, of a message without a context (algorithm 2, line 10).
  const tr = shake256().update(Buffer.from(jwk['pub']!, 'base64url')).digest()
  const mu = shake256().update(tr).update(Uint8Array.of(0, 0))
  return { message: await hashed(input, mu), messageType: 'externalMu' } as const
}

/** RSA keys must name an algorithm in the engine; a command line may choose PSS for them. */
function algorithmOf(spec: Spec): SigningAlgorithm {
  if (SPECS[spec].family === 'rsa') return 'RSA_PSS_SHA_256'
  const chosen = defaultAlgorithm(spec, 'sign')
  const found = SIGNING_ALGORITHMS.find((name) => name === chosen)
  if (found !== undefined) return found
  throw new StrongroomError('UNSUPPORTED', `key: expected a key that signs, got ${spec}.`)
}

async function hashed(input: Input, state: NodeHash): Promise<Uint8Array> {
  const progress = await progressOf(input.sizeBytes, 'hashing')
  try {
    for await (const { bytes } of input.blocks(BLOCK_BYTES)) {
      state.update(bytes)
      progress.add(bytes.length)
    }
  } finally {
    progress.stop()
  }
  return Uint8Array.from(state.digest())
}

async function messageOf(input: Input): Promise<Uint8Array> {
  const message = await input.read(LIMITS.messageBytesMax + 1)
  if (message.length <= LIMITS.messageBytesMax) return message
  throw new StrongroomError(
    'LIMIT_EXCEEDED',
    `input: expected at most ${LIMITS.messageBytesMax} bytes for ED25519, got more; ` +
      'ED25519PH signs files of any size.',
  )
}

async function readSignature(path: string): Promise<Uint8Array> {
  const input = await openInput(path)
  try {
    return await input.read(LIMITS.signatureBytesMax)
  } finally {
    await input.close()
  }
}
