import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import type { Fault } from './fault-kinds.ts';

/** The answer's own headers win over those that every answer has. */
export function writeAnswer(
  response: ServerResponse,
  answer: Answer,
  common: Record<string, string>,
  faults: readonly Fault[],
): void {
  if (response.destroyed) return;
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...common, ...answer.headers, 'content-length': body.length });
  if (!faults.some(({ kind }) => kind === 'cut-json')) {
    response.end(body);
    return;
  }
  // The header promises the whole body; half of it comes, then the connection ends.
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.end());
}
