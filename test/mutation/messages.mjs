/**
 * Leaves the wording of errors alone: which words a person reads is not behaviour, and a test that
 * repeats every sentence would only be in the way of better ones. Codes of errors are mutated, and
 * so is whatever decides inside a text.
 */

/** Function -> positions of its arguments that are words for people. */
const WORDS = {
  assert: [1],
  invalidArgument: [0, 1],
  refuse: [0, 1],
  refuseStream: [0],
  refuseBackup: [0],
  unsupported: [0],
  tooLong: [0],
  mistake: [0],
  damaged: [0],
  exceeded: [0, 3],
  refusePolicy: [2, 3],
  // An operator of a condition: what its values look like.
  is: [0],
  checkBytes: [0],
  checkedKey: [0],
  fromLevel: [1],
  Error: [0],
  StrongroomError: [1],
  StoreError: [1],
  Cursor: [1],
  CborReader: [2],
}

const nameOf = ({ type, name, property }) =>
  type === 'Identifier' ? name : type === 'MemberExpression' ? property.name : undefined

const isPlain = ({ type, expressions }) =>
  type === 'StringLiteral' ||
  (type === 'TemplateLiteral' &&
    expressions.every((part) => ['Identifier', 'MemberExpression'].includes(part.type)))

/** The whole of a text that is put together from pieces. */
const whole = (path) => (path.parent?.operator === '+' ? whole(path.parentPath) : path)

const isMessage = ({ parent, key, listKey }) =>
  listKey === 'arguments'
    ? WORDS[nameOf(parent.callee)]?.includes(key)
    : parent?.type === 'ObjectProperty' && key === 'value' && nameOf(parent.key) === 'message'

const shouldIgnore = (path) =>
  isPlain(path.node) && isMessage(whole(path)) ? 'words of an error' : undefined

export const strykerPlugins = [{ kind: 'Ignore', name: 'messages', value: { shouldIgnore } }]
