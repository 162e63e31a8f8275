import { diag } from '@opentelemetry/api';

/**
 * Runs a piece of tracing that must not disturb the message it is about: a hostile message, or an SDK that throws, costs
 * the span. What went wrong goes to OpenTelemetry's own diagnostics.
 * @returns `undefined` when `work` threw
 */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    diag.warn('throughline/messaging: a message goes untraced', error);
    return undefined;
  }
}
