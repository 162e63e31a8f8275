type Method = (...args: never[]) => unknown;

/**
 * `target` with some of its members replaced. All else is the target's own: its type to `instanceof`, its properties, and
 * its methods with the `this` they check for.
 */
export function intercept<T extends object>(target: T, members: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(_, name) {
      if (typeof name === 'string' && Object.hasOwn(members, name)) return members[name];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** Replacements for those of `names` that the target has: each calls the target's within `around`. */
export function around<T extends object>(
  target: T,
  names: readonly string[],
  wrap: (name: string, call: () => unknown, args: unknown[]) => unknown,
): Record<string, Method> {
  const methods: Record<string, Method> = {};
  for (const name of names) {
    const method = (target as Record<string, unknown>)[name];
    if (typeof method !== 'function') continue;
    methods[name] = (...args: unknown[]) => wrap(name, () => method.apply(target, args), args);
  }
  return methods;
}
