import { escape } from './escape.ts';
import { page } from './page.ts';

export interface DocumentedRoute {
  method: string;
  path: string;
  tag: string;
  summary: string;
  /** Whose tokens it takes; null where none is needed. */
  roles: readonly string[] | null;
}

/** Every operation, by what it is about. */
export function docsPage(routes: readonly DocumentedRoute[]): string {
  const tags = [...new Set(routes.map((route) => route.tag))];
  const sections = tags.map((tag) =>
    section(
      tag,
      routes.filter((route) => route.tag === tag),
    ),
  );
  return page(
    'Unified Contributions: API',
    `<p>The whole description is <a href="/openapi.json">OpenAPI 3.1</a>. Send an API token as
<code>Authorization: Bearer uc_…</code>; every error is problem+json with a <code>code</code>, whose <code>type</code> leads to a page about it. What comes after an approval is told in
<a href="/docs/enabling">enabling</a>. A token is an
operator's, a member of support's, or a person's: a site administrator or a developer of one instance.</p>
${sections.join('\n')}`,
  );
}

function section(tag: string, routes: readonly DocumentedRoute[]): string {
  const rows = routes.map(
    ({ method, path, summary, roles }) =>
      `<tr><td><code>${method.toUpperCase()} ${breakable(path)}</code></td><td>${escape(summary)}</td><td>${roles ? escape(roles.join(', ')) : 'anyone'}</td></tr>`,
  );
  return `<h2>${escape(tag)}</h2>
<div class="wide"><table><thead><tr><th>Operation</th><th>What it does</th><th>For</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}

/** On a narrow screen an address breaks between its parts, never within one. */
function breakable(path: string): string {
  return escape(path).replaceAll('/', '<wbr>/');
}
