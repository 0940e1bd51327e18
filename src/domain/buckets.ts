export interface Bucket {
  /** Exclusive. */
  from: string;
  /** Inclusive. */
  to: string;
}

const LOWEST = '00000000-0000-0000-0000-000000000000';
const HIGHEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Equal ranges of random ids: a hash for free, and a page's range says by itself which connections it covered. */
export function bucketsOf(count: number): Bucket[] {
  const bound = (at: number): string => {
    if (at === 0) return LOWEST;
    if (at === count) return HIGHEST;
    const head = Math.floor((at / count) * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
    return `${head}-0000-0000-0000-000000000000`;
  };
  return Array.from({ length: count }, (_, at) => ({ from: bound(at), to: bound(at + 1) }));
}
