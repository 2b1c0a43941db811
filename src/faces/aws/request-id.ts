/** Names of requests: unique in a process, formed like the service's. They are no secrets. */

let count = 0

export function newRequestId(): string {
  const digits = (++count).toString(16).padStart(32, '0')
  return [0, 8, 12, 16, 20].map((at, i, all) => digits.slice(at, all[i + 1])).join('-')
}
