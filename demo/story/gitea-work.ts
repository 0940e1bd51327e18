import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from '../../src/stack/child.ts';
import type { DayCount } from '../../src/domain/window.ts';
import { CANARIES } from '../peers/canaries.ts';
import { mailOf, type GiteaUser } from './gitea-user.ts';
import { until } from './until.ts';

const REPOSITORIES = [CANARIES.repository, `${CANARIES.repository}-tools`];
/** The repository itself and its first branch count as well. */
const OF_A_NEW_REPOSITORY = 2;

/** Somebody's work at a Gitea: pushes with git to private repositories, and what Gitea counts of it. */
export interface Work {
  /** Commits and pushes so many times, to each repository in turn; resolves when Gitea counts each push. */
  pushes(times: number): Promise<void>;
  /** The heatmap as Gitea itself answers it, summed by UTC day. */
  days(): Promise<DayCount[]>;
  /** The same as anyone without an account is answered. */
  daysForStrangers(): Promise<DayCount[]>;
}

export function workOf(user: GiteaUser, folder: string): Work {
  const env = gitEnvironment(user, folder);
  const git = async (repository: string, ...args: string[]) => {
    const cwd = join(folder, repository);
    const { code, lastLines } = await runChild({ name: 'git', command: 'git', args, dataDir: folder, cwd, env });
    if (code !== 0) throw new Error(`git ${args[0]} failed: ${lastLines.join('\n')}`);
  };
  const create = async (name: string) => {
    await user.ask('POST', '/user/repos', { name, private: true, description: CANARIES.description });
    mkdirSync(join(folder, name), { recursive: true });
    await git(name, 'init', '--quiet', '--initial-branch', 'main');
    await git(name, 'config', 'user.name', user.login);
    await git(name, 'config', 'user.email', mailOf(user.login));
    await git(name, 'remote', 'add', 'origin', `${user.url}/${user.login}/${name}.git`);
  };
  const path = `/users/${user.login}/heatmap`;
  const days = async () => byDay(await user.ask<Bucket[]>('GET', path));
  const created = new Set<string>();
  let pushed = 0;
  return {
    async pushes(times) {
      for (const last = pushed + times; pushed < last; pushed += 1) {
        const repository = REPOSITORIES[pushed % REPOSITORIES.length]!;
        if (!created.has(repository)) await create(repository);
        created.add(repository);
        await git(repository, 'commit', '--quiet', '--allow-empty', '--message', CANARIES.commitMessage);
        await git(repository, 'push', '--quiet', 'origin', 'main');
      }
      // Gitea takes note of a push a moment after it was answered.
      const all = pushed + created.size * OF_A_NEW_REPOSITORY;
      await until(`Gitea to count ${all} contributions`, days, (counted) => total(counted) === all);
    },
    days,
    daysForStrangers: async () => byDay(JSON.parse(await (await fetch(`${user.url}/api/v1${path}`)).text())),
  };
}

/** Who pushes; the person's own settings of git stay out of it. */
function gitEnvironment({ authorization }: GiteaUser, folder: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: ${authorization}`,
  };
}

interface Bucket {
  timestamp: number;
  contributions: number;
}

function byDay(buckets: Bucket[]): DayCount[] {
  const sums = new Map<string, number>();
  for (const { timestamp, contributions } of buckets) {
    const day = new Date(timestamp * 1000).toISOString().slice(0, 10);
    sums.set(day, (sums.get(day) ?? 0) + contributions);
  }
  return [...sums].map(([date, count]) => ({ date, count }));
}

export function total(days: readonly DayCount[]): number {
  return days.reduce((sum, { count }) => sum + count, 0);
}
