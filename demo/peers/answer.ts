/** What a peer is about to write to its client. `body` is complete: faults may still change or cut it. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

export function html(status: number, page: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body: page };
}

export function redirect(location: string, headers: Record<string, string> = {}): Answer {
  return { status: 302, headers: { location, ...headers }, body: '' };
}

export const noContent = (): Answer => ({ status: 204, headers: {}, body: '' });

/** The error body of the REST API, which a refused GraphQL request has too. */
export function refusal(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return json(status, { message, documentation_url: 'https://docs.github.com/rest', status: String(status) }, headers);
}

export const notFound = (): Answer => refusal(404, 'Not Found');
export const badCredentials = (): Answer => refusal(401, 'Bad credentials');
export const accountSuspended = (): Answer => refusal(403, 'Sorry. Your account was suspended.');
