import { DISK_FAULTS } from './disk.ts';
import type { Fault } from './fault.ts';
import { NETWORK_FAULTS } from './network.ts';
import { POINT_FAULTS } from './points.ts';
import { PROCESS_FAULTS } from './processes.ts';
import { SOURCE_FAULTS } from './sources.ts';

/** What comes at random times. */
export const TIMED_FAULTS: readonly Fault[] = [...PROCESS_FAULTS, ...NETWORK_FAULTS, ...SOURCE_FAULTS, ...DISK_FAULTS];
/** What waits for its moment. */
export { POINT_FAULTS };
