/* oxlint-disable no-console -- this is about what a library writes there */

/**
 * `oidc-provider` says at its import that Node.js 20 is no runtime of its any more. On 20 our own tests say that what is
 * used of it works (docs/decisions/018), so that one line is left out; any other is written as ever.
 */
const { warn } = console;
console.warn = (...words: unknown[]) => {
  if (!String(words[0]).includes('Unsupported runtime')) warn(...words);
};
export const { interactionPolicy, Provider } = await import('oidc-provider').finally(() => {
  console.warn = warn;
});
