import { ATTR_RPC_METHOD, ATTR_RPC_SYSTEM_NAME } from '../../../src/wire/names.ts';
import { contextHeaders } from '../outgoing.ts';
import { tracedBindingFetch } from '../traced-fetch.ts';
import type { BindingKind } from './binding-kind.ts';
import { intercept } from './intercept.ts';
import { RPC_WITH_CONTEXT } from './rpc.ts';
import { tracedCall } from './traced-call.ts';

type Stub = Record<string | symbol, (...args: unknown[]) => unknown> & { fetch: typeof fetch };

/** Members of a stub that are not RPC methods of its class. */
const OWN = new Set<string | symbol>(['fetch', 'connect', 'id', 'name', 'constructor', 'dup', 'then', 'toString']);

/**
 * A service binding: `fetch` is a client span that carries the context, an RPC call a span `{binding}/{method}`, which
 * carries it when the options say that the other side understands.
 */
export const service: BindingKind = {
  is: (binding) => binding.constructor?.name === 'Fetcher',
  trace: (binding, name, { rpc = [] }) => traceStub(binding as Stub, name, rpc.includes(name)),
};

/** A namespace of Durable Objects: what it hands out is traced as a service binding is. */
export const durableObjects: BindingKind = {
  is: (binding) => binding.constructor?.name === 'DurableObjectNamespace',
  trace(binding, name, options) {
    const namespace = binding as Record<string, (...args: unknown[]) => object>;
    const carries = options.rpc?.includes(name) ?? false;
    const stub =
      (method: string) =>
      (...args: unknown[]) =>
        traceStub((namespace[method] as (...args: unknown[]) => unknown).apply(namespace, args) as Stub, name, carries);
    return intercept(namespace, {
      get: stub('get'),
      getByName: stub('getByName'),
      jurisdiction: (...args: unknown[]) =>
        durableObjects.trace(namespace['jurisdiction']?.apply(namespace, args) as object, name, options),
    });
  },
};

function traceStub(stub: Stub, binding: string, carries: boolean): object {
  return new Proxy(stub, {
    get(_, name) {
      if (name === 'fetch')
        return (input: RequestInfo | URL, init?: RequestInit) => tracedBindingFetch(stub, input, init);
      const member: unknown = Reflect.get(stub, name, stub);
      if (typeof member !== 'function' || typeof name === 'symbol') return member;
      if (OWN.has(name)) return member.bind(stub);
      return traceMethod(stub, { binding, carries, method: name }, member);
    },
  });
}

// A method of a stub may also be a property of the class, which is awaited: so the member itself stays, and calling it is
// intercepted. It has no apply or bind: those would be calls to methods of these names.
function traceMethod(
  stub: Stub,
  { binding, carries, method }: { binding: string; carries: boolean; method: string },
  member: object,
): object {
  const about = {
    name: `${binding}/${method}`,
    binding,
    attributes: { [ATTR_RPC_SYSTEM_NAME]: 'cloudflare_workers', [ATTR_RPC_METHOD]: `${binding}/${method}` },
  };
  return new Proxy(member, {
    apply: (_, __, args: unknown[]) =>
      tracedCall(about, (span) =>
        span && carries ? stub[RPC_WITH_CONTEXT]?.(contextHeaders(span), method, args) : stub[method]?.(...args),
      ),
    get(_, name) {
      const inner: unknown = Reflect.get(member, name, member);
      return name === 'then' || name === 'catch' || name === 'finally'
        ? (...args: unknown[]) => (member as Stub)[name]?.(...args)
        : inner;
    },
  });
}
