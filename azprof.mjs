import { KeyClient } from '@azure/keyvault-keys'
import { Strongroom } from './dist/index.js'
import { azureCredential, azureHttpClient } from './dist/faces/azure/index.js'
const room = await Strongroom.open()
const client = new KeyClient('https://bench.managedhsm.azure.net', azureCredential(), { httpClient: azureHttpClient(room), retryOptions: { maxRetries: 0 } })
await client.createOctKey('data')
const c = client.getCryptographyClient('data')
for (let i=0;i<300;i++) await c.encrypt({ algorithm: 'A256GCM', plaintext: Buffer.alloc(32) })
const u=process.cpuUsage()
for (let i=0;i<3000;i++) await c.encrypt({ algorithm: 'A256GCM', plaintext: Buffer.alloc(32) })
const v=process.cpuUsage(u); console.log((v.user+v.system)/3000,'us')
