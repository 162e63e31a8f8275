import { isRecord } from './generic-carrier.ts';

type Input = Record<string, unknown>;
type Send = (input: Input) => Promise<{ output: Input }>;

/** What SQS calls a message, or a batch, that is too large for its queue. */
const TOO_LARGE = /InvalidParameterValue|BatchRequestTooLong|MessageTooLong/;

/**
 * Sends `input`, and what SQS refuses as too large once more as `lean`: a queue may have a size limit of its own,
 * which nobody knows before. A refused message was not queued, so none is sent twice.
 * @param lean the same messages, no larger than the application made them
 */
export async function sendWithinLimit(input: Input, lean: Input, send: Send): Promise<{ output: Input }> {
  try {
    const sent = await send(input);
    const retried = refusedEntries(sent.output.Failed, lean.Entries);
    if (retried.length === 0) return sent;
    const again = await send({ ...lean, Entries: retried });
    const ids = new Set(retried.map(({ Id }) => Id));
    const others = listOf(sent.output.Failed).filter(({ Id }) => !ids.has(Id));
    const successful = [...listOf(sent.output.Successful), ...listOf(again.output.Successful)];
    const failed = [...others, ...listOf(again.output.Failed)];
    return { ...sent, output: { ...sent.output, Successful: successful, Failed: failed } };
  } catch (error) {
    if (!(error instanceof Error) || !TOO_LARGE.test(error.name)) throw error;
    return send(lean);
  }
}

function refusedEntries(failed: unknown, entries: unknown): Input[] {
  const tooLarge = listOf(failed).filter(({ Code }) => typeof Code === 'string' && TOO_LARGE.test(Code));
  const ids = new Set(tooLarge.map(({ Id }) => Id));
  return listOf(entries).filter(({ Id }) => ids.has(Id));
}

function listOf(value: unknown): Input[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
