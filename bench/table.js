/** Results of several processes as one table: median of medians, with the least and the greatest. */
import { spread } from './harness.js'

const number = (value) => value.toFixed(2)
const range = ({ median, min, max }) => `${number(median)} (${number(min)}–${number(max)})`

/** What is compared with a budget: ratios, and amounts where the budget is one. */
const LEAST = { better: (value, bound) => value >= bound, sign: '≥' }
const MOST = { better: (value, bound) => value <= bound, sign: '≤' }
const AMOUNTS = ['milliseconds', 'megabytes']
const directionOf = (yardstick) => (AMOUNTS.includes(yardstick) ? MOST : LEAST)

/** @param results one `{ ratios, microseconds }` per process */
export function summarise({ name, title, budget = {} }, results, keys) {
  const yardsticks = Object.keys(results[0].ratios)
  const columns = Object.fromEntries(
    yardsticks.map((yardstick) => [
      yardstick,
      spread(results.map((each) => each.ratios[yardstick])),
    ]),
  )
  for (const gauge of Object.keys(results[0].gauges ?? {}))
    columns[gauge] = spread(results.map((each) => each.gauges[gauge]))
  if ('milliseconds' in budget && !columns.milliseconds)
    columns.milliseconds = spread(results.map((each) => each.microseconds / 1000))
  const verdicts = Object.entries(budget).map(([yardstick, bound]) => {
    const { better, sign } = directionOf(yardstick)
    const met = better(columns[yardstick].median, bound)
    return { yardstick, bound, text: `${sign} ${number(bound)} ${yardstick}`, met }
  })
  return {
    name,
    title: typeof title === 'function' ? title(keys) : title,
    columns,
    verdicts,
    microseconds: spread(results.map((each) => each.microseconds)),
  }
}

const HEADINGS = ['operation', 'vs stripped', 'vs idiomatic', 'vs other', 'budget', '']

function row({ title, columns, verdicts }) {
  const { stripped, idiomatic, ...others } = columns
  const other = Object.entries(others).map(([name, value]) => `${range(value)} ${name}`)
  return [
    title,
    stripped ? range(stripped) : '',
    idiomatic ? range(idiomatic) : '',
    other.join(', '),
    verdicts.map(({ text }) => text).join(', '),
    verdicts.length === 0 ? '' : verdicts.every(({ met }) => met) ? 'ok' : 'short',
  ]
}

/** A Markdown table, aligned for a terminal. */
export function table(summaries) {
  const rows = [HEADINGS, ...summaries.map(row)]
  const widths = HEADINGS.map((_, i) => Math.max(...rows.map((cells) => cells[i].length)))
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')
}
