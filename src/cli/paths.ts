/** Files that the person at the terminal names: what goes wrong with them, in our own words. */
import { StrongroomError } from '../base/errors.ts'

/** `-` stands for standard input or output. */
export const STANDARD = '-'

/** What the system says about a path that someone named, as their mistake to correct. */
const NAMED: Readonly<Record<string, string>> = {
  ENOENT: 'there is none',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links form a loop',
  EROFS: 'the file system is read-only',
}

/** Turns a system error about a file into ours; leaves our own errors as they are. */
export function fileFailure(what: string, path: string, error: unknown): Error {
  const code = systemCode(error)
  if (code === undefined) return error instanceof Error ? error : new Error(String(error))
  const name = path === STANDARD ? 'the standard stream' : JSON.stringify(path)
  if (Object.hasOwn(NAMED, code))
    return new StrongroomError(
      'INVALID_ARGUMENT',
      `${what}: expected a file that can be used at ${name}, but ${NAMED[code]!}.`,
      { cause: error },
    )
  return new StrongroomError('UNAVAILABLE', `${what}: ${name} failed with ${code}.`, {
    cause: error,
  })
}

/** The code of an error of the operating system, as `ENOSPC`. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
