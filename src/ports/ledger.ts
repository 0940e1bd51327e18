import type { Day } from '../domain/dates.ts';
import type { SourceLabel } from '../domain/source-label.ts';
import type { DayCount, Window } from '../domain/window.ts';

/**
 * One message to the profile side. `source` and `days` are all that is ever kept or shown; the rest is the envelope,
 * which is never public. An unknown field is refused.
 */
export interface LedgerMessage {
  connectionId: string;
  generation: number;
  readNumber: number;
  source: SourceLabel;
  /** Absolute counts, never increments; a zero removes the day. */
  days: DayCount[];
}

export interface LedgerDay {
  connectionId: string;
  date: Day;
  count: number;
}

/** The profile side. `Tx` is a client inside a transaction that holds the fences. */
export interface Ledger<Tx> {
  /** A digest of what is kept of each connection within the window; equal to `digestOf` of the same counts. */
  digests(tx: Tx, connectionIds: string[], window: Window): Promise<Map<string, string>>;
  /** The kept counts within the window, one per label. */
  windows(tx: Tx, connectionIds: string[], window: Window): Promise<Map<string, Int32Array>>;
  /** Sets days in one statement a call. Running it twice is running it once. @throws ledger_refused */
  put(tx: Tx, messages: LedgerMessage[]): Promise<{ items: number }>;
  /** The public read: every kept day in the range, both bounds included. */
  read(tx: Tx, connectionIds: string[], from: Day, to: Day): Promise<LedgerDay[]>;
  /** Removes all of these connections. @returns the number of days with a count that were removed */
  remove(tx: Tx, connectionIds: string[]): Promise<{ items: number }>;
  /** How many days with a count are left of these connections; the verification's read. */
  left(tx: Tx, connectionIds: string[]): Promise<number>;
}
