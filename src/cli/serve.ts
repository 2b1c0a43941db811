/** `strongroom serve`: the store behind HTTP, until a signal ends it. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { invalidArgument } from '../base/errors.ts'
import type { OciOptions } from '../faces/oci/index.ts'
import type { Strongroom } from '../index.ts'
import type { AccessRecord, Face, RunningServer } from '../server/index.ts'
import { fields, jsonText } from './report.ts'
import { globalsOf, withRoom } from './runner.ts'
import { readCredentials, seedFrom, type Credentials } from './serve-files.ts'

interface ServeCommand {
  readonly port: number
  readonly host?: string
  readonly aws?: boolean
  readonly azure?: boolean
  readonly oci?: boolean
  readonly seed?: string
  readonly credentials?: string
  readonly replication?: boolean
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly accessLog?: boolean
}

function port(value: string): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  return number <= 65_535 ? number : invalidArgument('--port', 'a number from 0 to 65535', value)
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve the store by HTTP on this machine, until it is interrupted')
    .option('--port <n>', 'the port; 0 takes any free one', port, 4599)
    .option('--host <address>', 'where to listen (default: 127.0.0.1)')
    .option('--aws', 'the AWS KMS dialect, for every account and region')
    .option('--azure', 'the Azure Key Vault keys dialect; the host names the vault')
    .option('--oci', 'the OCI Key Management dialect, with a port for each vault')
    .option('--replication', 'answer followers at /replication')
    .option('--seed <file>', 'JSON list of keys that are to be there: ids, material, aliases')
    .option('--credentials <file>', 'JSON of who may come in; others are turned away')
    .option('--tls-cert <file>', 'PEM certificate, together with --tls-key')
    .option('--tls-key <file>', 'PEM private key')
    .option('--access-log', 'one JSON line on standard error for each request')
    .action(async (options: ServeCommand, command: Command) =>
      withRoom(command, async (room) => {
        const tls = await tlsOf(options)
        if (options.seed !== undefined) await seedFrom(room, options.seed)
        const { server, endpoints } = await started(room, options, tls)
        // Told at once: whoever started it waits for this line.
        const data = { url: server.url, vaults: endpoints() }
        process.stdout.write(
          globalsOf(command).json === true
            ? `${jsonText({ listening: data })}\n`
            : `${fields({ listening: data.url, ...data.vaults })}\n`,
        )
        const signal = await interrupted()
        await server.close()
        return { data: { closed: signal }, text: fields({ closed: signal }) }
      }),
    )
}

async function tlsOf({ tlsCert, tlsKey }: ServeCommand) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined)
    return invalidArgument('--tls-cert', 'both --tls-cert and --tls-key', 'one of them')
  return { cert: await readFile(tlsCert, 'utf8'), key: await readFile(tlsKey, 'utf8') }
}

async function started(
  room: Strongroom,
  { port: at, host, aws, azure, oci, replication, credentials, accessLog }: ServeCommand,
  tls: Awaited<ReturnType<typeof tlsOf>>,
): Promise<{ server: RunningServer; endpoints: () => Readonly<Record<string, string>> }> {
  // Loaded late: no other command needs a server.
  const { awsFace, azureFace, ociService, replicationFace, serve } =
    await import('../server/index.ts')
  const all = !aws && !azure && !oci && !replication
  const known = credentials === undefined ? undefined : await readCredentials(credentials)
  const service = oci || all ? ociService(room, ociOptions(known)) : undefined
  const endpoints = (): Readonly<Record<string, string>> => service?.endpoints() ?? {}
  const faces: Face[] = []
  if (aws || all) faces.push(awsFace(room, known && { credentials: known.aws ?? {} }))
  if (azure || all) faces.push(azureFace(room, known && { tokens: known.azure ?? {} }))
  if (service) faces.push(service.face)
  if (replication || all) faces.push(replicationFace(room))
  const server = await serve(room, {
    faces,
    port: at,
    directory: () => ({ vaults: endpoints() }),
    ...(host !== undefined && { host }),
    ...(tls && { tls }),
    ...(accessLog && { onAccess: told }),
  })
  await service?.start(server)
  return { server, endpoints }
}

const ociOptions = (known: Credentials | undefined): OciOptions =>
  known ? { signatures: { keys: known.oci ?? {} } } : {}

const told = (record: AccessRecord): void => void process.stderr.write(`${jsonText(record)}\n`)

function interrupted(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal))
  })
}
