/**
 * The RPC method that `traceClass` adds: `(context, method, args)` calls `method` with `args` under a context. It stands
 * beside the class's own methods, so that these never see an argument they did not ask for.
 */
export const RPC_WITH_CONTEXT = '__throughline';
