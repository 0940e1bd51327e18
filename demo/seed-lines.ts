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
  const calls = (name: string, token: string | undefined) =>
    `${name}() { curl -sS -w '\\n' -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' "\${@:2}" "${apiUrl}/api/v1$1"; }`;
  const day = { who: 'devi', date: yesterday(), count: 20 };
  const { devi, emil } = state.people;
  const ofDevi = `/connections/${state.connectionId}`;
  return {
    people: [row('(operator)', '', state.operator), row('(support)', '', state.support), ...people],
    next: [
      '# Each of these calls the API as that person:',
      calls('devi', devi),
      calls('emil', emil),
      calls('operator', state.operator),
      '',
      '# 1. Devi sends her counts, and her profile is public. Her graph, in a browser (?theme=dark for the dark one):',
      `#    ${apiUrl}${state.svg}`,
      '',
      '# 2. Devi works more on a day at the instance, and a sync sends the new count. Reload her graph:',
      `curl -sS -w 'set (%{http_code})\\n' -d '${JSON.stringify(day)}' ${peers.instance}/_demo/contributions`,
      "operator /sync/trigger -d '{}'",
      '',
      '# 3. Emil connects. Nothing is sent yet; the last line shows exactly what would be:',
      `emil /connections -d '${JSON.stringify({ instanceId: state.instanceId, token: DEMO_TOKENS.instance('emil') })}'`,
      `emil "/connections/$(emil /connections | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4)/preview"`,
      '',
      '# 4. Devi opts out: "removing", from that instant. Her receipts say when the counts were read back as zero:',
      `devi ${ofDevi}/opt-out -d '{}'`,
      `devi /receipts/${state.connectionId}`,
      '',
      '# 5. Devi comes back, and the past 90 days are restored:',
      `devi ${ofDevi}/reconnect -d '{}'`,
    ],
  };
}

function yesterday(): string {
  return new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
}
