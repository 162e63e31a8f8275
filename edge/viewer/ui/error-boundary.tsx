import { Component, type ComponentChildren } from 'preact';
import { visibleLine } from '../model/visible-text.ts';

/** Keeps a fault in drawing one page from leaving an empty window: it is said, and the way back stays. */
export class ErrorBoundary extends Component<{ children: ComponentChildren }, { fault: string }> {
  override state = { fault: '' };

  override componentDidCatch(error: unknown): void {
    this.setState({ fault: error instanceof Error ? error.message : String(error) });
  }

  render({ children }: { children: ComponentChildren }, { fault }: { fault: string }) {
    if (fault === '') return children;
    return (
      <section class="notice" role="alert">
        <h2>This could not be drawn</h2>
        <p>A fault of the viewer, not of your data: {visibleLine(fault)}</p>
        <p>
          <a class="button" href="/" onClick={() => this.setState({ fault: '' })}>
            All traces
          </a>
        </p>
      </section>
    );
  }
}
