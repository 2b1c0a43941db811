/** Answers of pure functions of texts that come again and again: names, URLs. */

const KEPT_MAX = 10_000
/** Longer texts are not the ones that come again. */
const LENGTH_MAX = 512

/** The same function, which remembers; when it knows too much it forgets all of it. */
export function memo<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    if (text.length > LENGTH_MAX) return made
    if (known.size >= KEPT_MAX) known.clear()
    known.set(text, made)
    return made
  }
}
