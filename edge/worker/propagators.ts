import type { Context } from '@opentelemetry/api';
import { parseTraceparent } from '../../src/wire/traceparent.ts';
import type { Carried } from './carried.ts';
import type { Propagator } from './propagator.ts';
import type { EdgeSpan } from './span.ts';

/** All further ways for context to travel together. */
export interface Propagation {
  readonly headers: readonly string[];
  read(request: Request): Carried | undefined;
  enter(request: Request, context: Context, span: EdgeSpan): Context;
  write(context: Context, span: EdgeSpan, origin: string | undefined): Record<string, string>;
  answer(request: Request, response: Response, span: EdgeSpan): Response;
}

/** Several propagators as one: the first that reads a caller's context is believed, all write. */
export function propagators(...list: readonly Propagator[]): Propagation {
  return {
    headers: list.flatMap(({ headers }) => headers),
    read(request) {
      for (const { read } of list) {
        const carried = read?.(request);
        if (carried && parseTraceparent(carried.traceparent)) return carried;
      }
      return undefined;
    },
    enter: (request, context, span) =>
      list.reduce((within, { enter }) => enter?.(request, within, span) ?? within, context),
    write(context, span, origin) {
      const headers: Record<string, string> = {};
      for (const { write } of list) Object.assign(headers, write?.(context, span, origin));
      return headers;
    },
    answer(request, response, span) {
      let answer = response;
      for (const propagator of list) {
        const headers = propagator.answer?.(request, answer, span);
        for (const name in headers) answer = withHeader(answer, name, headers[name] as string);
      }
      return answer;
    },
  };
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
