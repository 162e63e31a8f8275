import { ai } from './ai.ts';
import type { BindingKind } from './binding-kind.ts';
import { d1 } from './d1.ts';
import type { BindingsOptions } from './options.ts';
import { queueProducer } from './queue-producer.ts';
import { kv, r2, vectorize } from './stores.ts';
import { durableObjects, service } from './stub.ts';

const KINDS: readonly BindingKind[] = [kv, r2, d1, queueProducer, service, durableObjects, ai, vectorize];

/**
 * Traces what a worker reaches through `env`: KV, R2, D1, Queues, services, Durable Objects, Workers AI and Vectorize.
 * @returns the value of the option `traceEnv`
 */
export function bindings(options: BindingsOptions = {}): <Env extends object>(env: Env) => Env {
  const traced = new WeakMap<object, object>();
  const traceOne = (binding: unknown, name: string): unknown => {
    if (typeof binding !== 'object' || binding === null) return binding;
    let known = traced.get(binding);
    if (!known) {
      known = KINDS.find((kind) => kind.is(binding))?.trace(binding, name, options) ?? binding;
      traced.set(binding, known);
    }
    return known;
  };
  return <Env extends object>(env: Env): Env => {
    let known = traced.get(env);
    if (!known) {
      known = new Proxy(env, {
        get: (target, name) => {
          const binding: unknown = Reflect.get(target, name, target);
          return typeof name === 'string' ? traceOne(binding, name) : binding;
        },
      });
      traced.set(env, known);
      // What is traced already stays as it is.
      traced.set(known, known);
    }
    return known as Env;
  };
}
