/** The same requests in each run. */
const SEED = 20_261;

export interface Scope {
  /** An API token; undefined: nobody. */
  token: string | undefined;
  /** These operations alone, or all but these. */
  only?: string;
  but?: string;
  /** Made-up requests for each operation, besides those of the edges. */
  examples: number;
}

/**
 * All checks of Schemathesis. What it cannot know from a schema: 422 is the answer to what is well formed and refused for
 * what is on record, and whether an address is a URL that can be reached takes more than a pattern.
 */
export function configOf({ token, only, but, examples }: Scope): string {
  return `
seed = ${SEED}
continue-on-failure = true
request-timeout = 15.0
workers = 1
color = false
${token === undefined ? '' : `headers = { Authorization = "Bearer ${token}" }`}

[generation]
max-examples = ${examples}
no-shrink = true
database = "none"

[phases.stateful]
enabled = true

[checks.positive_data_acceptance]
expected-statuses = [${ACCEPTED.join(', ')}]

[[operations]]
include-operation-id = "registerInstance"
checks.positive_data_acceptance.expected-statuses = [${[...ACCEPTED, '"400"'].join(', ')}]
${only === undefined ? '' : `\n[[operations]]\nexclude-operation-id = "${only}"\nenabled = false\n`}${
    but === undefined ? '' : `\n[[operations]]\ninclude-operation-id = "${but}"\nenabled = false\n`
  }`;
}

const ACCEPTED = ['2xx', '3xx', '401', '403', '404', '409', '422', '429'].map((status) => `"${status}"`);
