/**
 * Members of a request out of the query of a presigned URL (contracts: AWS 3): texts, numbers by
 * their digits, flags by their words and bytes in base64. Lists, maps and structures have no form
 * there.
 */
import { unreadable, type Shape, type Type } from './shape.ts'

const FLAGS: Readonly<Record<string, boolean>> = {
  true: true,
  True: true,
  false: false,
  False: false,
}

const READ: Readonly<Partial<Record<Type['type'], (text: string) => unknown>>> = {
  text: (text) => text,
  blob: (text) => text,
  int: (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : undefined),
  time: (text) => (/^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined),
  flag: (text) => (Object.hasOwn(FLAGS, text) ? FLAGS[text] : undefined),
}

/** The members that a shape has; others are ignored. @throws SerializationException */
export function sourceOf(shape: Shape, members: ReadonlyMap<string, string>): object {
  const source: Record<string, unknown> = {}
  for (const [name, text] of members) {
    const of = Object.hasOwn(shape, name) ? shape[name]?.of : undefined
    if (!of) continue
    const value = READ[of.type]?.(text)
    if (value === undefined) throw unreadable()
    source[name] = value
  }
  return source
}
