const GRPC_NOT_FOUND = 5;
const GRPC_ABORTED = 10;

/** Calls again, once, where the run was just continuing as new or ending: the next one takes the same call. For signals and updates. */
export async function callAgainWhileClosing<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (!isClosing(error)) throw error;
    return call();
  }
}

/** A server that looked while one run ended and the next began says of the pair that neither can be had, or that both can. */
const NAMES = new Set(['WorkflowNotFoundError', 'WorkflowExecutionAlreadyStartedError']);

function isClosing(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: unknown };
  return NAMES.has(name ?? '') || code === GRPC_NOT_FOUND || code === GRPC_ABORTED;
}
