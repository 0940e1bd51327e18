/** What can be wrong between a row and its workflow, so that nothing of the product puts it right by itself. */
export const POISONS = [
  /** an open row, and no workflow runs for it */
  'workflow_missing',
  /** its workflow runs and cannot go on */
  'workflow_stuck',
  /** its workflow says another thing than the row */
  'row_contradicts',
  /** a workflow that no open row stands for */
  'workflow_without_row',
  /** an accepted act that no workflow can ever take up */
  'act_undeliverable',
  /** so many developers of an instance turned that it is the instance's fault */
  'many_turned',
] as const;
export type Poison = (typeof POISONS)[number];

export const SUBJECTS = ['connection', 'request', 'sharing', 'sync', 'instance', 'act'] as const;
export type SubjectKind = (typeof SUBJECTS)[number];

/** What Temporal knows of a workflow; null where it knows of none. */
export interface Flow {
  running: boolean;
  /** As Temporal says it: completed, terminated… */
  status: string;
  /** The status that it shows to operators. */
  shown: string | undefined;
  /** A step that is tried again and again. */
  failing: { step: string; attempts: number; type: string | null } | null;
}

/** Of a row, what a workflow is held against. */
export interface Standing {
  status: string;
  /** It has not been written for a while, so that its workflow had the time to follow. */
  settled: boolean;
}

/** What is wrong between an open row and its workflow. */
export function judge(row: Standing, flow: Flow | null): Poison | undefined {
  if (!flow?.running) return row.settled ? 'workflow_missing' : undefined;
  if (flow.failing) return 'workflow_stuck';
  if (row.settled && flow.shown !== undefined && flow.shown !== row.status) return 'row_contradicts';
  return undefined;
}

/** What a repair does. Where there is none, only people can do something. */
export const REPAIRS = {
  workflow_missing: 'start',
  workflow_stuck: 'restart',
  row_contradicts: 'restart',
  workflow_without_row: 'end',
  act_undeliverable: 'close',
  many_turned: null,
} as const satisfies Record<Poison, string | null>;

/** What was found wrong; `facts` are ids, states and numbers, nothing of a person. */
export interface Finding {
  poison: Poison;
  subject: { kind: SubjectKind; id: string };
  workflowId: string | null;
  facts: Record<string, string | number | null>;
}
