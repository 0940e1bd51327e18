import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listener {
  url: string;
  goDown(): Promise<void>;
  comeUp(): Promise<void>;
  close(): Promise<void>;
}

/** Listens on the loopback address; 0 takes a free port, which it keeps when it goes down and comes up. */
export async function listenOn(server: Server, port: number): Promise<Listener> {
  const open = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  const shut = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await open(port);
  const bound = boundPort(server.address());
  return { url: `http://127.0.0.1:${bound}`, goDown: shut, comeUp: () => open(bound), close: shut };
}

function boundPort(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the peer does not listen on a port');
  return address.port;
}
