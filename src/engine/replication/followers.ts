/**
 * How far the replicas are, as they told when they last asked. Not kept on disk: after a restart they
 * ask again.
 */
export class Followers {
  readonly #heard = new Map<string, Map<string, bigint>>()

  /** A replica has everything up to here. */
  heard(vaultId: string, region: string, seq: bigint): void {
    const regions = this.#heard.get(vaultId) ?? new Map<string, bigint>()
    this.#heard.set(vaultId, regions.set(region, seq))
  }

  /** Undefined while it has not asked since the room was opened. */
  positionOf(vaultId: string, region: string): bigint | undefined {
    return this.#heard.get(vaultId)?.get(region)
  }

  forget(vaultId: string, region: string): void {
    this.#heard.get(vaultId)?.delete(region)
  }
}
