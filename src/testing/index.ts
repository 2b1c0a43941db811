/**
 * What tests need: virtual time, reproducible randomness, a plain model of every life cycle to
 * compare with, the contract of stores in executable form, a store that fails on purpose, and an
 * authority that attests.
 */
export { VirtualClock, type Duration } from '../base/clock.ts'
export { faultyStore } from './faulty-store.ts'
export type {
  Fault,
  FaultKind,
  FaultPlan,
  FaultyCall,
  FaultyMethod,
  FaultyStore,
  RecordedCall,
} from './faulty-store.ts'
export {
  kmsFixture,
  type KmsClientOptions,
  type KmsFixture,
  type KmsFixtureOptions,
} from './kms-fixture.ts'
export * as lifecycleModel from './model.ts'
export {
  nitroTestAuthority,
  openForRecipient,
  type AttestInput,
  type KeyInput,
  type NitroAuthorityOptions,
  type NitroTestAuthority,
} from './nitro.ts'
export { seededRandom, type SeededRandom } from './seeded-random.ts'
export {
  simulate,
  SimulationFailure,
  type Simulation,
  type SimulationOptions,
} from './simulation/index.ts'
export {
  XKS_ERRORS,
  xksProxy,
  type XksCall,
  type XksErrorName,
  type XksProxy,
  type XksProxyOptions,
} from './xks/proxy.ts'
export { serveXksProxy, type ServedXksProxy, type ServeXksProxyOptions } from './xks/serve.ts'
export { storeSuite, type StoreHarness, type SuiteApi } from './store-suite.ts'
