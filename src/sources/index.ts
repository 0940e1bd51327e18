import type { SourceKind } from '../domain/source-label.ts';
import { createHttp, type HttpLimits } from '../net/http.ts';
import type { Source } from '../ports/source.ts';
import { createGhes } from './ghes.ts';
import { createGitea } from './gitea.ts';

export interface Sources extends Readonly<Record<SourceKind, Source>> {
  /** Cuts what is under way and closes every connection. */
  close(): Promise<void>;
}

/** A source for each kind; they share one pool of connections an instance. */
export function createSources(limits: Partial<HttpLimits> = {}): Sources {
  const http = createHttp(limits);
  return { ghes: createGhes(http), gitea: createGitea(http), close: () => http.close() };
}
