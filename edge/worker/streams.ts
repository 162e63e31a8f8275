import { EVENT_FIRST_BYTE } from '../../src/wire/names.ts';
import { runtime } from '../runtimes/detect.ts';
import { contextManager } from './context-manager.ts';
import type { ServerSpan } from './server-span.ts';
import { isStreaming, observeBody } from './streaming-body.ts';

/** Ends a server span with the end of a body that is made while it is sent, else now; its first byte is an event. */
export function streams(
  { span, request, context }: ServerSpan,
  response: Response,
  end: (error?: unknown) => void,
): Response {
  if (request.method === 'HEAD' || !isStreaming(response, runtime.showsStreams)) {
    end();
    return response;
  }
  const observed = observeBody(response, request.signal, {
    within: (read) => contextManager.with(context, read),
    onFirstByte: () => span.addEvent(EVENT_FIRST_BYTE),
    onEnd: end,
  });
  span.invocation.waitUntil?.(observed.done);
  return observed.response;
}
