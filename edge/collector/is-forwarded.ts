import type { Context } from 'hono';

/** Whether a proxy passed the request on: then that it comes from this machine says nothing about who sent it. */
export function isForwarded(c: Context): boolean {
  return c.req.header('x-forwarded-for') !== undefined || c.req.header('forwarded') !== undefined;
}
