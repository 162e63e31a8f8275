import { EVENT_FIRST_BYTE } from '../../src/wire/names.ts';
import { SERVER_TIMING } from '../../src/wire/server-timing.ts';
import { runtime } from '../runtimes/detect.ts';
import { contextManager } from './context-manager.ts';
import { isDocument, withHeader } from './document-join.ts';
import { setError } from './http-semantics.ts';
import { noteError, noteResponse, type Served, type ServerSpan, startServerSpan } from './server-span.ts';
import { isStreaming, observeBody } from './streaming-body.ts';

/**
 * Sends a handler's response on its way and ends the server span when it has been sent: told by the platform, or by
 * the end of a body that is made while it is sent, else now.
 * @param bindings what the platform passed beside the request
 */
export function finishResponse(server: ServerSpan, request: Request, response: Response, bindings: unknown): Response {
  const { span, invocation } = server;
  const serverTiming = noteResponse(server, request, response);
  const timed = serverTiming === undefined ? response : withHeader(response, SERVER_TIMING, serverTiming);
  const { html, propagators } = invocation.pipeline.settings;
  let answer = html && isDocument(request, timed) ? html(timed) : timed;
  for (const propagator of propagators) {
    const headers = propagator.answer?.(request, answer, span);
    for (const name in headers) answer = withHeader(answer, name, headers[name] as string);
  }
  const sent = runtime.responseSent?.(bindings);
  if (sent) {
    sent.then(
      () => span.end(),
      () => span.end(),
    );
    return answer;
  }
  if (request.method === 'HEAD' || !isStreaming(answer, runtime.showsStreams)) {
    span.end();
    return answer;
  }
  const observed = observeBody(answer, request.signal, {
    onFirstByte: () => span.addEvent(EVENT_FIRST_BYTE),
    onEnd(error) {
      if (error !== undefined) setError(span, error);
      span.end();
    },
  });
  invocation.waitUntil?.(observed.done);
  return observed.response;
}

/** Runs `handler` for a request in a server span. Its error is noted and rethrown as it is. */
export function serveRequest(
  request: Request,
  { pipeline, waitUntil, bindings }: Served,
  handler: () => Response | Promise<Response>,
): Promise<Response> {
  const server = startServerSpan(request, { pipeline, waitUntil, bindings });
  return contextManager.with(server.context, async () => {
    try {
      return finishResponse(server, request, await handler(), bindings);
    } catch (error) {
      noteError(server, error);
      server.span.end();
      throw error;
    }
  });
}
