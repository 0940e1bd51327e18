/** The same requests in each run. */
const SEED = 20_261;

export interface Scope {
  /** An API token; undefined: nobody. */
  token: string | undefined;
  /** These operations alone, or all but these. */
  only?: string;
  but?: string;
  /** An `id` in paths that begin so: what is theirs, of which nobody could guess it. */
  theirs?: { path: string; id: string };
  /** Made-up requests for each operation, besides those of the edges. */
  examples: number;
}

/**
 * All checks of Schemathesis. What it cannot know from a schema: 422 is the answer to what is well formed and refused for
 * what is on record, and whether an address is a URL that can be reached takes more than a pattern.
 */
export function configOf({ token, only, but, theirs, examples }: Scope): string {
  const accepted = (statuses: readonly string[]) => `[${statuses.map((status) => `"${status}"`).join(', ')}]`;
  return [
    `seed = ${SEED}
continue-on-failure = true
request-timeout = 15.0
workers = 1
color = false`,
    token && `headers = { Authorization = "Bearer ${token}" }`,
    `[generation]
max-examples = ${examples}
no-shrink = true
# What a text with NUL is answered is for test/api/bad-input.test.ts: here they come although a pattern forbids them.
allow-x00 = false
database = "none"`,
    `[phases.stateful]
enabled = true`,
    `[checks.positive_data_acceptance]
expected-statuses = ${accepted(ACCEPTED)}`,
    `[[operations]]
include-operation-id = "registerInstance"
checks.positive_data_acceptance.expected-statuses = ${accepted([...ACCEPTED, '400'])}`,
    theirs && `[[operations]]\ninclude-path-regex = "^${theirs.path}"\nparameters.id = "${theirs.id}"`,
    only && `[[operations]]\nexclude-operation-id = "${only}"\nenabled = false`,
    but && `[[operations]]\ninclude-operation-id = "${but}"\nenabled = false`,
  ]
    .filter((part) => part)
    .join('\n\n');
}

const ACCEPTED = ['2xx', '3xx', '401', '403', '404', '409', '422', '429'];
