/** 0 is no contribution; 1 to 4 grow with the count. */
export type Level = 0 | 1 | 2 | 3 | 4;

/**
 * The rule of the graph's five levels. Take the days of the graph that have contributions, all sources together, and
 * sort their counts. Level 1 is up to and with the count a quarter of the way, level 2 up to half, level 3 up to three
 * quarters, level 4 above. So a level says how a day compares with this person's other days, and one exceptional day does
 * not make all others pale. Days with equal counts have equal levels.
 */
export function levelsOf(counts: readonly number[]): (count: number) => Level {
  const sorted = counts.filter((count) => count > 0).toSorted((a, b) => a - b);
  const bounds = [0.25, 0.5, 0.75].map((share) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
  return (count) => {
    if (count <= 0) return 0;
    return (1 + bounds.filter((bound) => count > bound).length) as Level;
  };
}
