import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

/** What a client may take of a process, before anything of ours is asked. */
export interface ListenLimits {
  /** The request line and all headers; more is answered 431. */
  headerBytes: number;
  /** From the first moment of a connection, or of a request, to the end of its headers; later is answered 408. */
  headersMs: number;
  /** To the last byte of its body. */
  requestMs: number;
  /** A connection that waits for its next request. Longer than proxies keep theirs, so that none is closed under a request. */
  keepAliveMs: number;
  /** Nothing moves: an answer that nobody takes. */
  idleMs: number;
  /** How often it is looked at. */
  checkEveryMs: number;
  /** Open ones; one more is closed at once. */
  connections: number;
}

export const LISTEN_LIMITS: Omit<ListenLimits, 'connections'> = {
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 75_000,
  idleMs: 120_000,
  checkEveryMs: 2_000,
};

/** A server of ours, listening. */
export async function listen(
  app: RequestListener,
  where: { host: string; port: number },
  limits: ListenLimits,
): Promise<Server> {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
    },
    app,
  );
  server.setTimeout(limits.idleMs);
  server.maxConnections = limits.connections;
  // Node would leave out what is beyond a number of headers; the app refuses it.
  server.maxHeadersCount = 0;
  server.listen(where.port, where.host);
  await once(server, 'listening');
  return server;
}
