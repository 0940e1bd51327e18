import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * The peers' memory over a restart, one JSON file. Without a path nothing is stored. It is written at every change, by
 * a rename, so that a killed program leaves the old file or the new one and never half of one.
 */
export class StateFile {
  readonly #path: string | undefined;
  readonly #parts: Record<string, unknown>;

  constructor(path: string | undefined) {
    this.#path = path;
    this.#parts = path !== undefined && existsSync(path) ? parsed(path) : {};
  }

  /** The stored part, else the seeded one; what is returned is what `save` writes later. */
  part<Part>(name: string, schema: z.ZodType<Part>, seed: () => Part): Part {
    const stored = this.#parts[name];
    const part = stored === undefined ? seed() : schema.parse(stored);
    this.#parts[name] = part;
    return part;
  }

  save(): void {
    if (this.#path === undefined) return;
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#parts), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function parsed(path: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new Error(`${path} holds no state of the demo peers; delete it to begin anew`, { cause: error });
  }
}
