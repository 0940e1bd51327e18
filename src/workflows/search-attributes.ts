import { upsertSearchAttributes } from '@temporalio/workflow';

/** For operators in Temporal's UI; pages and lists read PostgreSQL. */
export interface OperatorView {
  status: string;
  /** When the next thing happens by itself, ISO. */
  dueAt: string | undefined;
  instanceId: string;
}

/** What has to be registered in a namespace, by name and type. */
export const SEARCH_ATTRIBUTES = { UcStatus: 'Keyword', UcDueAt: 'Datetime', UcInstance: 'Keyword' } as const;

const STATUS = { name: 'UcStatus', type: 'KEYWORD' } as const;
const DUE_AT = { name: 'UcDueAt', type: 'DATETIME' } as const;
const INSTANCE = { name: 'UcInstance', type: 'KEYWORD' } as const;

/** Each upsert is an event of the history and a write of the visibility store: only what changed is sent. */
export function showToOperators(before: OperatorView | undefined, now: OperatorView): OperatorView {
  const updates = [
    ...(before?.status === now.status ? [] : [{ key: STATUS, value: now.status }]),
    ...(before?.dueAt === now.dueAt
      ? []
      : [{ key: DUE_AT, value: now.dueAt === undefined ? null : new Date(now.dueAt) }]),
    ...(before?.instanceId === now.instanceId ? [] : [{ key: INSTANCE, value: now.instanceId }]),
  ];
  if (updates.length > 0) upsertSearchAttributes(updates);
  return now;
}
