import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory and those above it. Node's own recursive form never returns where a file system says ENOENT although
 * the parent is there, as `/proc` does; this one throws what the file system said.
 */
export function makeDirectory(directory: string): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.push(path);
  // For the error of the file system's own: what is there is a file.
  if (missing.length === 0 && !statSync(directory).isDirectory()) mkdirSync(directory);
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path);
    } catch (error) {
      // Another process may have made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
