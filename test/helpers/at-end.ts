/**
 * What helpers open while a test file runs is closed when it ends. A hook of theirs would belong to
 * the first file of a worker alone, since their modules outlive it.
 */
const closers: (() => unknown)[] = []

export const atEnd = (close: () => unknown): void => void closers.push(close)

/** The last one first: what was opened later stands on what was opened before. */
export async function closeAll(): Promise<void> {
  for (let close = closers.pop(); close; close = closers.pop()) await close()
}
