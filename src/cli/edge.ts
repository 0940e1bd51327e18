import type { Readable } from 'node:stream';

/** All that a command touches of its process. */
export interface Edge {
  env: NodeJS.ProcessEnv;
  stdin: Readable & { isTTY?: boolean };
  out: (text: string) => void;
  err: (text: string) => void;
}
