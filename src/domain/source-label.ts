export const SOURCE_KINDS = ['ghes', 'gitea'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** The closed list of what a profile may say of where counts come from. */
export const SOURCE_LABELS = {
  ghes: 'GitHub Enterprise Server',
  gitea: 'Gitea',
} as const satisfies Record<SourceKind, string>;
export type SourceLabel = (typeof SOURCE_LABELS)[SourceKind];
