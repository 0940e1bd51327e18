/** The code that an act is refused with; `none` where it is not. */
export async function refusal(act: Promise<unknown>): Promise<string> {
  return act.then(
    () => 'none',
    (error: { code: string }) => error.code,
  );
}
