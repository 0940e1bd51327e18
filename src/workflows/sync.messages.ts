/** What the Schedule carries; plain settings, so that an operator reads them in the history. */
export interface SyncSettings {
  /** How many ranges of connection ids an instance is read in at once. */
  buckets: number;
  /** Connections a page. */
  pageSize: number;
  /** No page starts later than this after the run's own start, in milliseconds. */
  deadlineMs: number;
  /** How many pages in a row may fail as a whole before the instance's breaker opens. */
  breakerPages: number;
  /** Pages a child reads before it continues as new; the server's own suggestion counts as well. */
  maxPages?: number;
  /** How long one activity goes on with the next page, in milliseconds. */
  stretchMs?: number;
}

export interface ContributionSyncInput {
  settings: SyncSettings;
  /** `schedule`, or who triggered it by hand. */
  trigger: string;
  /** Which release's spec the Schedule holds. */
  release?: number;
  /** Only these; all of them when absent. */
  instanceIds?: string[];
}

export interface InstanceSyncInput {
  runId: string;
  instanceId: string;
  startedAt: string;
  settings: SyncSettings;
  /** What crosses continue-as-new. */
  carried?: {
    buckets: BucketState[];
    /** Pages that earlier runs read. */
    pages?: number;
    /** Pages in a row that failed as a whole, up to now. */
    systemicInARow?: number;
  };
}

/** A range of connection ids, `from` exclusive, `to` inclusive, and how far it was read. */
export interface BucketState {
  from: string;
  to: string;
  cursor: string;
  done: boolean;
}
