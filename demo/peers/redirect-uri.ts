const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether GitHub sends a browser there: the host of the registered callback or one below it, its port, its path or one
 * below it. At a loopback address any port will do, because programs on desktops take a free one.
 */
export function matchesCallback(registered: string, asked: string): boolean {
  if (!URL.canParse(asked)) return false;
  const callback = new URL(registered);
  const target = new URL(asked);
  const sameHost = target.hostname === callback.hostname || target.hostname.endsWith(`.${callback.hostname}`);
  const samePort = target.port === callback.port || LOOPBACK.has(target.hostname);
  return target.protocol === callback.protocol && sameHost && samePort && isBelow(callback.pathname, target.pathname);
}

function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
