type AnyFunction = (...args: never[]) => unknown;

/** Makes the replacement of a method; `original` is bound to its object. */
export type Replace = (original: (...args: unknown[]) => unknown) => (...args: never[]) => unknown;

/**
 * `target` as a caller sees it, with some methods replaced. `target` itself stays as it is: its other methods run on it,
 * so that private fields work and its own calls of a replaced method are not seen twice.
 */
export function intercept<T extends object>(target: T, methods: Readonly<Record<string, Replace>>): T {
  const bound = new Map<PropertyKey, { value: AnyFunction; call: AnyFunction }>();
  const proxy: T = new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || key === 'constructor' || isFixed(target, key)) return value;
      const known = bound.get(key);
      if (known?.value === value) return known.call;
      const original = (...args: unknown[]): unknown => {
        const result = (value as (...args: unknown[]) => unknown).apply(target, args);
        return result === target ? proxy : result;
      };
      const replace = typeof key === 'string' && Object.hasOwn(methods, key) ? methods[key] : undefined;
      const call = (replace ? replace(original) : original) as AnyFunction;
      bound.set(key, { value: value as AnyFunction, call });
      return call;
    },
  });
  return proxy;
}

// A proxy may not answer anything else for such a property.
function isFixed(target: object, key: PropertyKey): boolean {
  const own = Object.getOwnPropertyDescriptor(target, key);
  return own?.configurable === false && own.writable === false;
}
