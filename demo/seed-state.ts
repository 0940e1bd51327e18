import { z } from 'zod';
import type { Peers } from '../src/stack/programs.ts';

export const demoState = z.object({
  operator: z.string(),
  support: z.string(),
  instanceId: z.uuid(),
  /** API tokens, by person's key. */
  people: z.record(z.string(), z.string()),
  /** Devi's. */
  connectionId: z.uuid(),
  svg: z.string(),
});
/** What was made for the demo, kept beside the data so that each start prints it again. */
export type DemoState = z.infer<typeof demoState>;

export interface SeededStack {
  databaseUrl: string;
  apiUrl: string;
  peers: Peers;
}
