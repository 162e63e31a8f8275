/** The built script and viewer by their path below `dist`, put in by the build. */
declare module 'throughline:files' {
  export const FILES: Record<string, { contentType: string; etag: string; text: string }>;
}
