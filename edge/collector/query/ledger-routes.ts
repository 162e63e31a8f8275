import { Hono } from 'hono';
import type { LedgerReads } from '../ledger/ledger-access.ts';

const MAX_SESSION_CHARS = 64;

/**
 * `GET /api/ledger`: what each key sent, and what its agents say they made. `GET /api/ledger?sessionId=`: the pages of one
 * session and their sum.
 */
export function createLedgerRoutes(ledger: LedgerReads): Hono {
  const routes = new Hono();
  routes.get('/', async (c) => {
    const sessionId = c.req.query('sessionId');
    if (sessionId === undefined) {
      const keys = [];
      for (const [keyId, counts] of await ledger.keys()) {
        keys.push({ keyId, ...counts, agents: await ledger.totals({ keyId }) });
      }
      return c.json({ keys, agents: await ledger.totals() });
    }
    if (sessionId === '' || sessionId.length > MAX_SESSION_CHARS)
      return c.json({ error: 'sessionId must be the id of a session.' }, 400);
    const agents = await ledger.totals({ sessionId });
    return c.json({ sessionId, agents, pages: await ledger.pages(sessionId) });
  });
  return routes;
}
