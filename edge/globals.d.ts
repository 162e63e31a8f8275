// What workerd (flag nodejs_als), Node, Deno and Bun share beyond the web platform.
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    getStore(): T | undefined;
    run<R, A extends unknown[]>(store: T, callback: (...args: A) => R, ...args: A): R;
  }
}

/** Filled in by the build from package.json. */
declare module 'throughline:version' {
  export const VERSION: string;
}
