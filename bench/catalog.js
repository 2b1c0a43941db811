/** Every benchmark: its name, its title, its budget (least ratio by yardstick), how to set it up. */
import { AWS } from './aws.js'
import { AZURE } from './azure.js'
import { CRYPTO } from './crypto.js'
import { ENGINE } from './engine.js'
import { GROWTH } from './growth.js'
import { OCI } from './oci.js'
import { SOFTHSM } from './softhsm.js'
import { START } from './start.js'
import { STORE } from './store.js'

export const CATALOG = [
  ...ENGINE,
  ...STORE,
  ...START,
  ...CRYPTO,
  ...GROWTH,
  ...SOFTHSM,
  ...AWS,
  ...AZURE,
  ...OCI,
]
