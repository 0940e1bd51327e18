import { page } from './page.ts';

/** Where a request that is approved leads to: how sharing is enabled, on both sides. */
export function enablingPage(): string {
  return page(
    'Enabling unified contributions',
    `<p>Once access is approved, sharing can be enabled. Developers can connect when it is in <strong>both</strong> environments, each by a
site administrator of the instance who also owns the connected organization or enterprise account.</p>
<ol>
<li>On the instance: “Users can share contribution counts to GitHub.com”.<br>
<code>PUT /api/v1/instances/{id}/sharing/instance-side</code> with <code>{"enabled": true}</code>.</li>
<li>On the account: the same switch.<br>
<code>PUT /api/v1/instances/{id}/sharing/account-side</code> with <code>{"enabled": true}</code>.</li>
</ol>
<p>Then each developer connects and decides for themselves whether to send. Only the number of contributions of each day and the
name of the source are sent, each hour. Disabling either side deletes every count of the instance on the profile side; developers
who come back within 90 days get the past 90 days back.</p>
<p><code>{id}</code> is the instance's; “GitHub.com” on the switch stands for the profile side that this system runs.
<a href="/docs">All operations</a></p>`,
  );
}
