import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPool, type Pool } from '../src/db/pool.ts';
import { write } from '../src/stack/remembered.ts';
import type { DemoLines } from '../src/stack/welcome.ts';
import { DEMO_PEOPLE, DEMO_TOKENS, DEMO_SUPPORT } from './peers/demo-people.ts';
import { DEMO_INSTANCE_HOST_NAME } from './peers/github-peer.ts';
import { peopleAt, tokenFor } from './people-tokens.ts';
import { demoLines } from './seed-lines.ts';
import { demoState, type DemoState, type SeededStack } from './seed-state.ts';
import { createApi, ok } from './story/api.ts';
import { developer, operator, siteAdmin, type Sharing } from './story/people.ts';
import { registerEnterprise } from './story/registering.ts';
import { until } from './story/until.ts';

/**
 * Puts the demo instance into a new database: access approved, both sides on, Devi sending under a public profile and
 * everybody else still to come. Where that is done it only reads what to print; one that was interrupted goes on.
 */
export async function seedDemo(stack: SeededStack, dataDir: string): Promise<DemoLines> {
  const file = join(dataDir, 'demo.json');
  const pool = createPool({ url: stack.databaseUrl, max: 2, applicationName: 'demo' });
  try {
    let state = readState(file);
    // With a database of another folder the tokens are unknown, and all of it is made again.
    if (state === undefined || !(await opens(stack.apiUrl, state.operator))) {
      state = await seed(stack, pool);
      write(file, state);
    }
    // Where the port of the last start was taken meanwhile, the demo instance has another address now.
    await pool.query('update instance set base_url = $2 where id = $1 and base_url <> $2', [
      state.instanceId,
      stack.peers.instance,
    ]);
    return demoLines(stack, state);
  } finally {
    await pool.end();
  }
}

function readState(file: string): DemoState | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  try {
    return demoState.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function opens(apiUrl: string, token: string): Promise<boolean> {
  return (await createApi(apiUrl, token).get('/api/v1/sync/runs?limit=1')).status === 200;
}

async function seed({ apiUrl, peers }: SeededStack, pool: Pool): Promise<DemoState> {
  const [operatorToken, supportToken, identityOf] = await Promise.all([
    tokenFor(pool, { role: 'operator' }),
    tokenFor(pool, { role: 'support', githubUserId: DEMO_SUPPORT }),
    peopleAt(peers),
  ]);
  const instanceId = await registeredInstance(apiUrl, operatorToken, peers.instance);
  const people: Record<string, string> = {};
  for (const { key } of DEMO_PEOPLE) {
    people[key] = await tokenFor(pool, { role: 'person', person: { instanceId, ...identityOf(key) } });
  }
  await switchOn(apiUrl, instanceId, people['ada']!);
  const devi = await startSending(apiUrl, instanceId, people['devi']!);
  return { operator: operatorToken, support: supportToken, instanceId, people, ...devi };
}

async function registeredInstance(apiUrl: string, token: string, baseUrl: string): Promise<string> {
  const api = createApi(apiUrl, token);
  const { items } = ok(await api.get<{ items: { id: string; hostname: string }[] }>('/api/v1/instances'));
  const there = items.find(({ hostname }) => hostname === DEMO_INSTANCE_HOST_NAME);
  return there?.id ?? registerEnterprise(operator(api), baseUrl);
}

const isAsked = ({ status }: Sharing) => status !== 'unavailable';

async function switchOn(apiUrl: string, instanceId: string, token: string): Promise<void> {
  const ada = siteAdmin(createApi(apiUrl, token), instanceId);
  if (!isAsked(await ada.sharing())) {
    ok(await ada.requestsAccess());
    // Answered 202 while the worker is still starting.
    await until('access to be approved', ada.sharing, isAsked);
  }
  ok(await ada.enables('instance'));
  ok(await ada.enables('account'));
}

async function startSending(apiUrl: string, instanceId: string, token: string) {
  const devi = developer(createApi(apiUrl, token), instanceId, 'devi');
  await devi.finds();
  if (devi.id === '') {
    ok(await devi.connects(DEMO_TOKENS.instance('devi')));
    await devi.isNow('connected');
  }
  const { status } = ok(await devi.connection());
  if (status === 'connected') ok(await devi.sends());
  const { svg } = await devi.makesProfilePublic();
  return { connectionId: devi.id, svg };
}
