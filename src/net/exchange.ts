import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { NOT_ALLOWED } from './address.ts';
import { onAbort } from './on-abort.ts';

export interface HttpAnswer {
  ok: true;
  status: number;
  headers: IncomingHttpHeaders;
  /** The whole body; it may hold a person's data, so it goes into no error and no log. */
  body: Buffer;
}

export type HttpFailure =
  /** No connection, or it ended before an answer began. */
  | 'unreachable'
  | 'timed_out'
  /** The answer began and did not end. */
  | 'cut'
  | 'too_large'
  /** By the caller's signal, or because the client was closed. */
  | 'aborted'
  | 'address_not_allowed'
  /** A header that HTTP cannot carry, such as a token with a line break. */
  | 'unsendable';

export type HttpOutcome = HttpAnswer | { ok: false; reason: HttpFailure };

const REASONS: Readonly<Record<string, HttpFailure>> = {
  [NOT_ALLOWED]: 'address_not_allowed',
  UND_ERR_CONNECT_TIMEOUT: 'timed_out',
  UND_ERR_HEADERS_TIMEOUT: 'timed_out',
  UND_ERR_BODY_TIMEOUT: 'timed_out',
  UND_ERR_INVALID_ARG: 'unsendable',
  UND_ERR_DESTROYED: 'aborted',
  UND_ERR_CLOSED: 'aborted',
};

/** One request and its answer, within limits of size and time. It settles once, whatever comes later. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #settle: (outcome: HttpOutcome) => void;
  readonly #maxBodyBytes: number;
  readonly #ignoreSignal: (() => void) | undefined;
  readonly #deadline: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(
    { deadlineMs, maxBodyBytes }: { deadlineMs: number; maxBodyBytes: number },
    signal: AbortSignal | undefined,
    settle: (outcome: HttpOutcome) => void,
  ) {
    this.#settle = settle;
    this.#maxBodyBytes = maxBodyBytes;
    this.#deadline = setTimeout(() => this.#stop('timed_out'), deadlineMs);
    this.#ignoreSignal = signal && onAbort(signal, () => this.#stop('aborted'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It was given up while it waited for a connection.
    if (this.#settled) controller.abort(GIVEN_UP);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
    if (Number(headers['content-length']) > this.#maxBodyBytes) this.#stop('too_large');
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#maxBodyBytes) this.#stop('too_large');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#size);
    this.#finish({ ok: true, status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    const reason = REASONS[error.code ?? ''] ?? (this.#status === 0 ? 'unreachable' : 'cut');
    this.#finish({ ok: false, reason });
  }

  #stop(reason: HttpFailure): void {
    if (this.#settled) return;
    this.#finish({ ok: false, reason });
    this.#controller?.abort(GIVEN_UP);
  }

  #finish(outcome: HttpOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#deadline);
    this.#ignoreSignal?.();
    this.#chunks = [];
    this.#settle(outcome);
  }
}

const GIVEN_UP = new Error('given up');
