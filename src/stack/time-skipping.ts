import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runChild } from './child.ts';
import { takeLock } from './lock.ts';
import { type Log, StackProblem } from './problem.ts';
import { downloadServer } from './temporal-download.ts';

const VERSION = '1.38.0';
/** The SDK waits 5 s for the server, and a busy machine needs most of that for a JVM that prepares for a long life. */
const QUICK_START = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xshare:auto';

export type TimeSkippingOptions = { cacheDir: string; log: Log };

/** A program that starts Temporal's test server, whose clock skips; for tests only. The SDK's download, else the Java one by Maven. */
export async function timeSkippingServer({ cacheDir, log }: TimeSkippingOptions): Promise<{ executable: string }> {
  const jars = join(cacheDir, `temporal-test-server-${VERSION}-quiet`);
  if (!existsSync(jars)) {
    const downloaded = await downloadServer('time-skipping', join(cacheDir, 'temporal-test-server-download'), log);
    if (downloaded) return { executable: downloaded };
    await fillWithMaven(jars, cacheDir, log);
  }
  return { executable: writeScript(jars) };
}

async function fillWithMaven(jars: string, cacheDir: string, log: Log): Promise<void> {
  for (const program of [
    ['java', '-version'],
    ['mvn', '--version'],
  ] as const) {
    if (spawnSync(program[0], [program[1]], { stdio: 'ignore' }).status !== 0) {
      throw new StackProblem(
        `Temporal's test server could not be downloaded and ${program[0]} is missing: install Java 17 and Maven, or run the tests where the internet can be reached.`,
      );
    }
  }
  for (;;) {
    const lock = takeLock(`${jars}.lock`);
    if (lock.held) {
      try {
        return existsSync(jars) ? undefined : await copyDependencies(jars, cacheDir, log);
      } finally {
        lock.release();
      }
    }
    await delay(200);
  }
}

async function copyDependencies(jars: string, cacheDir: string, log: Log): Promise<void> {
  log("Fetching Temporal's test server with Maven, once for this machine.");
  const workshop = `${jars}.unfinished`;
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(workshop, { recursive: true });
  writeFileSync(join(workshop, 'pom.xml'), pom());
  const { code, lastLines } = await runChild({
    name: 'maven',
    command: 'mvn',
    args: ['--batch-mode', '--quiet', 'dependency:copy-dependencies', '-DoutputDirectory=jars'],
    cwd: workshop,
    dataDir: cacheDir,
  });
  if (code !== 0 || readdirSync(join(workshop, 'jars')).length === 0) {
    throw new StackProblem(
      `Maven could not fetch Temporal's test server ("${lastLines.at(-1) ?? 'no output'}"): see ${cacheDir}/logs/maven.log.`,
    );
  }
  renameSync(join(workshop, 'jars'), jars);
  rmSync(workshop, { recursive: true, force: true });
}

function pom(): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>unified-contributions</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;
}

// The SDK starts one program with arguments of its own, so java with its class path needs a program around it.
function writeScript(jars: string): string {
  const script = `${jars}.sh`;
  const content = `#!/bin/sh\nexec java ${QUICK_START} -cp "${jars}/*" io.temporal.testserver.TestServer "$@"\n`;
  if (existsSync(script) && readFileSync(script, 'utf8') === content) return script;
  const draft = `${script}.${process.pid}`;
  writeFileSync(draft, content);
  chmodSync(draft, 0o755);
  renameSync(draft, script);
  return script;
}
