import type { BindingsOptions } from './options.ts';

/** A kind of binding that can be traced. One file each, and a line in `trace-bindings.ts`. */
export interface BindingKind {
  is(binding: object): boolean;
  /** The binding with its calls traced; `name` is its name in `env`. */
  trace(binding: object, name: string, options: BindingsOptions): object;
}
