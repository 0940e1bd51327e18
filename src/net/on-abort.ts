type Act = () => void;

interface Shared {
  acts: Set<Act>;
  listener: () => void;
}

const shared = new WeakMap<AbortSignal, Shared>();

/**
 * Acts when the signal is aborted. All who wait for the same signal share one listener: an EventTarget looks through all
 * of its listeners to add one or to remove one, and a sync page's readers would do that with each of their reads.
 * @returns takes it back
 */
export function onAbort(signal: AbortSignal, act: Act): () => void {
  const { acts, listener } = shared.get(signal) ?? listen(signal);
  acts.add(act);
  return () => {
    if (!acts.delete(act) || acts.size > 0) return;
    // A signal that outlives its exchanges holds on to nothing of them.
    shared.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

function listen(signal: AbortSignal): Shared {
  const acts = new Set<Act>();
  const listener = () => {
    for (const act of acts) act();
  };
  const made = { acts, listener };
  shared.set(signal, made);
  signal.addEventListener('abort', listener);
  return made;
}
