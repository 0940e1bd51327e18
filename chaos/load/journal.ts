import { appendFileSync } from 'node:fs';

/** A request of somebody, from before it was sent. */
export interface Entry {
  number: number;
  who: string;
  act: string;
  method: 'POST' | 'PUT';
  path: string;
  body: object;
  key: string;
  /** When it was first sent, in milliseconds since the epoch. */
  sentAt: number;
  attempts: { api: number; at: number; said: string }[];
  /** What it was answered for good; undefined while that is not known. */
  answer: Reply | undefined;
  answeredAt: number | undefined;
  /** Its caller did not wait for the answer: it may happen, or not, or later. */
  givenUp: boolean;
}

export interface Reply {
  status: number;
  body: unknown;
}

/** What was asked for and what was answered, kept before and after by those who ask; also on disk, a line each time. */
export class Journal {
  readonly entries: Entry[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  open(asked: Pick<Entry, 'who' | 'act' | 'method' | 'path' | 'body' | 'key'>): Entry {
    const rest = { sentAt: Date.now(), attempts: [], answer: undefined, answeredAt: undefined, givenUp: false };
    const entry: Entry = { number: this.entries.length + 1, ...asked, ...rest };
    this.entries.push(entry);
    this.#write({ ...entry, body: undefined });
    return entry;
  }

  settle(entry: Entry, answer: Reply): void {
    entry.answer = answer;
    entry.answeredAt = Date.now();
    this.#write({ number: entry.number, attempts: entry.attempts, answer });
  }

  giveUp(entry: Entry): void {
    entry.givenUp = true;
    this.#write({ number: entry.number, attempts: entry.attempts, givenUp: true });
  }

  #write(line: object): void {
    appendFileSync(this.#file, `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
  }
}

export function isAccepted(entry: Entry): boolean {
  return entry.answer !== undefined && entry.answer.status < 300;
}
