/** An OTLP answer is tiny; what a broken collector sends beyond this is not read. */
const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * How many spans a 2xx answer says it refused (OTLP `partialSuccess.rejectedSpans`). Always consumes or cancels the
 * body, so that the connection is free. An answer that is not OTLP counts as "none refused".
 */
export async function readPartialSuccess(response: Response): Promise<number> {
  const reader = response.body?.getReader();
  if (!reader) return 0;
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    while (bytes <= MAX_ANSWER_BYTES) {
      const { done, value } = await reader.read();
      if (done) return parse(text + decoder.decode());
      bytes += value.byteLength;
      text += decoder.decode(value, { stream: true });
    }
    await reader.cancel();
  } catch {
    // expected: the connection broke after the status; what was accepted stays accepted
  }
  return 0;
}

function parse(text: string): number {
  if (!text.includes('rejectedSpans')) return 0;
  try {
    const answer = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: unknown } };
    return Math.max(Number(answer.partialSuccess?.rejectedSpans) || 0, 0);
  } catch {
    return 0; // expected: something between us and the collector answered
  }
}
