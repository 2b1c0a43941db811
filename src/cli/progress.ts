/**
 * A bar on stderr for work that takes long enough to wonder about; only on a terminal, and loaded
 * only then.
 */

export interface Progress {
  /** So many bytes more are done. */
  add(bytes: number): void
  stop(): void
}

const SILENT: Progress = { add: () => undefined, stop: () => undefined }

/** Below this a bar would only flash. */
const SIZE_BYTES_MIN = 8 * 1024 * 1024
const MEBIBYTE = 1024 * 1024

export async function progressOf(sizeBytes: number | undefined, label: string): Promise<Progress> {
  if (!process.stderr.isTTY || sizeBytes === undefined || sizeBytes < SIZE_BYTES_MIN) return SILENT
  const { default: progress } = await import('cli-progress')
  const bar = new progress.SingleBar({
    format: `${label} [{bar}] {percentage}% {value}/{total} MiB, {eta} s left`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  })
  const total = Math.ceil(sizeBytes / MEBIBYTE)
  bar.start(total, 0)
  let done = 0
  return {
    add(bytes) {
      done += bytes
      bar.update(Math.min(total, Math.floor(done / MEBIBYTE)))
    },
    stop: () => bar.stop(),
  }
}
