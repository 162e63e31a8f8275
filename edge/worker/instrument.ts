import { runtime } from '../runtimes/detect.ts';
import type { WaitUntil } from './invocation.ts';
import type { OptionsSource } from './options.ts';
import { createPipelines } from './pipeline.ts';
import { register } from './register.ts';
import { run } from './run.ts';
import { serveRequest } from './serve.ts';
import { TRIGGERS } from './triggers.ts';

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
 * that carry the trace to the origins in `propagateTo`, and spans made through `@opentelemetry/api` join in. The other
 * triggers (`queue`, `scheduled`, `email`, `tail`) become spans as well. Nothing changes or delays a response, and an
 * error of the handler is rethrown as it is.
 * @param options or a function of `env` that returns them, for secrets
 * @returns a handler of the same type
 */
export function instrument<H extends object>(handler: H, options: OptionsSource<EnvOf<H>>): H {
  register();
  const pipelineOf = createPipelines(options);
  const serve = (call: (args: unknown[]) => unknown, args: unknown[]): Promise<Response> => {
    const [request, bindings, ...rest] = args as [Request, unknown, ...unknown[]];
    const pipeline = pipelineOf(runtime.env(bindings));
    const given = args.length > 1 ? [request, pipeline.settings.traceEnv(bindings), ...rest] : args;
    return serveRequest(request, { pipeline, waitUntil: waitUntilOf(args), bindings }, () => call(given) as Response);
  };
  if (typeof handler === 'function') {
    const fn = handler as unknown as AnyFunction;
    return ((...args: unknown[]) => serve((given) => fn(...(given as never[])), args)) as unknown as H;
  }
  const traced = { ...handler } as Record<string, unknown>;
  const { fetch } = handler as { fetch?: AnyFunction };
  if (typeof fetch === 'function')
    traced['fetch'] = (...args: unknown[]) => serve((given) => fetch.apply(handler, given as never[]), args);
  for (const [name, trigger] of Object.entries(TRIGGERS)) {
    const handle = (handler as Record<string, unknown>)[name];
    if (typeof handle !== 'function') continue;
    traced[name] = (original: unknown, ...rest: unknown[]) => {
      const { run: about, event } = trigger(original as never);
      const pipeline = pipelineOf(runtime.env(rest[0]));
      return run({ ...about, pipeline, waitUntil: waitUntilOf([original, ...rest]) }, () =>
        (handle as AnyFunction).apply(handler, [
          event,
          pipeline.settings.traceEnv(rest[0]),
          ...rest.slice(1),
        ] as never[]),
      );
    };
  }
  return traced as H;
}

function waitUntilOf(args: readonly unknown[]): WaitUntil | undefined {
  for (const arg of args.slice(1)) {
    if (typeof (arg as Partial<Waiting> | null | undefined)?.waitUntil === 'function')
      return (promise) => (arg as Waiting).waitUntil(promise);
  }
  return undefined;
}
