import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Sees what passes on a link before it is passed on. @returns false: it is not, and its connection is broken */
export type Watch = (passing: Passing) => boolean;
export interface Passing {
  /** Tells the connections of one link from each other. */
  connection: number;
  from: 'client' | 'server';
  chunk: Buffer;
}

/** A wire between two programs that can be cut, slowed down, stopped and watched. */
export interface Link {
  name: string;
  port: number;
  /** Breaks every connection; new ones work. */
  reset(): void;
  /** Breaks every connection and refuses new ones, until it is mended. */
  cut(): void;
  /** Each chunk comes so much later. */
  slow(ms: number): void;
  /** Takes everything and passes nothing on. */
  stall(): void;
  mend(): void;
  /** @returns how to end the watching */
  watch(watch: Watch): () => void;
  close(): Promise<void>;
}

export async function openLink(name: string, target: { host: string; port: number }): Promise<Link> {
  const pairs = new Set<Pair>();
  let state: 'whole' | 'cut' | 'stalled' = 'whole';
  let lateMs = 0;
  const watching = new Set<Watch>();
  let opened = 0;

  const server = createServer((client) => {
    if (state === 'cut') return void client.resetAndDestroy();
    opened += 1;
    const pair = joined(client, connect(target.port, target.host), () => pairs.delete(pair), {
      connection: opened,
      lateMs: () => lateMs,
      passes: (passing) => [...watching].every((watch) => watch(passing)),
    });
    pairs.add(pair);
    if (state === 'stalled') pair.hold();
  });
  const reset = () => pairs.forEach((pair) => pair.break());
  return {
    name,
    port: await listening(server),
    reset,
    cut() {
      state = 'cut';
      reset();
    },
    slow(ms) {
      lateMs = ms;
    },
    stall() {
      state = 'stalled';
      pairs.forEach((pair) => pair.hold());
    },
    mend() {
      state = 'whole';
      lateMs = 0;
      pairs.forEach((pair) => pair.letGo());
    },
    watch(watch) {
      watching.add(watch);
      return () => void watching.delete(watch);
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      reset();
      await closed;
    },
  };
}

interface Pair {
  break(): void;
  hold(): void;
  letGo(): void;
}
interface Rules {
  connection: number;
  lateMs(): number;
  passes(passing: Passing): boolean;
}

function joined(client: Socket, server: Socket, gone: () => void, rules: Rules): Pair {
  const both = [client, server];
  const end = () => {
    both.forEach((socket) => socket.destroy());
    gone();
  };
  for (const socket of both) {
    socket.setNoDelay(true);
    // What breaks on one side breaks on the other: the programs at both ends have to live with it.
    socket.on('error', end).on('close', end);
  }
  const passOn = (from: Passing['from'], to: Socket) => (chunk: Buffer) => {
    if (!rules.passes({ connection: rules.connection, from, chunk })) return end();
    const write = () => void (to.destroyed || to.write(chunk));
    const ms = rules.lateMs();
    if (ms === 0) write();
    else setTimeout(write, ms);
  };
  client.on('data', passOn('client', server)).on('end', () => server.end());
  server.on('data', passOn('server', client)).on('end', () => client.end());
  return {
    break() {
      both.forEach((socket) => socket.resetAndDestroy());
      gone();
    },
    hold: () => both.forEach((socket) => socket.pause()),
    letGo: () => both.forEach((socket) => socket.resume()),
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
