import type { Context, MiddlewareHandler } from 'hono';
import { isForwarded } from '../is-forwarded.ts';
import { isSameSecret } from '../key-ring.ts';

const LOOPBACK_HOST = /^(localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const LOOPBACK_ADDRESS = /^(127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/;

/**
 * Who may read. With a read token: whoever sends it as `Authorization: Bearer`. Without: this machine only, known by
 * the peer's address and by a `Host` of this machine, because a page of another site can point its own host name at
 * 127.0.0.1 (DNS rebinding); behind a proxy everything looks local, so what a proxy passed on is refused as well.
 * Answers carry no CORS headers and are never kept by a cache.
 */
export function createReadGuard(options: { readToken: string | undefined; behindProxy: boolean }): MiddlewareHandler {
  const { readToken, behindProxy } = options;
  return async (c, next) => {
    c.header('cache-control', 'no-store');
    c.header('x-content-type-options', 'nosniff');
    const refusal = readToken === undefined ? refuseRemote(c, behindProxy) : refuseWithoutToken(c, readToken);
    if (refusal) return refusal;
    const site = c.req.header('sec-fetch-site');
    if (site === 'cross-site') return c.json({ error: 'Pages of other sites may not read this collector.' }, 403);
    // A page on another port of this machine is the same site and still somebody else's.
    const isChange = c.req.method !== 'GET' && c.req.method !== 'HEAD';
    if (isChange && (site === 'same-site' || isForeignOrigin(c)))
      return c.json({ error: 'Only the viewer itself may change what is stored.' }, 403);
    await next();
  };
}

function isForeignOrigin(c: Context): boolean {
  const origin = c.req.header('origin');
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== c.req.header('host');
}

function refuseRemote(c: Context, behindProxy: boolean): Response | undefined {
  const address: string | undefined = c.env?.incoming?.socket?.remoteAddress;
  const isLocal =
    !behindProxy &&
    LOOPBACK_HOST.test(c.req.header('host') ?? new URL(c.req.url).host) &&
    (address === undefined || LOOPBACK_ADDRESS.test(address)) &&
    !isForwarded((name) => c.req.header(name));
  if (isLocal) return undefined;
  return c.json(
    {
      error:
        'Without a read token this collector is read on its own machine only: give it one (--read-token, THROUGHLINE_READ_TOKEN).',
    },
    403,
  );
}

function refuseWithoutToken(c: Context, readToken: string): Response | undefined {
  const token = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')?.[1];
  if (token !== undefined && isSameSecret(readToken, token)) return undefined;
  return c.json({ error: 'Reading needs the read token: send "Authorization: Bearer <read token>".' }, 401, {
    'www-authenticate': 'Bearer',
  });
}
