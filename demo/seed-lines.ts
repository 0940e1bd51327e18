import type { DemoLines } from '../src/stack/welcome.ts';
import { DEMO_PEOPLE, DEMO_TOKENS } from './peers/demo-people.ts';
import type { DemoState, SeededStack } from './seed-state.ts';

const row = (name: string, role: string, token: string) => `${name.padEnd(14)} ${role.padEnd(28)} ${token}`;

/** Who is in the demo, with their API tokens, and commands that work as they stand. */
export function demoLines({ apiUrl, peers }: SeededStack, state: DemoState): DemoLines {
  const people = DEMO_PEOPLE.map(({ key, name, siteAdmin, owner }) => {
    const role = siteAdmin ? `site administrator${owner ? ' and owner' : ''}` : owner ? 'owner' : 'developer';
    return row(name, role, state.people[key] ?? '');
  });
  const post = (token: string | undefined, path: string, body: object = {}) =>
    `curl -sS -w '\\n' -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}' ${apiUrl}/api/v1${path}`;
  const day = { who: 'devi', date: yesterday(), count: 20 };
  const { devi, emil } = state.people;
  const ofDevi = `/connections/${state.connectionId}`;
  return {
    people: [row('(operator)', '', state.operator), row('(support)', '', state.support), ...people],
    next: [
      `Devi sends her counts and her profile is public; her graph, in a browser: ${apiUrl}${state.svg}`,
      'Devi works more on a day at the instance, and a sync sends the new count:',
      `  curl -sS -w 'set (%{http_code})\\n' -d '${JSON.stringify(day)}' ${peers.instance}/_demo/contributions`,
      `  ${post(state.operator, '/sync/trigger')}`,
      'Emil connects; nothing is sent before he says so:',
      `  ${post(emil, '/connections', { instanceId: state.instanceId, token: DEMO_TOKENS.instance('emil') })}`,
      'Devi opts out, and every count is deleted; then she comes back, and the past 90 days are restored:',
      `  ${post(devi, `${ofDevi}/opt-out`)}`,
      `  ${post(devi, `${ofDevi}/reconnect`)}`,
    ],
  };
}

function yesterday(): string {
  return new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
}
