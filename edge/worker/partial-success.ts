/** An OTLP answer is tiny; what a broken collector sends beyond this is not read. */
const MAX_ANSWER_CHARS = 16 * 1024;

/**
 * How many spans a 2xx answer says it refused (OTLP `partialSuccess.rejectedSpans`). Always consumes or cancels the
 * body, so that the connection is free. An answer that is not OTLP counts as "none refused".
 */
export async function readPartialSuccess(response: Response): Promise<number> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_ANSWER_CHARS) break;
    }
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: unknown } };
    return Math.max(Number(partialSuccess?.rejectedSpans) || 0, 0);
  } catch {
    return 0; // expected: nothing, something between us and the collector, or a connection that broke after the status
  }
}
