import { type Attributes, trace } from '@opentelemetry/api';
import { stopAll } from '../browser/guard.ts';
import { listen } from '../browser/listen.ts';
import type { Core, Instrumentation } from '../core.ts';
import { MAX_ATTRIBUTE_CHARS, MAX_STACK_CHARS } from '../wire/limits.ts';
import {
  ATTR_EXCEPTION_ESCAPED,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  EVENT_EXCEPTION,
} from '../wire/names.ts';

const SEVERITY_ERROR = 17;
/** A cause may be its own cause. */
const MAX_CAUSES = 5;

/**
 * `exception` events for uncaught errors and unhandled rejections, in the trace of the task that failed. Any value may be
 * thrown; stacks are sent as text and parsed where they are read.
 */
export const errors: Instrumentation = {
  name: 'errors',
  start: (core) =>
    stopAll([
      // Resources that fail to load come as plain events without a message.
      listen<ErrorEvent>(window, 'error', (event) => {
        if (event instanceof ErrorEvent) capture(core, event.error ?? event.message, true, {});
      }),
      listen<PromiseRejectionEvent>(window, 'unhandledrejection', ({ reason }) => capture(core, reason, true, {})),
    ]),
};

/** Emits `error` as an exception event. */
export function capture(core: Core, error: unknown, isUncaught: boolean, attributes: Attributes): void {
  const { contexts, activities } = core;
  const context = contexts.recent();
  core.emit({
    name: EVENT_EXCEPTION,
    severity: SEVERITY_ERROR,
    span: context && activities.isLive(context) ? trace.getSpanContext(context) : undefined,
    attributes: { ...attributes, ...describe(error), [ATTR_EXCEPTION_ESCAPED]: isUncaught },
  });
}

function describe(error: unknown): Attributes {
  if (!isErrorLike(error)) return { [ATTR_EXCEPTION_TYPE]: typeof error, [ATTR_EXCEPTION_MESSAGE]: textOf(error) };
  return {
    [ATTR_EXCEPTION_TYPE]: textOf(error.name || 'Error'),
    [ATTR_EXCEPTION_MESSAGE]: textOf(error.message),
    [ATTR_EXCEPTION_STACKTRACE]: stackOf(error).slice(0, MAX_STACK_CHARS),
  };
}

interface ErrorLike {
  name?: unknown;
  message: unknown;
  stack?: unknown;
  cause?: unknown;
}

// Not instanceof: errors of an iframe have another Error, and DOMException has no stack of its own in some browsers.
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
