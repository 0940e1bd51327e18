/**
 * Words that stand in repository names, titles and commit messages of the demo instance. None may ever be seen outside
 * the instance: a client that asks for more than counts leaks one, and a search for it finds the leak.
 */
export const CANARIES = {
  repository: 'canary-zebra-7f3a',
  description: 'canary-walrus-91c2',
  pullRequestTitle: 'canary-otter-5be8',
  pullRequestBody: 'canary-lynx-d406',
  commitMessage: 'canary-heron-2a9d',
} as const;

export const CANARY_WORDS: readonly string[] = Object.values(CANARIES);
