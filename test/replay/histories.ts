import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
export type History = proto.temporal.api.history.v1.IHistory;

const ROOT = fileURLToPath(new URL('../histories/', import.meta.url));

/** What the present code was recorded as; a release is kept under its own version. */
export const PRESENT = 'unreleased';

export interface Recorded {
  /** `<version>/<workflow>/<state>`, as its file. */
  name: string;
  version: string;
  workflow: string;
  state: string;
  /** The file, so that one can look for what must not be in it. */
  text: string;
  history: History;
}

export function recordedHistories(): Recorded[] {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.json'));
  return files.toSorted().map((path) => {
    const name = path.replace(/\.json$/, '').replaceAll('\\', '/');
    const [version, workflow, state] = name.split('/') as [string, string, string];
    const text = readFileSync(join(ROOT, path), 'utf8');
    return { name, version, workflow, state, text, history: History.fromObject(JSON.parse(text, toBytes) as object) };
  });
}

/** A line an event, payloads as text so that one can read what is in them, and nothing that a replay does not need. */
export function writeHistory(version: string, workflow: string, state: string, history: History): void {
  const { events } = History.toObject(History.fromObject(history), { enums: String, longs: String, bytes: String });
  const lines = (events as unknown[]).map((event) => JSON.stringify(event, toText));
  const folder = join(ROOT, version, workflow);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${state}.json`), `{"events":[\n${lines.join(',\n')}\n]}\n`);
}

/** Names of processes and machines, paths of files, and the server's own bookkeeping. */
const LEFT_OUT = ['identity', 'workerVersion', 'stackTrace', 'taskId', 'requestId', 'historySizeBytes'];

interface Payload {
  metadata: Record<string, string>;
  data: string;
}

function isPayload(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && 'metadata' in value && 'data' in value;
}

/** Of a payload whose bytes stand in base64, as protobuf's JSON has it. */
function toText(key: string, value: unknown): unknown {
  if (LEFT_OUT.includes(key)) return undefined;
  return isPayload(value) ? inPayload(value, (base64) => Buffer.from(base64, 'base64').toString()) : value;
}

function toBytes(_key: string, value: unknown): unknown {
  return isPayload(value) ? inPayload(value, (text) => Buffer.from(text).toString('base64')) : value;
}

function inPayload({ metadata, data, ...rest }: Payload, change: (text: string) => string) {
  const changed = Object.entries(metadata).map(([name, text]) => [name, change(text)]);
  return { ...rest, metadata: Object.fromEntries(changed) as Record<string, string>, data: change(data) };
}
