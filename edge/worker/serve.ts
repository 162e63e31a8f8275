import { runtime } from '../runtimes/detect.ts';
import { contextManager } from './context-manager.ts';
import { setError, setResponseStatus } from './http-semantics.ts';
import { type Served, type ServerSpan, setRoute, startServerSpan } from './server-span.ts';

/**
 * Notes a handler's response, sends it on its way, and ends the server span when it has been sent: told by the platform,
 * or by the end of a body that is made while it is sent, else now.
 */
export function finishResponse(server: ServerSpan, response: Response): Response {
  const { span, request, bindings } = server;
  const { propagation, route, streams } = span.invocation.pipeline.settings;
  setResponseStatus(span, response.status, 500);
  if (route) setRoute(span, request, route(request));
  const answer = propagation?.answer(request, response, span) ?? response;
  const end = (error?: unknown): void => {
    if (error !== undefined) setError(span, error);
    span.end();
  };
  const sent = runtime.responseSent?.(bindings);
  if (!sent && streams) return streams(server, answer, end);
  if (sent)
    sent.then(
      () => end(),
      () => end(),
    );
  else end();
  return answer;
}

/** Runs `handler` for a request in a server span. Its error is noted and rethrown as it is. */
export function serveRequest(
  request: Request,
  served: Served,
  handler: () => Response | Promise<Response>,
): Promise<Response> {
  const server = startServerSpan(request, served);
  return contextManager.with(server.context, async () => {
    try {
      return finishResponse(server, await handler());
    } catch (error) {
      setError(server.span, error);
      server.span.end();
      throw error;
    }
  });
}
