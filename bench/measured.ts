/** What a person who waits is told, a line at a time. */
export type Say = (line: string) => void;

export interface Options {
  users: number;
  rounds: number;
  /** ISO date that the ledger's comparison takes for today. */
  today: string;
  /** Days of history that the ledger's comparison keeps. */
  history: number[];
}

/** One promise and how it was kept. */
export interface Figure {
  name: string;
  goal: number;
  /** null: it cannot be measured on this machine. */
  value: number | null;
  ok: boolean;
}

export interface Measured {
  figures: Figure[];
  /** All that the figures were made of, for the file of results. */
  detail: Record<string, unknown>;
}

export function atLeast(name: string, goal: number, value: number): Figure {
  return { name, goal, value: rounded(value), ok: value >= goal };
}

export function atMost(name: string, goal: number, value: number | undefined): Figure {
  if (value === undefined) return { name, goal, value: null, ok: false };
  return { name, goal, value: rounded(value), ok: value <= goal };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
