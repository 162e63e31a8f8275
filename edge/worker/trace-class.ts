import {
  ATTR_ALARM_RETRY_COUNT,
  ATTR_FAAS_TRIGGER,
  ATTR_RPC_METHOD,
  ATTR_RPC_SYSTEM_NAME,
} from '../../src/wire/names.ts';
import type { AttributeMap } from '../../src/wire/otlp.ts';
import { KIND_SERVER } from './api-constants.ts';
import { RPC_WITH_CONTEXT } from './bindings/rpc.ts';
import type { Carried } from './carried.ts';
import { contextManager } from './context-manager.ts';
import { invocationOf } from './edge-context.ts';
import type { WaitUntil } from './invocation.ts';
import { type Causes, watchState } from './object-state.ts';
import { type OptionsSource, resolveOptions } from './options.ts';
import { createPipelines, type Pipeline } from './pipeline.ts';
import { register } from './register.ts';
import { run } from './run.ts';
import { serveRequest } from './serve.ts';
import { TRIGGERS, type TriggerOptions } from './triggers.ts';

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Instance = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: what TypeScript asks of a class that is extended
type AnyClass = new (...args: any[]) => object;

/** What each instance was made with; the classes of the platform hide it in different places. */
interface Made {
  pipeline: Pipeline;
  waitUntil: WaitUntil;
  env: unknown;
  causes: Causes;
}

/** What `traceClass` is told beside the options of the tracer. */
export interface ClassOptions extends TriggerOptions {
  /**
   * Whether calls of a Durable Object's storage become spans. Default false: most are answered from memory, in less time than
   * a span takes.
   */
  storage?: boolean | undefined;
}

/** Handlers of a Durable Object that are no RPC methods, and what triggers them. */
const HANDLERS: Readonly<Record<string, AttributeMap>> = {
  alarm: { [ATTR_FAAS_TRIGGER]: 'timer' },
  webSocketMessage: { [ATTR_FAAS_TRIGGER]: 'other' },
  webSocketClose: { [ATTR_FAAS_TRIGGER]: 'other' },
  webSocketError: { [ATTR_FAAS_TRIGGER]: 'other' },
};

/**
 * Traces a class of the platform: a Durable Object (`fetch`, `alarm`, WebSocket handlers, RPC methods) or a
 * WorkerEntrypoint (`fetch`, RPC methods, triggers). Each call from outside is an invocation with a span; calls among the
 * class's own methods are not.
 *
 * RPC calls through a binding listed in `bindings({ rpc })` go on with the caller's trace. An alarm links to the span that
 * set it, a handler of a hibernatable WebSocket to the request that brought the socket, as long as the object was not evicted
 * in between.
 * @returns a class of the same name and type
 */
export function traceClass<C extends AnyClass>(
  Class: C,
  options: OptionsSource<never>,
  classOptions: ClassOptions = {},
): C {
  register();
  const pipelineOf = createPipelines(options, resolveOptions);
  const made = new WeakMap<object, Made>();
  const Traced = class extends Class {
    // biome-ignore lint/suspicious/noExplicitAny: see AnyClass
    constructor(...args: any[]) {
      const [ctx, env] = args as [{ waitUntil(promise: Promise<unknown>): void }, object];
      const pipeline = pipelineOf(env);
      const traced = pipeline.settings.traceEnv(env);
      const causes = watchState(ctx, classOptions.storage ? Class.name : undefined);
      super(ctx, traced);
      made.set(this, { pipeline, env: traced, waitUntil: (promise) => ctx.waitUntil(promise), causes });
    }
  };
  Object.defineProperty(Traced, 'name', { value: Class.name });
  const prototype = Traced.prototype as unknown as Record<string, Method>;
  const methods = methodsOf(Class);
  for (const [name, method] of methods)
    define(prototype, name, traceMethod(Class.name, name, { method, made, classOptions }));
  define(prototype, RPC_WITH_CONTEXT, function (this: unknown, ...[carried, name, args]: unknown[]) {
    const method = methods.get(String(name));
    if (!method || !isRpc(String(name)))
      throw new TypeError(`The RPC receiver does not implement the method "${String(name)}".`);
    const about = rpc(Class.name, String(name));
    return run({ ...about, ...(made.get(this as object) as Made), parent: carried as Carried }, () =>
      method.apply(this, args as unknown[]),
    );
  });
  return Traced as unknown as C;
}

function traceMethod(
  className: string,
  name: string,
  { method, made, classOptions }: { method: Method; made: WeakMap<object, Made>; classOptions: ClassOptions },
): Method {
  return function (this: unknown, ...args: unknown[]) {
    const own = made.get(this as object);
    // Called by another of its methods, or by the constructor.
    if (!own || invocationOf(contextManager.active())) return method.apply(this, args);
    const { pipeline, waitUntil } = own;
    if (name === 'fetch')
      return serveRequest(
        args[0] as Request,
        { pipeline, waitUntil, bindings: undefined },
        () => method.apply(this, args) as Response,
      );
    const trigger = TRIGGERS[name];
    if (trigger) {
      const { run: about, event } = trigger(args[0] as never, classOptions);
      return run({ ...about, pipeline, waitUntil }, () => method.apply(this, [event, ...args.slice(1)]));
    }
    const attributes = HANDLERS[name];
    const about = attributes
      ? {
          name: `${className} ${name}`,
          kind: KIND_SERVER,
          attributes: { ...attributes, ...retryOf(args[0]) },
          links: own.causes.of(name, args),
        }
      : rpc(className, name);
    return run({ ...about, pipeline, waitUntil }, () => method.apply(this, args));
  };
}

// An alarm whose handler threw comes again, and says so.
function retryOf(info: unknown): AttributeMap {
  const { retryCount } = (info ?? {}) as { retryCount?: unknown };
  return typeof retryCount === 'number' && retryCount > 0 ? { [ATTR_ALARM_RETRY_COUNT]: retryCount } : {};
}

function rpc(className: string, method: string) {
  return {
    name: `${className}/${method}`,
    kind: KIND_SERVER,
    attributes: { [ATTR_RPC_SYSTEM_NAME]: 'cloudflare_workers', [ATTR_RPC_METHOD]: `${className}/${method}` },
  };
}

function isRpc(name: string): boolean {
  return name !== 'fetch' && !Object.hasOwn(HANDLERS, name) && !Object.hasOwn(TRIGGERS, name);
}

/** The methods of a class and of what it extends, up to the platform's base class. */
function methodsOf(Class: AnyClass): Map<string, Method> {
  const methods = new Map<string, Method>();
  for (let prototype = Class.prototype; isOwn(prototype); prototype = Object.getPrototypeOf(prototype)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype as Instance)))
      if (name !== 'constructor' && typeof value === 'function' && !methods.has(name))
        methods.set(name, value as Method);
  }
  return methods;
}

const BASES = new Set(['Object', 'DurableObject', 'WorkerEntrypoint', 'RpcTarget']);

function isOwn(prototype: object | null): prototype is object {
  return prototype !== null && !BASES.has(prototype.constructor.name);
}

function define(prototype: object, name: string, value: Method): void {
  Object.defineProperty(prototype, name, { configurable: true, writable: true, value });
}
