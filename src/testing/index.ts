/**
 * What tests need: virtual time, reproducible randomness, a plain model of every life cycle to
 * compare with, the contract of stores in executable form, and a store that fails on purpose.
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
export * as lifecycleModel from './model.ts'
export { seededRandom, type SeededRandom } from './seeded-random.ts'
export {
  simulate,
  SimulationFailure,
  type Simulation,
  type SimulationOptions,
} from './simulation/index.ts'
export { storeSuite, type StoreHarness, type SuiteApi } from './store-suite.ts'
