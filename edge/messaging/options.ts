/** What every wrapper takes. */
export interface MessagingOptions {
  /**
   * How the span of a single message stands to its producer: `link` (default) starts a trace that links to it,
   * `continue` makes it the producer's child. Batches always link, because they have many producers.
   */
  join?: 'link' | 'continue';
  /**
   * Baggage entries that ride along, by key; none by default. A consumer puts them into its context and onto its span.
   */
  baggage?: readonly string[];
}
