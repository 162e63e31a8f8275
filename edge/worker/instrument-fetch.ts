import { runtime } from '../runtimes/detect.ts';
import type { WaitUntil } from './invocation.ts';
import type { Pipelines } from './pipeline.ts';
import { register } from './register.ts';
import { serveRequest } from './serve.ts';

type AnyFunction = (...args: unknown[]) => unknown;

/** The environment of a handler: the second parameter of its `fetch`. */
export type EnvOf<H> = H extends { fetch?(request: never, env: infer Env, ...rest: never[]): unknown }
  ? [Bindings<Env>] extends [never]
    ? unknown
    : Bindings<Env>
  : unknown;

/** Hono's `fetch` takes `env?: Bindings | {}`: what is left without `{}` and `undefined`. */
type Bindings<Env> = Env extends undefined ? never : keyof Env extends never ? never : Env;

/** `handler` with its `fetch` traced, or traced itself when it is a function. */
export function instrumentFetch<H extends object>(handler: H, pipelineOf: Pipelines): H {
  register();
  const self = typeof handler === 'function' ? undefined : handler;
  const traced =
    (fetch: AnyFunction): AnyFunction =>
    (...args) => {
      const [request, bindings] = args as [Request, unknown];
      const pipeline = pipelineOf(runtime.env(bindings));
      if (args.length > 1) args[1] = pipeline.settings.traceEnv(bindings);
      return serveRequest(
        request,
        { pipeline, waitUntil: waitUntilOf(args), bindings },
        () => fetch.apply(self, args) as Response,
      );
    };
  if (!self) return traced(handler as unknown as AnyFunction) as unknown as H;
  const { fetch } = handler as { fetch?: AnyFunction };
  return fetch ? { ...handler, fetch: traced(fetch) } : { ...handler };
}

/** The platform's `waitUntil`, from what it passed beside the event. */
export function waitUntilOf(args: readonly unknown[]): WaitUntil | undefined {
  const context = (args as ReadonlyArray<Partial<Waiting> | null | undefined>).findLast(
    (arg) => typeof arg?.waitUntil === 'function',
  ) as Waiting | undefined;
  return context && ((promise) => context.waitUntil(promise));
}

interface Waiting {
  waitUntil(promise: Promise<unknown>): void;
}
