import { hash32, mulberry32 } from '../demo/peers/random.ts';

/** Chance that can be had again: all of it follows from a text. */
export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number;
  /** A whole number, both bounds included. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** One of the items, each as likely as its weight says. */
  weighted<Item extends { weight: number }>(items: readonly Item[]): Item;
  /** A chance of its own for one part, so that what one part draws changes nothing for the others. */
  fork(name: string | number): Random;
}

export function randomOf(seed: string): Random {
  const next = mulberry32(hash32(seed));
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (items) => items[between(0, items.length - 1)]!,
    weighted(items) {
      let left = next() * items.reduce((sum, { weight }) => sum + weight, 0);
      return items.find(({ weight }) => (left -= weight) < 0) ?? items.at(-1)!;
    },
    fork: (name) => randomOf(`${seed}/${name}`),
  };
}
