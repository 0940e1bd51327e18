/** What a shell sees of a command. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES: readonly (readonly [Exit, string])[] = [
  [EXIT.done, 'done'],
  [EXIT.refused, 'refused, or failed'],
  [EXIT.usage, 'a wrong command, option or setting'],
  [EXIT.unreachable, 'the API or the database cannot be reached'],
];
