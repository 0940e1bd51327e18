import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What it does with a request. It may end the answer, leave it open or break the connection. */
export type Respond = (response: ServerResponse, asked: Asked) => void;

/** A server that says whatever a test wants it to, for answers that no proper one would give. */
export interface OddServer {
  readonly url: string;
  /** Every request that came, oldest first. */
  readonly asked: Asked[];
  answers(respond: Respond): void;
  close(): Promise<void>;
}

export async function startOddServer(): Promise<OddServer> {
  const asked: Asked[] = [];
  let respond: Respond = (response) => response.end();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const one = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') };
      asked.push(one);
      respond(response, one);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    answers: (next) => {
      respond = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Ends with this status, text and headers. */
export function says(status: number, text: string, headers: Record<string, string | string[]> = {}): Respond {
  return (response) => response.writeHead(status, headers).end(text);
}

export function saysJson(status: number, value: unknown, headers: Record<string, string | string[]> = {}): Respond {
  return says(status, JSON.stringify(value), { 'content-type': 'application/json; charset=utf-8', ...headers });
}
