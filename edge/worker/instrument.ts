import { runtime } from '../runtimes/detect.ts';
import { contextManager } from './context-manager.ts';
import type { WaitUntil } from './invocation.ts';
import type { OptionsSource } from './options.ts';
import { createPipelines } from './pipeline.ts';
import { register } from './register.ts';
import { finishResponse } from './serve.ts';
import { noteError, startServerSpan } from './server-span.ts';

interface Waiting {
  waitUntil(promise: Promise<unknown>): void;
}

type AnyFunction = (...args: never[]) => unknown;

/** The environment of a handler: the second parameter of its `fetch`. */
export type EnvOf<H> = H extends { fetch?(request: never, env: infer Env, ...rest: never[]): unknown }
  ? [Bindings<Env>] extends [never]
    ? unknown
    : Bindings<Env>
  : unknown;

/** Hono's `fetch` takes `env?: Bindings | {}`: what is left without `{}` and `undefined`. */
type Bindings<Env> = Env extends undefined ? never : keyof Env extends never ? never : Env;

/**
 * Traces a worker: a Cloudflare module worker (`export default instrument({ fetch }, options)`), a Hono app, or a plain
 * fetch-style function.
 *
 * Every request becomes a server span in its caller's trace or in a new one, `fetch` calls inside it become client spans
 * that carry the trace to the origins in `propagateTo`, and spans made through `@opentelemetry/api` join in. Nothing
 * changes or delays a response, and an error of the handler is rethrown as it is.
 * @param options or a function of `env` that returns them, for secrets
 * @returns a handler of the same type
 */
export function instrument<H extends object>(handler: H, options: OptionsSource<EnvOf<H>>): H {
  register();
  const pipelineOf = createPipelines(options);
  const serve = (call: (args: unknown[]) => unknown, args: unknown[]): Promise<Response> => {
    const [request, bindings] = args as [Request, unknown];
    const pipeline = pipelineOf(runtime.env(bindings));
    const server = startServerSpan(request, pipeline, waitUntilOf(args));
    return contextManager.with(server.context, async () => {
      try {
        return finishResponse(server, request, (await call(args)) as Response, bindings);
      } catch (error) {
        noteError(server, error);
        server.span.end();
        throw error;
      }
    });
  };
  if (typeof handler === 'function') {
    const fn = handler as unknown as AnyFunction;
    return ((...args: unknown[]) => serve((given) => fn(...(given as never[])), args)) as unknown as H;
  }
  const { fetch } = handler as { fetch?: AnyFunction };
  if (typeof fetch !== 'function') return handler;
  return {
    ...handler,
    fetch: (...args: unknown[]) => serve((given) => fetch.apply(handler, given as never[]), args),
  };
}

function waitUntilOf(args: readonly unknown[]): WaitUntil | undefined {
  for (const arg of args.slice(1)) {
    if (typeof (arg as Partial<Waiting> | null | undefined)?.waitUntil === 'function')
      return (promise) => (arg as Waiting).waitUntil(promise);
  }
  return undefined;
}
