import type { z } from 'zod';
import type { account } from './answers.ts';
import { facts, when } from './text.ts';

export function showAccount(one: z.output<typeof account>): string {
  return facts([
    ['Account', `${one.slug} (${one.kind})`],
    ['Id', one.id],
    ['Terms', one.terms ?? 'not recorded, which counts as custom: a person looks at each request'],
    ['Terms set', one.termsSetAt && `${when(one.termsSetAt)} by ${one.termsSetBy}`],
    ['Credential', one.hasCredential ? 'stored' : 'none: its owners cannot be read, so nobody can request access'],
  ]);
}
