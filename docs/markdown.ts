/** Parts of which generated pages are made. */
const NOTE = '<!-- Written by `npm run docs` from the tables of the source: change those. -->'
export const page = (title: string, ...parts: readonly string[]): string =>
  `${[`# ${title}`, NOTE, ...parts].join('\n\n')}\n`

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export const code = (text: string): string => `\`${text}\``
export const list = (items: readonly string[] | undefined): string =>
  items?.map(code).join(' ') ?? ''
