import type { Random } from '../random.ts';
import type { Setting } from '../setting.ts';

/** A fault that has begun. */
export interface Begun {
  /** For the log: what is broken, and how. */
  what: string;
  end(): void | Promise<void>;
}

/** One way to break something. A new one is a row in one of the tables beside this file. */
export interface Fault {
  name: string;
  weight: number;
  /** `skipped`: this machine does not let us. */
  begin(setting: Setting, random: Random): Promise<Begun> | Begun | 'skipped';
}

export const nothingToEnd = (): void => undefined;
