import { isDay } from '../domain/dates.ts';

/** A JSON object whose fields nobody has checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value of a JSON text; undefined, which no JSON text means, where it is not one. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** A time as ISO UTC to the second, `2019-03-10T08:30:00Z`; undefined for what is no time with a zone. */
export function toUtcSecond(value: unknown): string | undefined {
  if (typeof value !== 'string' || !isDay(value.slice(0, 10))) return undefined;
  if (WHOLE_SECOND_UTC.test(value)) return Number.isNaN(Date.parse(value)) ? undefined : value;
  if (!WITH_ZONE.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

const WHOLE_SECOND_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const WITH_ZONE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
