import type { z } from 'zod';
import type { instances, runs, schedule } from './answers.ts';
import { type Cell, facts, table, when } from './text.ts';

export function showSchedule(state: z.output<typeof schedule>): string {
  return facts([
    ['Hourly sync', state.paused ? 'paused' : 'active'],
    ['Note', state.note],
    ['Running now', state.running],
    ['Last run', when(state.lastRunAt) ?? 'none yet'],
    ['Next runs', state.paused ? 'none until it is resumed' : state.nextRunsAt.map(when).join(', ')],
  ]);
}

type Run = z.output<typeof runs>['items'][number];
type Part = Run['instances'][number];

/** A line a run and instance; one that found no instance to visit has a line too. */
export function showRuns(items: readonly Run[], known: z.output<typeof instances>['items']): string {
  const hostname = new Map(known.map((one) => [one.id, one.hostname]));
  const rows = items.flatMap((run) => {
    const [parts, times] = [run.instances, [when(run.startedAt), when(run.finishedAt) ?? 'running']];
    if (parts.length === 0) return [[...times, '(none)', null, 0, 0, 0, null, run.trigger]];
    return parts.map((part) => [...times, hostname.get(part.instanceId) ?? part.instanceId, ...did(part), run.trigger]);
  });
  return table(
    ['STARTED', 'ENDED', 'INSTANCE', 'OUTCOME', 'CONNECTIONS', 'CHANGED', 'FAILED', 'FAILURES NOW', 'TRIGGER'],
    rows,
    'No run has started yet.',
  );
}

function did({ outcome, connections, changed, failed, failures }: Part): Cell[] {
  const classes = Object.entries(failures).map(([code, times]) => `${code} ${times}`);
  return [outcome ?? 'running', connections, changed, failed, classes.join(', ')];
}
