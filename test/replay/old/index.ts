/** What a worker ran before the change: the workflow of then, beside those that did not change. */
export * from '../../../src/workflows/connection.ts';
export * from './turning-off.ts';
