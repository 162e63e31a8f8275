import { EVENT_FIRST_BYTE } from '../../src/wire/names.ts';
import { SERVER_TIMING } from '../../src/wire/server-timing.ts';
import { runtime } from '../runtimes/detect.ts';
import { contextManager } from './context-manager.ts';
import { isDocument, joinDocument } from './document-join.ts';
import { setError, setResponseStatus } from './http-semantics.ts';
import { type Served, type ServerSpan, setRoute, startServerSpan } from './server-span.ts';
import { isStreaming, observeBody } from './streaming-body.ts';

/**
 * Notes a handler's response, sends it on its way, and ends the server span when it has been sent: told by the platform,
 * or by the end of a body that is made while it is sent, else now.
 */
export function finishResponse(server: ServerSpan, response: Response): Response {
  const { span, request, bindings, waitUntil, pipeline } = server;
  const { html, propagators, routeOf, serverTiming } = pipeline.settings;
  setResponseStatus(span, response.status, 500);
  if (routeOf) setRoute(span, request, routeOf(request));
  const timing = serverTiming && joinDocument(span, request, response);
  let answer = timing ? withHeader(response, SERVER_TIMING, timing) : response;
  if (html && isDocument(request, answer)) answer = html(answer);
  for (const propagator of propagators) {
    const headers = propagator.answer?.(request, answer, span);
    for (const name in headers) answer = withHeader(answer, name, headers[name] as string);
  }
  const end = (error?: unknown): void => {
    if (error !== undefined) setError(span, error);
    span.end();
  };
  const sent = runtime.responseSent?.(bindings);
  if (sent)
    sent.then(
      () => end(),
      () => end(),
    );
  else if (request.method === 'HEAD' || !isStreaming(answer, runtime.showsStreams)) end();
  else {
    const observed = observeBody(answer, request.signal, {
      within: (read) => contextManager.with(server.context, read),
      onFirstByte: () => span.addEvent(EVENT_FIRST_BYTE),
      onEnd: end,
    });
    waitUntil?.(observed.done);
    return observed.response;
  }
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

// The headers of a response that came from fetch are immutable: then a copy is returned.
function withHeader(response: Response, name: string, value: string): Response {
  try {
    response.headers.append(name, value);
    return response;
  } catch {
    return withHeader(new Response(response.body, response), name, value);
  }
}
