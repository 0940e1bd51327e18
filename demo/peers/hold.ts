import type { LoggedRequest } from './request-log.ts';

/**
 * Keeps requests waiting until they are released, so that a test can do something in between without sleeping. At
 * `arrival` nothing was read yet; at `answer` the answer was made already and only its sending waits.
 */
export class Hold {
  readonly at: 'arrival' | 'answer';
  readonly #waiting: LoggedRequest[] = [];
  readonly #callers: { count: number; resolve: (requests: LoggedRequest[]) => void }[] = [];
  readonly #released: Promise<void>;
  #letGo: () => void = () => {};
  readonly #remove: () => void;

  constructor(at: 'arrival' | 'answer', remove: () => void) {
    this.at = at;
    this.#remove = remove;
    this.#released = new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  /** Resolves as soon as `count` requests have been caught. */
  async waiting(count = 1): Promise<LoggedRequest[]> {
    if (this.#waiting.length >= count) return [...this.#waiting];
    return new Promise((resolve) => {
      this.#callers.push({ count, resolve });
    });
  }

  /** Lets every request go that was caught, and catches no more. */
  release(): void {
    this.#remove();
    this.#letGo();
  }

  /** For the peer: the request stays here until the release. */
  async catch(request: LoggedRequest): Promise<void> {
    this.#waiting.push(request);
    for (const caller of this.#callers) {
      if (this.#waiting.length >= caller.count) caller.resolve([...this.#waiting]);
    }
    await this.#released;
  }
}
