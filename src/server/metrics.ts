/** Counters in the text form of Prometheus (exposition format 0.0.4). */
import type { Metrics } from '../index.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Requests by face and status, since the server was started. */
export type RequestCounts = ReadonlyMap<string, number>

/** The key of a count. */
export const requestKey = (face: string, status: number): string => `${face} ${status}`

interface Family {
  readonly name: string
  readonly help: string
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[]
}

/** Label values: backslash, quote and line end are escaped. */
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

function family({ name, help, samples }: Family): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
    return `${name}{${pairs.join(',')}} ${value}`
  })
  return [`# HELP ${name} ${help}`, `# TYPE ${name} counter`, ...lines].join('\n')
}

export function metricsText(metrics: Metrics, requests: RequestCounts): string {
  const operations = Object.entries(metrics)
  const families: readonly Family[] = [
    {
      name: 'strongroom_operations_total',
      help: 'Operations of the room by outcome.',
      samples: operations.flatMap(([operation, { outcomes }]) =>
        Object.entries(outcomes).map(
          ([outcome, count]) => [{ operation, outcome }, count] as const,
        ),
      ),
    },
    {
      name: 'strongroom_operation_seconds_total',
      help: 'Time spent in operations of the room.',
      samples: operations.map(([operation, { totalMs }]) => [{ operation }, totalMs / 1000]),
    },
    {
      name: 'strongroom_http_requests_total',
      help: 'HTTP requests by face and status.',
      samples: [...requests].map(([key, count]) => {
        const [face, status] = key.split(' ') as [string, string]
        return [{ face, status }, count]
      }),
    },
  ]
  return `${families.map(family).join('\n')}\n`
}
