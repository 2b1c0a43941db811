/**
 * The plain model of life cycles: state and time, and what each operation does or why it is
 * refused.
 */
export * from './model-state.ts'
export * from './model-vaults.ts'
export * from './model-keys.ts'
export * from './model-versions.ts'
export * from './model-import.ts'
export * from './model-use.ts'
export * from './model-backup.ts'
