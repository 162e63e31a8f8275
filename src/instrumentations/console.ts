import { patchMethod } from '../browser/patch.ts';
import type { Instrumentation } from '../core.ts';
import { ATTR_CONSOLE_METHOD, EVENT_CONSOLE } from '../wire/names.ts';
import { describeException } from './exception.ts';

const SEVERITY_ERROR = 17;

/** A `browser.console` event for each `console.error`, where the site asks for it: its texts may say anything. */
export const consoleErrors: Instrumentation = {
  name: 'console',
  isOptional: true,
  start: (core) =>
    patchMethod(console, 'error', (_, args) => {
      const error = args.find((arg) => arg instanceof Error) ?? {
        name: 'console.error',
        message: args.map(String).join(' '),
      };
      const attributes = { ...describeException(error), [ATTR_CONSOLE_METHOD]: 'error' };
      core.emit({ name: EVENT_CONSOLE, severity: SEVERITY_ERROR, attributes });
      return undefined;
    }),
};
