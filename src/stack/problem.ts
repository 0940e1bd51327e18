/** Something that the person who started the stack can put right: its message is one sentence that says what to do. */
export class StackProblem extends Error {
  override name = 'StackProblem';
}

/** Takes one line without its line break. */
export type Log = (line: string) => void;

/** The sentence for a file or folder of ours that the file system refuses. */
export function unreadable(path: string, error: unknown): StackProblem {
  const reason = errorCode(error) ?? String(error);
  return new StackProblem(
    `${path} cannot be read and written (${reason}): change its owner, or name another folder in DATA_DIR.`,
  );
}

/** The `code` of a system error, such as EEXIST. */
export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
