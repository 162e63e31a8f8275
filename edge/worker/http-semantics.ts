import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '../../src/wire/names.ts';
import { STATUS_ERROR } from './api-constants.ts';
import type { EdgeSpan } from './span.ts';
import type { UrlParts } from './url-parts.ts';

/** Methods of RFC 9110, PATCH and QUERY; anything else would let a caller make up names. */
const METHOD = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY)$/;

/** The method as span names show it: `HTTP` for one that is not known. */
export function methodName(method: string): string {
  return METHOD.test(method) ? method : 'HTTP';
}

export function setMethod(span: EdgeSpan, method: string): void {
  const isKnown = METHOD.test(method);
  span.setAttribute(ATTR_HTTP_REQUEST_METHOD, isKnown ? method : '_OTHER');
  if (!isKnown) span.setAttribute(ATTR_HTTP_REQUEST_METHOD_ORIGINAL, method);
}

export function setServer(span: EdgeSpan, { hostname, port }: UrlParts): void {
  span.setAttribute(ATTR_SERVER_ADDRESS, hostname).setAttribute(ATTR_SERVER_PORT, port);
}

/** @param errorFrom the first status that is an error: 500 for a server span, 400 for a client span */
export function setResponseStatus(span: EdgeSpan, status: number, errorFrom: number): void {
  span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
  if (status < errorFrom) return;
  if (!span.attributes.has(ATTR_ERROR_TYPE)) span.setAttribute(ATTR_ERROR_TYPE, String(status));
  if (!span.status) span.setStatus({ code: STATUS_ERROR });
}

/** An error that ended the work of a span. A cancelled request is no error. */
export function setError(span: EdgeSpan, error: unknown): void {
  if ((error as { name?: unknown } | null | undefined)?.name === 'AbortError') return;
  // Low-cardinality: the class of the error, never its message.
  const type = error instanceof Error ? error.name || error.constructor.name : typeof error;
  span.setAttribute(ATTR_ERROR_TYPE, type).setStatus({ code: STATUS_ERROR });
  span.recordException(error instanceof Error ? error : String(error));
}
