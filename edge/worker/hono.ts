import './opentelemetry.ts';
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { runtime } from '../runtimes/detect.ts';
import { KIND_SERVER } from './api-constants.ts';
import { contextManager } from './context-manager.ts';
import { invocationOf } from './edge-context.ts';
import { setError } from './http-semantics.ts';
import type { WaitUntil } from './invocation.ts';
import { type OptionsSource, resolveOptions } from './options.ts';
import { createPipelines } from './pipeline.ts';
import { register } from './register.ts';
import { finishResponse } from './serve.ts';
import { setRoute, startServerSpan } from './server-span.ts';
import type { EdgeSpan } from './span.ts';

export { flush, ledger } from './flush.ts';
export type { Ledger } from './ledger.ts';
export type { Options, OptionsSource } from './options.ts';
export type { Fetcher } from './settings.ts';
export type { TrustPolicy, TrustTable } from './trust.ts';

/**
 * Traces a Hono app on any runtime: `app.use(throughline(options))`, first of all middleware. The server span is named
 * after the route that answered. Inside a worker wrapped by `instrument` it only adds the route to that span.
 * @param options or a function of the platform's bindings (Cloudflare's `env`; elsewhere the environment variables)
 */
export function throughline<Env = Record<string, unknown>>(options: OptionsSource<Env>): MiddlewareHandler {
  register();
  const pipelineOf = createPipelines(options, resolveOptions);
  return async function throughline(c, next) {
    const request = c.req.raw;
    const outer = liveServerSpan();
    if (outer) {
      await next();
      noteOutcome(c, outer, request);
      return;
    }
    const bindings = c.env;
    const pipeline = pipelineOf(runtime.env(bindings));
    const server = startServerSpan(request, { pipeline, waitUntil: waitUntilOf(c), bindings });
    const { span, context } = server;
    c.env = pipeline.settings.traceEnv(bindings);
    try {
      await contextManager.with(context, next);
    } catch (error) {
      setRoute(span, request, routeOf(c));
      setError(span, error);
      span.end();
      throw error;
    }
    noteOutcome(c, span, request);
    const response = finishResponse(server, c.res);
    if (response !== c.res) {
      // Hono merges the headers of the response it has into one that replaces it.
      c.res = undefined;
      c.res = response;
    }
  };
}

// An error that the app's error handler answered is the span's when the answer is one of the server's own failures.
function noteOutcome(c: Context, span: EdgeSpan, request: Request): void {
  setRoute(span, request, routeOf(c));
  if (c.error && c.res.status >= 500) setError(span, c.error);
}

function liveServerSpan(): EdgeSpan | undefined {
  const root = invocationOf(contextManager.active())?.root;
  return root?.kind === KIND_SERVER && root.endMs === undefined ? root : undefined;
}

function routeOf(c: Context): string | undefined {
  const route = routePath(c);
  // What answers 404 under a catch-all is the middleware before it, not a route.
  return /^\/?\*$/.test(route) && c.res.status === 404 ? undefined : route;
}

function waitUntilOf(c: Context): WaitUntil | undefined {
  try {
    const { executionCtx } = c;
    return (promise) => executionCtx.waitUntil(promise);
  } catch {
    return undefined; // expected: the platform has none
  }
}
