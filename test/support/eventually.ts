/** Looks again and again, for what happens in another process; fails with what it waited for. */
export async function eventually(holds: () => Promise<boolean>, what: string, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
