import { type Attributes, trace } from '@opentelemetry/api';
import { selectorOf } from '../browser/element.ts';
import { guard, stopAll } from '../browser/guard.ts';
import { listen } from '../browser/listen.ts';
import type { Core, Instrumentation } from '../core.ts';
import {
  ATTR_ELEMENT_SELECTOR,
  ATTR_ELEMENT_TAG,
  ATTR_EXCEPTION_COUNT,
  ATTR_EXCEPTION_ESCAPED,
  ATTR_URL_FULL,
  EVENT_EXCEPTION,
} from '../wire/names.ts';
import { redactUrl } from '../wire/url.ts';
import { describeException } from './exception.ts';

const SEVERITY_ERROR = 17;
/** Equal errors within this time are one event, and one more with the count of the rest. */
const REPEAT_MS = 10_000;
const MAX_REMEMBERED = 50;

/**
 * `exception` events, in the trace of the task that failed: uncaught errors, unhandled rejections of any value, resources
 * that did not load, violations of the content security policy.
 */
export const errors: Instrumentation = {
  name: 'errors',
  start(core) {
    const report = (error: unknown, attributes: Attributes = {}) => core.capture(error, true, attributes);
    return stopAll([
      listen<ErrorEvent>(window, 'error', ({ target, error, message }) => {
        // Resources that fail to load say so with an event on their element, which does not bubble.
        if (!(target instanceof Element)) report(error ?? message);
        else {
          const { localName } = target;
          const { src, href } = target as Partial<HTMLImageElement & HTMLLinkElement>;
          report(
            { name: 'ResourceError', message: `${localName} did not load` },
            {
              [ATTR_ELEMENT_TAG]: localName,
              [ATTR_ELEMENT_SELECTOR]: selectorOf(target),
              [ATTR_URL_FULL]: redactUrl(String(src ?? href)),
            },
          );
        }
      }),
      listen<PromiseRejectionEvent>(window, 'unhandledrejection', ({ reason }) => report(reason)),
      listen<SecurityPolicyViolationEvent>(document, 'securitypolicyviolation', (violation) => {
        const { effectiveDirective, blockedURI, disposition, sourceFile, lineNumber } = violation;
        const blocked = /^\w+:/.test(blockedURI) ? redactUrl(blockedURI) : blockedURI;
        report({
          name: 'SecurityPolicyViolation',
          message: `${effectiveDirective} ${disposition === 'report' ? 'would block' : 'blocked'} ${blocked}`,
          stack: sourceFile ? `at ${redactUrl(sourceFile)}:${lineNumber}` : '',
        });
      }),
    ]);
  },
};

/** Reports exceptions: the first of equal ones at once, the others as a count. */
export function createCapture(core: Omit<Core, 'capture'>): Core['capture'] {
  const { contexts, activities } = core;
  const repeats = new Map<string, number>();

  return guard((error: unknown, isUncaught: boolean, attributes: Attributes) => {
    const described: Attributes = { ...attributes, ...describeException(error), [ATTR_EXCEPTION_ESCAPED]: isUncaught };
    const key = JSON.stringify(described);
    const seen = repeats.get(key);
    if (seen !== undefined) {
      repeats.set(key, seen + 1);
      return;
    }
    const context = contexts.recent();
    const span = context && activities.isLive(context) ? trace.getSpanContext(context) : undefined;
    const emit = (count: number) =>
      core.emit({
        name: EVENT_EXCEPTION,
        severity: SEVERITY_ERROR,
        span,
        attributes: count > 1 ? { ...described, [ATTR_EXCEPTION_COUNT]: count } : described,
      });
    emit(1);
    if (repeats.size >= MAX_REMEMBERED) return;
    repeats.set(key, 0);
    let stopLeave = () => {};
    const settle = guard(() => {
      const count = repeats.get(key) ?? 0;
      stopLeave();
      repeats.delete(key);
      if (count > 0) emit(count);
    });
    stopLeave = core.onLeave(settle);
    setTimeout(settle, REPEAT_MS);
  });
}
