/** What `bindings` cannot know by itself. */
export interface BindingsOptions {
  /**
   * Bindings (services and Durable Object namespaces) whose classes are wrapped by `traceClass`: their RPC calls carry the
   * trace. Default none; calls to others are spans and stay as they are on the wire.
   */
  rpc?: readonly string[];
  /**
   * Queue producers whose consumers are instrumented, as binding name to queue name: their messages carry the trace, in an
   * envelope around the body. Default none; sends to others are spans and stay as they are on the wire.
   */
  queues?: Readonly<Record<string, string>>;
}
