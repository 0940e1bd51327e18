import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client that sends what it is told and nothing else. */
export interface RawClient {
  socket: Socket;
  send(text: string): void;
  /** Sends the rest a character at a time, as slowly as it is allowed to. */
  dribbles(text: string, everyMs: number): void;
  /** All that came, once the other side has closed. */
  closed(): Promise<string>;
  /** All that came, as soon as it has that in it. */
  hears(words: string): Promise<string>;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let heard = '';
  let dribbling: NodeJS.Timeout | undefined;
  socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
  // Cut in the midst of sending: what matters is that it is closed.
  socket.on('error', () => undefined);
  const isClosed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void isClosed.then(() => clearInterval(dribbling));
  return {
    socket,
    send: (text) => void socket.write(text),
    dribbles(text, everyMs) {
      let at = 0;
      dribbling = setInterval(() => socket.write(text[at++ % text.length]!), everyMs);
    },
    async closed() {
      await isClosed;
      return heard;
    },
    async hears(words) {
      while (!heard.includes(words)) await once(socket, 'data');
      return heard;
    },
  };
}
