/** Filled in by the build from package.json. */
declare module 'throughline:version' {
  export const VERSION: string;
}
