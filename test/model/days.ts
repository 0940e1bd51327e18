const DAY = 24 * 60 * 60 * 1000;

/** The calendar day so many days after the one of an instant, by UTC. The model counts days itself. */
export const dayOf = (instant: number, after = 0): string => new Date(instant + after * DAY).toISOString().slice(0, 10);
