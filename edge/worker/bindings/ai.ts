import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
} from '../../../src/wire/names.ts';
import type { BindingKind } from './binding-kind.ts';
import { around, intercept } from './intercept.ts';
import { tracedCall } from './traced-call.ts';

/** Workers AI: span `run {model}`; neither prompts nor answers are recorded. */
export const ai: BindingKind = {
  is: (binding) => binding.constructor?.name === 'Ai',
  trace: (binding, name) =>
    intercept(
      binding,
      around(binding, ['run'], (operation, call, [model]) =>
        tracedCall(
          {
            name: `${operation} ${String(model)}`,
            binding: name,
            attributes: {
              [ATTR_GEN_AI_OPERATION_NAME]: operation,
              [ATTR_GEN_AI_PROVIDER_NAME]: 'cloudflare.workers_ai',
              [ATTR_GEN_AI_REQUEST_MODEL]: String(model),
            },
          },
          call,
        ),
      ),
    ),
};
