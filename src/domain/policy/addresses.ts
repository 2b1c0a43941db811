/** IP addresses and CIDR blocks of `IpAddress` conditions (RFC 4632, RFC 4291 section 2.2). */

interface Block {
  readonly bits: bigint
  readonly width: 32 | 128
  readonly prefix: number
}

function v4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let bits = 0n
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    bits = (bits << 8n) | BigInt(part)
  }
  return bits
}

/** Groups of one side of `::`; a dotted quad at the end counts for two. */
function groups(text: string): readonly bigint[] | undefined {
  if (text === '') return []
  const found: bigint[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) found.push(BigInt(`0x${part}`))
    else {
      const quad = i === parts.length - 1 ? v4(part) : undefined
      if (quad === undefined) return undefined
      found.push(quad >> 16n, quad & 0xffffn)
    }
  }
  return found
}

function v6(text: string): bigint | undefined {
  const sides = text.split('::')
  if (sides.length > 2) return undefined
  const head = groups(sides[0]!)
  const tail = groups(sides[1] ?? '')
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (sides.length === 1 ? missing !== 0 : missing < 1) return undefined
  const all = [...head, ...Array.from({ length: Math.max(missing, 0) }, () => 0n), ...tail]
  return all.reduce((bits, group) => (bits << 16n) | group, 0n)
}

/** An address, or a block `address/prefix`; undefined when it is neither. */
export function parseBlock(text: string): Block | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const four = v4(address)
  const bits = four ?? v6(address)
  if (bits === undefined || rest.length > 0) return undefined
  const width = four === undefined ? 128 : 32
  if (prefix === undefined) return { bits, width, prefix: width }
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > width) return undefined
  return { bits, width, prefix: Number(prefix) }
}

export function inBlock(text: string, block: Block): boolean {
  const address = parseBlock(text)
  if (!address || address.prefix !== address.width || address.width !== block.width) return false
  const drop = BigInt(block.width - block.prefix)
  return address.bits >> drop === block.bits >> drop
}
