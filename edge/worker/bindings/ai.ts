import {
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
} from '../../../src/wire/names.ts';
import type { EdgeSpan } from '../span.ts';
import type { BindingKind } from './binding-kind.ts';
import { around, intercept } from './intercept.ts';
import { tracedCall } from './traced-call.ts';

/**
 * Workers AI: span `{operation} {model}`, where the operation is `chat` when messages go in and else `run`, with the tokens
 * an answer says it used; neither prompts nor answers are recorded. A streamed answer is handed on as it is: its span ends
 * when it begins.
 */
export const ai: BindingKind = {
  is: (binding) => binding.constructor?.name === 'Ai',
  trace: (binding, name) =>
    intercept(
      binding,
      around(binding, ['run'], (_, call, [model, inputs]) => {
        const operation = Array.isArray((inputs as { messages?: unknown } | null)?.messages) ? 'chat' : 'run';
        const about = {
          name: `${operation} ${String(model)}`,
          binding: name,
          attributes: {
            [ATTR_GEN_AI_OPERATION_NAME]: operation,
            [ATTR_GEN_AI_PROVIDER_NAME]: 'cloudflare.workers_ai',
            [ATTR_GEN_AI_REQUEST_MODEL]: String(model),
          },
        };
        return tracedCall(about, (span) => {
          const answer = call() as Promise<unknown>;
          // Before the span's end, which waits for the same promise after this; a failure is the span's to note.
          if (span) answer.then((result) => noteUsage(span, result)).catch(() => undefined);
          return answer;
        });
      }),
    ),
};

function noteUsage(span: EdgeSpan, result: unknown): void {
  const { usage } = (result ?? {}) as { usage?: { prompt_tokens?: unknown; completion_tokens?: unknown } };
  if (typeof usage?.prompt_tokens === 'number') span.setAttribute(ATTR_GEN_AI_USAGE_INPUT_TOKENS, usage.prompt_tokens);
  if (typeof usage?.completion_tokens === 'number')
    span.setAttribute(ATTR_GEN_AI_USAGE_OUTPUT_TOKENS, usage.completion_tokens);
}
