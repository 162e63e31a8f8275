import { fault, guard, type Stop } from './guard.ts';

/** What to do around one call of a patched method. */
export interface Around {
  /** Given to the original in place of the caller's; never the caller's own array changed. */
  args?: unknown[];
  /** Sees what the original returned; what it returns goes to the caller. */
  returned?(result: unknown): unknown;
  /** Sees what the original threw; the caller gets it all the same. */
  threw?(error: unknown): void;
}
export type Before = (self: unknown, args: readonly unknown[]) => Around | undefined;

// Captured before a page can replace them.
const { apply, construct } = Reflect;
const { defineProperty, getOwnPropertyDescriptor } = Object;

/**
 * Patches `owner[name]` so that the page can hardly tell: a Proxy keeps name, length, prototype, static members and the
 * property's descriptor, `toString` answers as the original's, and a fault in `before` or `returned` leaves the
 * original call as it was. Constructors are patched by the same hooks.
 * @returns restores the original descriptor; if somebody patched on top of us meanwhile, our layer only falls silent
 */
export function patchMethod<O extends object>(owner: O | undefined, name: keyof O & string, before: Before): Stop {
  if (!owner) return () => {};
  const own = getOwnPropertyDescriptor(owner, name);
  const original = owner[name];
  if (typeof original !== 'function') return () => {};
  const planOf = guard(before);
  let active = true;

  const around = (self: unknown, args: readonly unknown[], run: (args: readonly unknown[]) => unknown): unknown => {
    const plan = active ? planOf(self, args) : undefined;
    if (!plan) return run(args);
    let result: unknown;
    try {
      result = run(plan.args ?? args);
    } catch (error) {
      if (plan.threw) guard(plan.threw)(error);
      throw error;
    }
    try {
      return plan.returned ? plan.returned(result) : result;
    } catch (error) {
      fault(error);
      return result;
    }
  };

  const patched: unknown = new Proxy(original, {
    apply: (target, self, args) => around(self, args, (given) => apply(target, self, given)),
    construct: (target, args, newTarget) =>
      around(undefined, args, (given) =>
        construct(target, given, newTarget === patched ? target : newTarget),
      ) as object,
    // Function.prototype.toString of a Proxy lacks the name, and pages compare the text.
    get: (target, key) => (key === 'toString' ? () => `${target}` : Reflect.get(target, key)),
  });
  const descriptor = own ?? { writable: true, enumerable: true, configurable: true };
  try {
    defineProperty(owner, name, { ...descriptor, value: patched });
  } catch (error) {
    fault(error); // expected: a page may lock its globals
    return () => {};
  }
  return () => {
    if (active && owner[name] === patched) {
      if (own) defineProperty(owner, name, own);
      else delete owner[name];
    }
    active = false;
  };
}

/**
 * Patches the constructor `owner[name]`: `created` sees every instance. `instance.constructor` stays what the page finds
 * under that name.
 */
export function patchConstructor<O extends object>(
  owner: O,
  name: keyof O & string,
  created: (instance: object) => void,
): Stop {
  const original = owner[name] as { prototype?: object } | undefined;
  const stop = patchMethod(owner, name, () => ({
    returned(instance) {
      created(instance as object);
      return instance;
    },
  }));
  const prototype = original?.prototype;
  if (!prototype || owner[name] === original) return stop;
  const identity = getOwnPropertyDescriptor(prototype, 'constructor');
  if (identity?.configurable) defineProperty(prototype, 'constructor', { ...identity, value: owner[name] });
  return () => {
    if (identity?.configurable) defineProperty(prototype, 'constructor', identity);
    stop();
  };
}
