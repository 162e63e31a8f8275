import { Hono } from 'hono';
import { instrument } from 'throughline/worker';

// The options function of `instrument` gets the handler's own environment, whatever kind of handler it is.
interface Env {
  COLLECTOR_URL: string;
}

const app = new Hono<{ Bindings: Env }>();
instrument(app, (env) => ({ collector: env.COLLECTOR_URL }));
instrument(app, (env: Env) => ({ collector: env.COLLECTOR_URL }));
instrument({ fetch: app.fetch }, (env) => ({ collector: env.COLLECTOR_URL }));

const worker = { fetch: (_: Request, env: Env) => fetch(env.COLLECTOR_URL) };
instrument(worker, (env) => ({ collector: env.COLLECTOR_URL }));
// @ts-expect-error there is no such binding
instrument(worker, (env) => ({ collector: env.COLLECTOR }));

// Handlers that name no environment do not know one.
instrument(new Hono(), (env: unknown) => ({ service: String(env) }));
instrument({ fetch: (request: Request) => fetch(request) }, (env: unknown) => ({ service: String(env) }));
instrument((request: Request) => fetch(request), { service: 'plain' });
