import { type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_TEMPLATE,
} from '../wire/names.ts';
import { redactUrl, templateOf } from '../wire/url.ts';

const METHODS = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '));

/** Names a client span and says where the request goes. Unknown methods are `HTTP` in names, which stay few. */
export function describeRequest(span: Span, method: string, url: URL): void {
  const template = templateOf(url.pathname);
  const known = method.toUpperCase();
  span.updateName(`${METHODS.has(known) ? known : 'HTTP'} ${template}`);
  span.setAttributes({
    [ATTR_URL_FULL]: redactUrl(url.href),
    [ATTR_URL_TEMPLATE]: template,
    [ATTR_SERVER_ADDRESS]: url.hostname,
    [ATTR_SERVER_PORT]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  });
}

/** Writes the answer: an error from 400 on, as the conventions say for clients. 0 is the status of an opaque answer. */
export function describeAnswer(span: Span, status: number): void {
  if (status > 0) span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
  if (status >= 400) describeFailure(span, String(status));
}

/** The request failed without an answer. `type` has few values: an error's name, never its message. */
export function describeFailure(span: Span, type: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute(ATTR_ERROR_TYPE, type);
}

/** Whether a request was cancelled on purpose, which is no error; a timeout is one. */
export function isAbort(error: unknown, signal: AbortSignal | null | undefined): boolean {
  const { name } = (error ?? {}) as { name?: unknown };
  return name === 'AbortError' || (signal?.aborted === true && name !== 'TimeoutError');
}
