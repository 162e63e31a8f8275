import type { ContextField, ContextFields } from './context-fields.ts';

/** How the messages of one client library carry context. `test/contracts/message-carrier.ts` holds every one to it. */
export interface Carrier<M> {
  /** The raw value of a field, whatever it is; `undefined` when there is none. */
  read(message: M, field: ContextField): unknown;
  /**
   * A copy of `message` that carries `fields`, as many as there is room for; the body is the same object.
   * @returns `undefined` when there is no room even for the first, or `message` is nothing that the client library takes
   */
  write(message: M, fields: ContextFields): M | undefined;
}
