/**
 * Pages that are written from the tables of the source, so that they cannot say anything else. A test compares them;
 * `npm run docs` writes them.
 */
import { ERROR_CODES } from '../src/base/errors.ts'
import {
  ALGORITHM_NAMES,
  ALGORITHMS,
  defaultAlgorithm,
  SPEC_NAMES,
  SPECS,
} from '../src/domain/algorithms.ts'
import { TABLES } from '../src/domain/lifecycle.ts'
import { LIMITS } from '../src/domain/limits.ts'
import { OPERATIONS, type OperationRow } from '../src/domain/operations.ts'
import { SCHEMA_FIELDS } from '../src/engine/schemas.ts'
import { awsPage } from './faces/aws.ts'
import { azurePage } from './faces/azure.ts'
import { ociPage } from './faces/oci.ts'
import { code, list, page, table } from './markdown.ts'

type Rows = Readonly<Record<string, Readonly<Record<string, string>>>>

/** One lifecycle: the table of state x event, and the same as a diagram. */
function lifecycle(kind: string, rows: Rows): string {
  const events = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))]
  const cells = Object.entries(rows).map(([state, row]) => [
    code(state),
    ...events.map((event) => row[event] ?? ''),
  ])
  const arrows = Object.entries(rows).flatMap(([state, row]) =>
    Object.entries(row).map(([event, target]) => {
      const back = Object.keys(rows).filter((from) => rows[from]?.['schedule'] === state)
      return (target === 'previous' ? back : [target]).map((to) => `  ${state} --> ${to}: ${event}`)
    }),
  )
  const diagram = ['```mermaid', 'stateDiagram-v2', ...arrows.flat(), '```'].join('\n')
  return [`## ${kind}`, table(['state', ...events.map(code)], cells), diagram].join('\n\n')
}

function lifecyclePage(): string {
  return page(
    'Lifecycle',
    'An empty cell is a refusal with the code `INVALID_STATE`. `previous` is the state before the deletion was' +
      ' scheduled. `due` happens by time alone: what a resource is follows from its record and the clock.' +
      ' While a vault is pending deletion its keys are too, with its time unless they have their own; the same' +
      ' holds for the versions of a key.',
    ...Object.entries(TABLES).map(([kind, rows]) => lifecycle(kind, rows as Rows)),
  )
}

function operationRow([name, row]: readonly [string, OperationRow]): readonly string[] {
  const event = 'event' in row ? `event ${code(row.event)}` : ''
  const needs =
    row.target === 'use' ? [row.purpose && `purpose ${code(row.purpose)}`, row.mode] : [event]
  return [
    code(name),
    row.target,
    row.writes ? 'yes' : '',
    list(row.vault),
    'key' in row ? list(row.key) : '',
    needs.filter(Boolean).join(', '),
  ]
}

function operationsPage(): string {
  const head = ['operation', 'on', 'writes', 'vault is', 'key is', 'needs']
  const inputs = Object.entries(SCHEMA_FIELDS).map(([name, fields]) => [
    code(name),
    Object.entries(fields)
      .map(([field, { optional }]) => code(optional ? `${field}?` : field))
      .join(' '),
  ])
  return page(
    'Operations',
    'What the permit asks of vault and key, beside the lifecycle tables. `apply` makes new protected data: it wants the' +
      ' current version (or one that is named, where `olderVersions` is `all`), inside its validity window. `process`' +
      ' opens and verifies what is there, with any enabled version.',
    table(head, Object.entries(OPERATIONS).map(operationRow)),
    '## Inputs',
    table(['operation', 'fields'], inputs),
  )
}

function algorithmsPage(): string {
  const specs = SPEC_NAMES.map((name) => {
    const spec = SPECS[name]
    const fitting = ALGORITHM_NAMES.filter((algorithm) => fits(name, algorithm))
    return [code(name), list(spec.purposes), list(spec.defaults), list(fitting)]
  })
  const implied = SPEC_NAMES.flatMap((name) =>
    SPECS[name].purposes.flatMap((purpose) => {
      const algorithm = defaultAlgorithm(name, purpose)
      return algorithm ? [[code(name), code(purpose), code(algorithm)]] : []
    }),
  )
  return page(
    'Specs and algorithms',
    table(['spec', 'purposes', 'when none are named', 'algorithms'], specs),
    '## When no algorithm is named',
    'RSA keys have no default for encryption, wrapping and signing: name one.',
    table(['spec', 'purpose', 'algorithm'], implied),
  )
}

function fits(spec: keyof typeof SPECS, name: keyof typeof ALGORITHMS): boolean {
  const row: { families: readonly string[]; specs?: readonly string[]; kind: string } =
    ALGORITHMS[name]
  const { family, bits } = SPECS[spec]
  if (row.kind === 'hmac') return family === 'hmac' && name === `HMAC_SHA_${bits}`
  return row.specs ? row.specs.includes(spec) : row.families.includes(family)
}

function errorsPage(): string {
  return page(
    'Error codes',
    'Every error is a `StrongroomError` with one of these codes. The message says what was expected and what came.',
    table(
      ['code', 'what to do'],
      Object.entries(ERROR_CODES).map(([name, remedy]) => [code(name), remedy]),
    ),
    '## Bounds',
    table(
      ['bound', 'value'],
      Object.entries(LIMITS).map(([name, value]) => [code(name), value.toLocaleString('en')]),
    ),
  )
}

/** Every generated page by its path. */
export const documents = (): Readonly<Record<string, string>> => ({
  'docs/lifecycle.md': lifecyclePage(),
  'docs/operations.md': operationsPage(),
  'docs/algorithms.md': algorithmsPage(),
  'docs/errors.md': errorsPage(),
  'docs/faces/aws.md': awsPage(),
  'docs/faces/azure.md': azurePage(),
  'docs/faces/oci.md': ociPage(),
})
