/** Workflow ids, each beside its inverse: the only place that spells them. */
export const connectionWorkflowId = (connectionId: string): string => `connection/${connectionId}`;
export const sharingWorkflowId = (instanceId: string, generation: number): string =>
  `sharing/${instanceId}/${generation}`;
export const instanceSyncWorkflowId = (instanceId: string): string => `sync/${instanceId}`;

export type Subject =
  | { kind: 'connection'; connectionId: string }
  | { kind: 'sharing'; instanceId: string; generation: number }
  | { kind: 'sync'; instanceId: string };

/** What a workflow id is about, or undefined for one that is not ours. */
export function subjectOf(workflowId: string): Subject | undefined {
  const [kind, id, generation] = workflowId.split('/');
  if (!id) return undefined;
  if (kind === 'connection') return { kind, connectionId: id };
  if (kind === 'sharing' && generation) return { kind, instanceId: id, generation: Number(generation) };
  if (kind === 'sync') return { kind, instanceId: id };
  return undefined;
}
