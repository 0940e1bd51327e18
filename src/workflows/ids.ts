/** Workflow ids: the only place that spells them. */
export const connectionWorkflowId = (connectionId: string): string => `connection/${connectionId}`;
export const sharingWorkflowId = (instanceId: string, generation: number): string =>
  `sharing/${instanceId}/${generation}`;
export const instanceSyncWorkflowId = (instanceId: string): string => `sync/${instanceId}`;
