import type { Attributes } from '@opentelemetry/api';
import { MAX_ATTRIBUTE_CHARS, MAX_STACK_CHARS } from '../wire/limits.ts';
import { ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE, ATTR_EXCEPTION_TYPE } from '../wire/names.ts';

/** A cause may be its own cause. */
const MAX_CAUSES = 5;

interface ErrorLike {
  name?: unknown;
  message: unknown;
  stack?: unknown;
  cause?: unknown;
}

/** Any thrown value as attributes: type, message, and the stacks of it and its causes as text, parsed where it is read. */
export function describeException(error: unknown): Attributes {
  if (!isErrorLike(error)) return { [ATTR_EXCEPTION_TYPE]: typeof error, [ATTR_EXCEPTION_MESSAGE]: textOf(error) };
  return {
    [ATTR_EXCEPTION_TYPE]: textOf(error.name || 'Error'),
    [ATTR_EXCEPTION_MESSAGE]: textOf(error.message),
    [ATTR_EXCEPTION_STACKTRACE]: stackOf(error).slice(0, MAX_STACK_CHARS),
  };
}

// Not instanceof: errors of an iframe have another Error, and DOMException is none in some browsers.
function isErrorLike(error: unknown): error is ErrorLike {
  return typeof error === 'object' && error !== null && 'message' in error;
}

function stackOf(error: ErrorLike, depth = 0): string {
  const stack = error.stack ? textOf(error.stack, MAX_STACK_CHARS) : `${textOf(error.name)}: ${textOf(error.message)}`;
  const hasCause = depth < MAX_CAUSES && isErrorLike(error.cause);
  return hasCause ? `${stack}\nCaused by: ${stackOf(error.cause as ErrorLike, depth + 1)}` : stack;
}

function textOf(value: unknown, maxChars = MAX_ATTRIBUTE_CHARS): string {
  try {
    const isPlain = Object.prototype.toString.call(value) === '[object Object]';
    return String(isPlain ? JSON.stringify(value) : value).slice(0, maxChars);
  } catch {
    return '[unreadable]'; // expected: anything can be thrown, also what refuses to become a string
  }
}
