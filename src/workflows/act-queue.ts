import { condition, type ApplicationFailure } from '@temporalio/workflow';
import { refusalBehind } from './refusals.ts';

/** What an act was answered with; plain JSON, so that it crosses continue-as-new. */
export interface Answered<Answer> {
  operationId: string;
  answer: Answer;
}

type Result<Answer> = { ok: true; answer: Answer } | { ok: false; failure: ApplicationFailure };

/** The server remembers update ids only within a run; these cross it, and are few. */
const REMEMBERED = 50;

/**
 * Acts that handlers hand over to the main loop, which settles them one after the other. An act that is sent again under
 * its id gets the same answer; a refusal is not remembered, since by then it may be allowed.
 */
export class ActQueue<Act, Answer> {
  #answered: Answered<Answer>[];
  #waiting: { operationId: string; act: Act; result?: Result<Answer> }[] = [];
  #closed: ApplicationFailure | undefined;

  constructor(answered: readonly Answered<Answer>[] = []) {
    this.#answered = [...answered];
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** For continue-as-new. */
  get answered(): Answered<Answer>[] {
    return this.#answered;
  }

  /** Whether an act was answered or waits for it: sent again, it needs no judging. */
  knows(operationId: string): boolean {
    return [...this.#answered, ...this.#waiting].some((one) => one.operationId === operationId);
  }

  /** The handler's side: resolves when the loop has settled the act. @throws ApplicationFailure what it was refused with */
  async ask(operationId: string, act: Act): Promise<Answer> {
    const known = this.#answered.find((one) => one.operationId === operationId);
    if (known) return known.answer;
    let mine = this.#waiting.find((one) => one.operationId === operationId);
    if (!mine) {
      mine = { operationId, act };
      this.#waiting.push(mine);
    }
    const { result } = await this.#settled(mine);
    if (!result) throw this.#closed!;
    if (!result.ok) throw result.failure;
    return result.answer;
  }

  async #settled<Waiting extends { result?: Result<Answer> }>(mine: Waiting): Promise<Waiting> {
    await condition(() => mine.result !== undefined || this.#closed !== undefined);
    return mine;
  }

  /** The loop's side. @returns whether the first act was answered; undefined when none waits */
  async settleNext(perform: (act: Act) => Promise<Answer>): Promise<boolean | undefined> {
    const first = this.#waiting[0];
    if (!first) return undefined;
    try {
      const answer = await perform(first.act);
      this.#answered = [...this.#answered, { operationId: first.operationId, answer }].slice(-REMEMBERED);
      first.result = { ok: true, answer };
    } catch (error) {
      const failure = refusalBehind(error);
      if (!failure) throw error;
      first.result = { ok: false, failure };
    }
    this.#waiting.shift();
    return first.result.ok;
  }

  /** Nothing is settled any more: whoever waits, or asks from now on, is refused. */
  close(failure: ApplicationFailure): void {
    this.#closed = failure;
  }
}
