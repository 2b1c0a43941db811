/** Numbers of LevelDB of any length: seven bits a byte, the lowest first. */
export class Varints {
  at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** NaN behind the end. */
  next(): number {
    let value = 0
    for (let scale = 1; this.at < this.#bytes.length; scale *= 128) {
      const byte = this.#bytes[this.at++]!
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return Number.NaN
  }
}
