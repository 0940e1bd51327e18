import { escaped, page } from './oauth-pages.ts';
import type { StaffAccount } from './staff-accounts.ts';

export function staffPage(uid: string, accounts: readonly StaffAccount[]): string {
  const buttons = accounts.map(
    ({ sub, name, groups }) =>
      `<p><button name="sub" value="${escaped(sub)}">Continue as ${escaped(name)}</button> ${escaped(groups.join(', '))}</p>`,
  );
  return page(
    'Staff sign-in',
    `<form method="post" action="/interaction/${escaped(uid)}">
${buttons.join('\n')}
</form>`,
  );
}
