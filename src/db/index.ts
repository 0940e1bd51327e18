/** What PostgreSQL owns, as one namespace a table group; activities get it passed in. */
export * as connections from './connections.ts';
export * as requests from './access-requests.ts';
export * as audit from './audit.ts';
export * as outbox from './outbox.ts';
export * as steps from './connection-steps.ts';
export * as counts from './count-writes.ts';
export * as instances from './instances.ts';
export * as sharing from './sharing.ts';
export * as intents from './intents.ts';
export * as removals from './removals.ts';
export * as runs from './sync-runs.ts';
export * as pages from './sync-pages.ts';
export * as tokens from './connection-tokens.ts';
export * as sightings from './sightings.ts';
export * as turningOff from './turning-off.ts';
export { inTransaction } from './pool.ts';
export { ledger } from './ledger.ts';
