import { CopyButton } from '../copy-button.tsx';

/** The first thing a new user sees: what to paste, and that this page will notice by itself. */
export function EmptyList({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <section class="notice">
        <h2>No trace matches</h2>
        <p>
          Nothing stored meets all of these conditions. <a href="/">Show all traces</a>, or leave this open: a trace
          that matches appears by itself.
        </p>
      </section>
    );
  }
  const tag = `<script src="${window.location.origin}/throughline.js" data-key="pk_…" data-service="my-site" crossorigin async></script>`;
  return (
    <section class="notice">
      <h2>No traces yet</h2>
      <p>
        Put this tag into the <code>&lt;head&gt;</code> of a page, with the key the collector printed when it started,
        and open the page. Its trace appears here by itself.
      </p>
      <div class="snippet">
        <pre>{tag}</pre>
        <CopyButton text={tag} label="Copy the script tag">
          Copy
        </CopyButton>
      </div>
      <p class="muted">
        Anything that speaks OpenTelemetry can report as well: point its OTLP/HTTP exporter at{' '}
        <code>{window.location.origin}</code>.
      </p>
    </section>
  );
}
