import type { Act, Happening } from './product.ts';

/** `hasty`: the next step does not wait for what follows from it. */
export type Told = (Act & { hasty?: true }) | { together: readonly [Act, Act] } | Happening;

/**
 * What a sequence of the model once found, as short as it was shrunk, each begun with one developer sending to a public
 * profile. Kept as steps and not as seeds: a seed means another sequence with the next kind of step.
 */
export const ONCE_FAILED: readonly { found: string; steps: Told[] }[] = [
  {
    found: 'an opt-out that was accepted right after a move was not named among what stands against sending',
    steps: [
      { do: 'move', user: 'devi', as: 'spare', hasty: true },
      { do: 'opt_out', user: 'devi', as: 'devi' },
    ],
  },
  {
    found: 'a profile that nothing feeds any more was kept, and public, after a move away from it',
    steps: [{ do: 'move', user: 'devi', as: 'emil' }],
  },
  {
    found: 'a reconnect with a new token right after an opt-out was answered as done, and nobody came back',
    steps: [
      { do: 'opt_out', user: 'devi', as: 'devi', hasty: true },
      { do: 'reconnect', user: 'devi', as: 'devi', freshToken: true },
    ],
  },
  {
    found: 'the receipt of a forget that overtook an opt-out told of no counts, though there had been some',
    steps: [
      { do: 'opt_out', user: 'devi', as: 'devi', hasty: true },
      { do: 'forget', user: 'devi', as: 'devi' },
    ],
  },
  {
    found: 'choosing who sees a profile failed while the last link that fed it was forgotten',
    steps: [
      {
        together: [
          { do: 'show', as: 'devi', public: false },
          { do: 'forget', user: 'devi', as: 'devi' },
        ],
      },
    ],
  },
];
