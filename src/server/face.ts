/** What the server needs to know of a face: which requests are its own, and who may ask. */
export interface Face {
  /** For logs and metrics: `oci`, `replication` … */
  readonly name: string
  /** True for requests that speak its dialect; the first face that claims one answers it. */
  readonly claims: (request: Request) => boolean
  readonly handle: (request: Request) => Promise<Response>
  /** 413 in its dialect, for a body beyond the bound of the server. */
  readonly tooLarge?: () => Response
  /** It checks who asks: only then it may listen beyond this machine. */
  readonly authenticates: boolean
}
