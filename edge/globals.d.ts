// What workerd (flag nodejs_als), Node, Deno and Bun share beyond the web platform.
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    getStore(): T | undefined;
    run<R>(store: T, callback: () => R): R;
    static bind<F extends (...args: never[]) => unknown>(fn: F): F;
  }
}
