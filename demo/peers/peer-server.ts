import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refusal } from './answer.ts';
import type { Answer } from './answer.ts';
import { callerAppearing, callerOf } from './caller.ts';
import type { Caller } from './caller.ts';
import { answerInstead } from './fault-answers.ts';
import type { FaultBoard } from './fault-board.ts';
import type { Fault } from './fault-kinds.ts';
import type { Hold } from './hold.ts';
import { readIncoming } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import { listenOn } from './listener.ts';
import type { Listener } from './listener.ts';
import { withLie } from './lies.ts';
import type { People } from './people.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';
import { writeAnswer } from './write-answer.ts';

export interface PeerProgram {
  people: People;
  faults: FaultBoard;
  requests: RequestLog;
  /** The public API, and the pages where people sign in. */
  answer(request: Incoming, caller: Caller | undefined, faults: readonly Fault[]): Promise<Answer>;
  /** Key of the person for whom a request without a token comes. */
  whoComes: (request: Incoming) => string | undefined;
  /** The control path, `/_demo/…`: neither logged nor touched by any fault. */
  control(request: Incoming): Promise<Answer>;
  /** Headers of every answer of the public API. */
  headers(caller: Caller | undefined): Record<string, string>;
}

/** Runs the program on the loopback address; 0 takes a free port, which it keeps when it goes down and comes up. */
export async function listen(program: PeerProgram, port: number): Promise<Listener> {
  const server = createServer((message, response) => {
    serve(program, message, response).catch(() => response.destroy());
  });
  const listener = await listenOn(server, port);
  const close = async (): Promise<void> => {
    program.faults.clear();
    await listener.close();
  };
  return { ...listener, close };
}

async function serve(program: PeerProgram, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const request = await readIncoming(message);
  if (request.path.startsWith('/_demo')) {
    writeAnswer(response, await program.control(request), {}, []);
    return;
  }
  const known = callerOf(program.people, request.headers);
  const entry = program.requests.add({ ...seen(request), who: known?.person.key ?? program.whoComes(request) ?? null });
  const { faults, holds } = program.faults.take(entry);
  const caller = known === undefined ? undefined : callerAppearing(known, faults);

  await caught(holds, 'arrival', entry);
  if (!(await survives(faults, response))) return;
  const answer = await answerUnder(faults, program, request, caller);
  await caught(holds, 'answer', entry);
  writeAnswer(response, answer, program.headers(caller), faults);
}

function seen({ method, path, query, headers, json, form, text }: Incoming) {
  const body = json ?? (Object.keys(form).length > 0 ? form : text);
  return { method, path, query: Object.fromEntries(query), headers, body };
}

async function caught(holds: readonly Hold[], at: Hold['at'], entry: LoggedRequest): Promise<void> {
  await Promise.all(holds.filter((hold) => hold.at === at).map((hold) => hold.catch(entry)));
}

/** @returns false where no answer will ever be written */
async function survives(faults: readonly Fault[], response: ServerResponse): Promise<boolean> {
  for (const fault of faults) {
    if (fault.kind === 'hang') return false;
    if (fault.kind === 'reset') {
      response.socket?.resetAndDestroy();
      return false;
    }
    if (fault.kind === 'slow') await delay(fault.ms, response);
  }
  return true;
}

/** Ends early when the client has gone, so that no timer outlives the peer. */
async function delay(ms: number, response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    response.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function answerUnder(
  faults: readonly Fault[],
  program: PeerProgram,
  request: Incoming,
  caller: Caller | undefined,
): Promise<Answer> {
  if (request.headers['user-agent'] === undefined) return refusal(403, MISSING_USER_AGENT);
  for (const fault of faults) {
    const instead = answerInstead(fault);
    if (instead !== undefined) return instead;
  }
  let answer = await program.answer(request, caller, faults);
  for (const fault of faults) if (fault.kind === 'lying-counts') answer = withLie(fault.lie, answer);
  return answer;
}

const MISSING_USER_AGENT =
  'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.';
