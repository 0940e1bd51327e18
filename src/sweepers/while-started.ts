import { setMaxListeners } from 'node:events';

/**
 * Runs with a signal of its own that is aborted when `stop` is. The Temporal client leaves a listener behind on its signal
 * with each call (SDK 1.24), so that one that lives as long as the process would hold on to every call there ever was.
 */
export async function whileStarted<Result>(
  stop: AbortSignal,
  run: (own: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const own = new AbortController();
  setMaxListeners(0, own.signal);
  const forward = () => own.abort();
  stop.addEventListener('abort', forward);
  if (stop.aborted) forward();
  try {
    return await run(own.signal);
  } finally {
    stop.removeEventListener('abort', forward);
  }
}
