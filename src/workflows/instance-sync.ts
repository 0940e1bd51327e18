import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { StretchReport } from '../activities/sync-pages.ts';
import type { SyncActivities } from '../activities/sync.ts';
import { bucketsOf } from '../domain/buckets.ts';
import type { BucketState, InstanceSyncInput } from './sync.messages.ts';
import { records } from './sync-records.ts';

const activities = proxyActivities<SyncActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '500ms', maximumInterval: '30s' },
});
const paging = proxyActivities<SyncActivities>({
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', maximumInterval: '1 minute', maximumAttempts: 4 },
});

/**
 * Quick pages share one activity, so that what Temporal costs is bounded by time and not by the number of pages; one that
 * is lost costs so much to read again.
 */
const STRETCH_MS = 5_000;

/**
 * One instance's part of a run: ranges of connection ids side by side, each a loop of pages. No page starts after the
 * deadline; the rest is reported and comes first the next hour. Too many pages in a row that fail as a whole open the
 * breaker.
 */
export async function instanceSync(input: InstanceSyncInput): Promise<{ outcome: string; pages: number }> {
  const { runId, instanceId, startedAt, settings } = input;
  const deadline = Date.parse(startedAt) + settings.deadlineMs;
  let buckets: BucketState[];
  if (input.carried) {
    buckets = input.carried.buckets;
  } else {
    const begun = await activities.beginInstance({ runId, instanceId, startedAt, buckets: settings.buckets });
    if (!begun.open) return finish('gate_closed', 0);
    buckets = bucketsOf(settings.buckets).flatMap((bucket, at) => rangesFrom(bucket, begun.cursors[at]!));
  }
  let pages = 0;
  let systemicInARow = input.carried?.systemicInARow ?? 0;
  const pagesBefore = input.carried?.pages ?? 0;
  let stopped: 'partial' | 'breaker_open' | 'gate_closed' | undefined;
  let toContinue = false;

  await Promise.all(lanesOf(buckets).map(readLane));
  if (stopped === undefined && toContinue) {
    await continueAsNew<typeof instanceSync>({
      ...input,
      carried: { buckets, pages: pagesBefore + pages, systemicInARow },
    });
  }
  return finish(stopped ?? 'finished', pagesBefore + pages);

  async function readLane(ranges: BucketState[]): Promise<void> {
    for (const range of ranges) await readRange(range);
  }

  async function readRange(bucket: BucketState): Promise<void> {
    while (!bucket.done && stopped === undefined && !toContinue) {
      if (Date.now() >= deadline) {
        stopped = 'partial';
        return;
      }
      const { cursor, to } = bucket;
      const { pageSize, stretchMs = STRETCH_MS } = settings;
      const stretch = await paging
        .syncPages({ runId, instanceId, cursor, to, pageSize, startedAt, deadline, stretchMs })
        .catch(() => undefined);
      pages += stretch?.pages ?? 1;
      if (stretch?.shut) {
        stopped = 'gate_closed';
        return;
      }
      systemicInARow = systemicAfter(systemicInARow, stretch);
      if (systemicInARow >= settings.breakerPages) stopped ??= 'breaker_open';
      // Pages that cannot be had at all are left for the next hour; what follows them is not.
      if (!stretch) {
        stopped ??= 'partial';
        return;
      }
      if (stretch.next === null) bucket.done = true;
      else bucket.cursor = stretch.next;
      toContinue ||= workflowInfo().continueAsNewSuggested || pages >= (settings.maxPages ?? Infinity);
    }
  }

  async function finish(
    outcome: 'finished' | 'partial' | 'breaker_open' | 'gate_closed',
    read: number,
  ): Promise<{ outcome: string; pages: number }> {
    const rest = outcome === 'partial' || outcome === 'breaker_open' ? restOf(buckets ?? [], settings.buckets) : [];
    await records.finishInstance({ runId, instanceId, at: new Date().toISOString(), outcome, rest });
    return { outcome, pages: read };
  }
}

/** A stretch ends with its first systemic page, so that any before it was not. */
function systemicAfter(inARow: number, stretch: StretchReport | undefined): number {
  if (!stretch) return inARow + 1;
  if (!stretch.systemic) return 0;
  return stretch.pages > 1 ? 1 : inARow + 1;
}

/** A bucket read from where the last run stopped, then from its beginning: the rest comes first. */
function rangesFrom(bucket: { from: string; to: string }, start: string): BucketState[] {
  if (start <= bucket.from || start >= bucket.to) return [{ ...bucket, cursor: bucket.from, done: false }];
  return [
    { from: start, to: bucket.to, cursor: start, done: false },
    { from: bucket.from, to: start, cursor: bucket.from, done: false },
  ];
}

/** Ranges of one bucket are read one after the other; buckets side by side. */
function lanesOf(buckets: BucketState[]): BucketState[][] {
  const lanes: BucketState[][] = [];
  for (const range of buckets) {
    const last = lanes.at(-1);
    if (last && last.at(-1)!.from === range.to) last.push(range);
    else lanes.push([range]);
  }
  return lanes;
}

/** Where each bucket stopped, by bucket; one that was read to its end starts at its beginning. */
function restOf(states: BucketState[], count: number): string[] {
  return bucketsOf(count).map((bucket) => {
    const open = states.find((state) => !state.done && state.from >= bucket.from && state.to <= bucket.to);
    return open ? open.cursor : bucket.from;
  });
}
