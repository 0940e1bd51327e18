import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DayCount } from '../../src/domain/window.ts';
import { CANARIES } from '../peers/canaries.ts';
import { until } from './until.ts';
import type { GiteaServer, GiteaUser } from './gitea-server.ts';

const run = promisify(execFile);

/** The repository itself and its first branch count as well. */
const OF_A_NEW_REPOSITORY = 2;

/** Somebody who works at a Gitea: pushes with git to a private repository, and reads there what is true. */
export interface Worker {
  identity: { userId: number; createdAt: string };
  /** Commits and pushes so many times, each a contribution; resolves when Gitea counts them. */
  pushes(times: number): Promise<void>;
  /** The heatmap as Gitea itself answers it, summed by UTC day. */
  days(): Promise<DayCount[]>;
}

export async function workerAt({ url }: GiteaServer, user: GiteaUser, folder: string): Promise<Worker> {
  const basic = `Basic ${Buffer.from(`${user.login}:${user.password}`).toString('base64')}`;
  const ask = async <Body>(method: string, path: string, body?: object): Promise<Body> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: basic, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`Gitea answered ${response.status} to ${method} ${path}`);
    return JSON.parse(await response.text());
  };
  const me = await ask<{ id: number; created: string }>('GET', '/user');
  const checkout = join(folder, `work-${user.login}`);
  mkdirSync(checkout);
  const git = (...args: string[]) =>
    run('git', ['-c', `http.extraHeader=Authorization: ${basic}`, ...args], {
      cwd: checkout,
      env: { ...process.env, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' },
    });
  const begin = async () => {
    await ask('POST', '/user/repos', { name: CANARIES.repository, private: true, description: CANARIES.description });
    await git('init', '--quiet', '--initial-branch', 'main');
    await git('config', 'user.name', user.login);
    await git('config', 'user.email', `${user.login}@gitea.example`);
    await git('remote', 'add', 'origin', `${url}/${user.login}/${CANARIES.repository}.git`);
  };
  let contributions = 0;
  const days = async (): Promise<DayCount[]> => {
    const buckets = await ask<{ timestamp: number; contributions: number }[]>('GET', `/users/${user.login}/heatmap`);
    const sums = new Map<string, number>();
    for (const { timestamp, contributions: made } of buckets) {
      const day = new Date(timestamp * 1000).toISOString().slice(0, 10);
      sums.set(day, (sums.get(day) ?? 0) + made);
    }
    return [...sums].map(([date, count]) => ({ date, count }));
  };
  return {
    identity: { userId: me.id, createdAt: `${new Date(me.created).toISOString().slice(0, 19)}Z` },
    async pushes(times) {
      if (contributions === 0) {
        await begin();
        contributions = OF_A_NEW_REPOSITORY;
      }
      for (let push = 0; push < times; push += 1) {
        await git('commit', '--quiet', '--allow-empty', '--message', CANARIES.commitMessage);
        await git('push', '--quiet', 'origin', 'main');
      }
      contributions += times;
      // Gitea takes note of a push a moment after it was answered.
      await until(`Gitea to count ${contributions} contributions`, days, (now) => total(now) === contributions);
    },
    days,
  };
}

export function total(days: readonly DayCount[]): number {
  return days.reduce((sum, { count }) => sum + count, 0);
}
