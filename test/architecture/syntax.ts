import { parseSync, type ParseResult } from 'oxc-parser';
import type { SourceFile } from './source-files.ts';

export interface Node {
  type: string;
  start: number;
  [field: string]: unknown;
}

export function parse({ path, text }: SourceFile): ParseResult {
  const result = parseSync(path, text);
  if (result.errors.length > 0) throw new Error(`${path} cannot be parsed: ${result.errors[0]!.message}`);
  return result;
}

/** Every node of a program; comments are none. */
export function* nodesOf(part: unknown): Generator<Node> {
  if (typeof part !== 'object' || part === null) return;
  if ('type' in part && typeof part.type === 'string') yield part as Node;
  for (const inner of Object.values(part)) yield* nodesOf(inner);
}
