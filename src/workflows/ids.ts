/** Workflow ids: the only place that spells them, and that reads them. */
export const connectionWorkflowId = (connectionId: string): string => `connection/${connectionId}`;
export const sharingWorkflowId = (instanceId: string, generation: number): string =>
  `sharing/${instanceId}/${generation}`;
export const instanceSyncWorkflowId = (instanceId: string): string => `sync/${instanceId}`;

export const connectionOf = (workflowId: string): string | undefined => after('connection/', workflowId);
/** The instance and the generation, as `<id>/<generation>`. */
export const sharingOf = (workflowId: string): string | undefined => after('sharing/', workflowId);

function after(prefix: string, workflowId: string): string | undefined {
  return workflowId.startsWith(prefix) ? workflowId.slice(prefix.length) : undefined;
}
