/** Names of requests: unique in a process, formed like the service's. They are no secrets. */

let count = 0

export const newRequestId = (): string =>
  `00000000-0000-0000-0000-${(++count).toString(16).padStart(12, '0')}`
