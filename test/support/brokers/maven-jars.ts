import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `group:artifact:version` of a server on Maven Central. */
export type Coordinates = `${string}:${string}:${string}`;

const CACHE = fileURLToPath(new URL('../../../.bench/brokers/', import.meta.url));
const MIN_JAVA = 17;

/**
 * The jars of a server and of all it needs, fetched once with Maven into `.bench/brokers`.
 * @param limitMs how long fetching may take
 * @returns the folder, or in words why there is none
 */
export function fetchJars(coordinates: Coordinates, limitMs: number): { folder: string } | { missing: string } {
  const java = missingJava();
  if (java) return { missing: java };
  const folder = join(CACHE, coordinates.replaceAll(/[^\w.-]+/g, '-'));
  if (existsSync(folder)) return { folder };
  const [groupId, artifactId, version] = coordinates.split(':') as [string, string, string];
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, '.fetch-'));
  try {
    writeFileSync(join(work, 'pom.xml'), pom({ groupId, artifactId, version }));
    const args = ['-q', '-B', '-Dstyle.color=never', '-f', join(work, 'pom.xml'), 'dependency:copy-dependencies'];
    const options = [`-DoutputDirectory=${join(work, 'jars')}`, '-DincludeScope=runtime'];
    const { error, status, stdout, stderr } = spawnSync('mvn', [...args, ...options], {
      encoding: 'utf8',
      timeout: limitMs,
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
      return { missing: 'Maven (mvn) is not installed' };
    if (error) return { missing: `Maven did not bring ${coordinates} within ${limitMs / 1000} s` };
    if (status !== 0) return { missing: `Maven could not fetch ${coordinates}: ${firstLine(stdout + stderr)}` };
    if (!readdirSync(join(work, 'jars')).includes(`${artifactId}-${version}.jar`))
      return { missing: `Maven brought no ${artifactId}-${version}.jar` };
    // Another process may have been faster; then its folder is as good.
    if (!existsSync(folder)) renameSync(join(work, 'jars'), folder);
    return { folder };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function missingJava(): string | undefined {
  const { error, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (error) return 'Java is not installed';
  const major = Number(/version "(\d+)/.exec(stderr)?.[1]);
  return major >= MIN_JAVA ? undefined : `Java ${major} is older than ${MIN_JAVA}`;
}

function firstLine(output: string): string {
  return output.split('\n').find((line) => line.includes('ERROR')) ?? 'no error printed';
}

function pom({ groupId, artifactId, version }: Record<'groupId' | 'artifactId' | 'version', string>): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>throughline</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>
  </dependencies>
</project>
`;
}
