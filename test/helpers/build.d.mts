/** The folder that holds `src` and `test` as JavaScript. */
export function builtTree(): Promise<string>
