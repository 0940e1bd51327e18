import type { IncomingMessage } from 'node:http';

/** A request, read to its end. */
export interface Incoming {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  /** `undefined` where there was none or it was no JSON. */
  json: unknown;
  /** Empty where the body is no form. */
  form: Record<string, string>;
  text: string;
}

const LARGEST_BODY = 10 * 1024 * 1024;

export async function readIncoming(message: IncomingMessage): Promise<Incoming> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(message.url ?? '/', 'http://peer');
  const headers = Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)]));
  return {
    method: message.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers,
    text,
    json: parse(text),
    form: isForm(headers) ? Object.fromEntries(new URLSearchParams(text)) : {},
  };
}

function isForm(headers: Record<string, string>): boolean {
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
