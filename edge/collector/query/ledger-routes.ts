import { Hono } from 'hono';
import type { LossLedger } from '../ledger/loss-ledger.ts';

const MAX_SESSION_CHARS = 64;

/**
 * `GET /api/ledger`: what each key sent, and what its agents say they made. `GET /api/ledger?sessionId=`: the pages of one
 * session and their sum.
 */
export function createLedgerRoutes(ledger: LossLedger): Hono {
  const routes = new Hono();
  routes.get('/', (c) => {
    const sessionId = c.req.query('sessionId');
    if (sessionId === undefined) {
      const keys = [...ledger.keys()].map(([keyId, counts]) => ({
        keyId,
        ...counts,
        agents: ledger.totals({ keyId }),
      }));
      return c.json({ keys, agents: ledger.totals() });
    }
    if (sessionId === '' || sessionId.length > MAX_SESSION_CHARS)
      return c.json({ error: 'sessionId must be the id of a session.' }, 400);
    return c.json({ sessionId, agents: ledger.totals({ sessionId }), pages: ledger.pages(sessionId) });
  });
  return routes;
}
