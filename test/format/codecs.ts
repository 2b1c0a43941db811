/** Every layout that can be read back, as one table: the shared properties run over all of them. */
import type { ErrorCode } from '../../src/base/errors.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/format/checkpoint.ts'
import { ciphertextHeader, linkedHeader, parseCiphertext } from '../../src/format/ciphertext.ts'
import { envelopeHeader, parseEnvelope } from '../../src/format/envelope.ts'
import { decodeErase, encodeErase } from '../../src/format/erase.ts'
import * as heads from '../../src/format/heads.ts'
import { PATHS, parsePath, path } from '../../src/format/paths.ts'
import type { ParsedPath } from '../../src/format/paths.ts'
import {
  RECORD_KIND_NAMES,
  decodeRecord,
  decodeValue,
  encodeRecord,
  encodeValue,
} from '../../src/format/records.ts'
import type { RecordKind } from '../../src/format/records.ts'
import { decodeSealHeader, encodeSealHeader } from '../../src/format/seal-header.ts'
import { decodeStreamHeader, encodeStreamHeader } from '../../src/format/stream.ts'
import type { StreamHeader } from '../../src/format/stream.ts'

export interface TestCodec {
  readonly encode: (value: unknown) => Uint8Array
  /** Throws on refusal, or answers undefined where the format does so. */
  readonly decode: (bytes: Uint8Array) => unknown
  /** The code of every refusal; undefined: it answers undefined instead. */
  readonly refusal: ErrorCode | undefined
}

/** `encode` is given what `decode` answered or the arbitrary of this layout made. */
const codec = (
  encode: (value: never) => Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  refusal: ErrorCode | undefined = 'INTEGRITY',
): TestCodec => ({ encode: encode as (value: unknown) => Uint8Array, decode, refusal })

const recordCodec = (kind: RecordKind): TestCodec =>
  codec(
    (value: never) => encodeRecord(kind, value),
    (bytes) => decodeRecord(kind, bytes),
  )

function encodePath(parsed: ParsedPath): Uint8Array {
  const [, ...parts] = PATHS[parsed.kind]
  const build = path[parsed.kind] as (...values: unknown[]) => Uint8Array
  return build(...parts.map((part) => parsed[part]))
}

/** The incremental decoder as a whole one: wanting more, or leaving a rest, counts as a refusal. */
function decodeWholeStreamHeader(bytes: Uint8Array): StreamHeader | undefined {
  const progress = decodeStreamHeader(bytes)
  return 'header' in progress && progress.headerBytes === bytes.length ? progress.header : undefined
}

/** A header alone: what follows is the suite's business. */
const exactly =
  (length: number, decode: (bytes: Uint8Array) => unknown) =>
  (bytes: Uint8Array): unknown =>
    bytes.length > length ? undefined : decode(bytes)

function readCiphertextHeader(bytes: Uint8Array): unknown {
  const parsed = parseCiphertext(bytes)
  const { spec, versionId, linked } = parsed ?? {}
  return parsed && { spec, versionId, ...(linked && { linked }) }
}

export const CODECS: Readonly<Record<string, TestCodec>> = {
  ...Object.fromEntries(RECORD_KIND_NAMES.map((kind) => [`record ${kind}`, recordCodec(kind)])),
  value: codec(encodeValue, decodeValue),
  'vault head': codec(heads.encodeVaultHead, heads.decodeVaultHead),
  'realm head': codec(heads.encodeRealmHead, heads.decodeRealmHead),
  anchor: codec(heads.encodeAnchor, heads.decodeAnchor),
  order: codec(heads.encodeOrder, heads.decodeOrder),
  checkpoint: codec(encodeCheckpoint, decodeCheckpoint),
  'seal header': codec(encodeSealHeader, decodeSealHeader),
  'erase file': codec(encodeErase, decodeErase),
  'stream header': codec(encodeStreamHeader, decodeWholeStreamHeader, 'INVALID_CIPHERTEXT'),
  path: codec(encodePath, parsePath, undefined),
  'envelope header': codec(
    ({ kind, seq }: ReturnType<typeof parseEnvelope>) => envelopeHeader(kind, seq),
    exactly(11, parseEnvelope),
  ),
  'ciphertext header': codec(
    ({ spec, versionId, linked }: { spec: 'AES_256'; versionId: string; linked?: true }) =>
      linked ? linkedHeader(versionId) : ciphertextHeader(spec, versionId),
    exactly(18, readCiphertextHeader),
    undefined,
  ),
}
