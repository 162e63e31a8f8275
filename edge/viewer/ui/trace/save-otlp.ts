import { fetchOtlp, problemOf } from '../api.ts';

/** Saves the trace as an OTLP/JSON file. Resolves to '' or to a sentence about what went wrong. */
export async function saveOtlp(traceId: string): Promise<string> {
  let blob: Blob;
  try {
    // Fetched, not linked: a link could not carry the read token.
    blob = await fetchOtlp(traceId);
  } catch (error) {
    return `The trace could not be saved: the collector ${problemOf(error).kind === 'unreachable' ? 'does not answer' : 'refused it'}.`;
  }
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `trace-${traceId.replace(/[^0-9a-f]/g, '')}.json`;
  link.click();
  // The download has its own hold on the blob once the click is handled; freed in a later task, after that.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return '';
}
