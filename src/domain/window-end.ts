import { addMs } from './dates.ts';

/** One closing of a connection's fence: each raises the generation by one, as each coming back does. */
export interface Close {
  generation: number;
  askedAt: string;
}

/**
 * Of closings that are known from elsewhere, in their order, those since it came back last: a generation that none of them
 * raised is one of coming back.
 * @param generation the connection's before the first of them
 */
export function sinceReturn<One extends Close>(generation: number, closes: readonly One[]) {
  const last = closes.findLastIndex((one, at) => one.generation > (closes[at - 1]?.generation ?? generation) + 1);
  return { cameBack: last >= 0, closes: closes.slice(Math.max(last, 0)) };
}

/**
 * When the window to come back ends: it begins with the first closing and lasts, whatever else is asked for; only whoever
 * comes back begins anew.
 * @param known the connection before them; `restoreUntil` is null while it can be written
 */
export function windowEnd(
  known: { generation: number; restoreUntil: string | null },
  all: readonly Close[],
  windowMs: number,
): string | null {
  const { cameBack, closes } = sinceReturn(known.generation, all);
  if (closes.length === 0 || (known.restoreUntil !== null && !cameBack)) return known.restoreUntil;
  return addMs(closes[0]!.askedAt, windowMs);
}
