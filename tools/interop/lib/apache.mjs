// Apache's programs: fetched from Maven Central by Maven, compiled against by our small Java programs.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, once } from './cache.mjs';
import { runOrThrow, runToEnd } from './command.mjs';
import { runInShell } from './java-shell.mjs';

export const APACHE_VERSIONS = ['5.3.3', '4.9.7'];

/** What Java 17 hides and RocketMQ reaches for (unmapping of mapped files). */
const JAVA_FLAGS = [
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '-Dfile.encoding=UTF-8',
  '-Duser.timezone=UTC',
];

/** Else clients look 20 s after a change which queues are theirs. */
const CLIENT_PROPERTIES = { 'rocketmq.client.rebalance.waitInterval': 1_000 };

/** Path of the classes of a release as a JVM wants them in memory, if `archiveClasses` made that file. */
export const classArchive = (version) => join(cacheFolder('apache', version), 'classes.jsa');

const ARTIFACTS = ['rocketmq-namesrv', 'rocketmq-broker', 'rocketmq-tools', 'rocketmq-client'];

const javaSources = fileURLToPath(new URL('../java', import.meta.url));

function pom(version) {
  const dependencies = ARTIFACTS.map(
    (artifact) =>
      `<dependency><groupId>org.apache.rocketmq</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  ).join('');
  return (
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
    `<groupId>mq</groupId><artifactId>interop</artifactId><version>1</version><dependencies>${dependencies}</dependencies></project>`
  );
}

/** Fetches a release and compiles our programs against it; quick when that was done before. */
export function installApache(version) {
  const home = cacheFolder('apache', version);
  once(home, 'jars', () => {
    writeFileSync(join(home, 'pom.xml'), pom(version));
    runOrThrow(
      'mvn',
      [
        '-q',
        '-B',
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${join(home, 'lib')}`,
      ],
      {
        cwd: home,
      },
    );
  });
  const sources = readdirSync(javaSources)
    .filter((name) => name.endsWith('.java'))
    .map((name) => join(javaSources, name));
  const digest = createHash('sha256');
  for (const path of sources) digest.update(readFileSync(path));
  const classes = cacheFolder('apache', version, 'classes');
  once(classes, digest.digest('hex').slice(0, 16), () => {
    runOrThrow('javac', ['-nowarn', '-Xlint:none', '-cp', join(home, 'lib', '*'), '-d', classes, ...sources]);
    // Programs that run keep the jar they have.
    runOrThrow('jar', ['cf', join(home, 'new.jar'), '-C', classes, '.']);
    renameSync(join(home, 'new.jar'), join(home, 'programs.jar'));
    rmSync(classArchive(version), { force: true });
  });
  if (!existsSync(join(home, 'lib'))) throw new Error(`Apache RocketMQ ${version} was not fetched`);
  return home;
}

/** Makes a folder a home that 4.9's programs accept: they refuse to run without their logging configuration. */
export function prepareHome(home) {
  mkdirSync(join(home, 'conf'), { recursive: true });
  for (const name of ['namesrv', 'broker', 'tools']) {
    writeFileSync(
      join(home, 'conf', `logback_${name}.xml`),
      '<configuration><root level="OFF"/></configuration>',
    );
  }
  return home;
}

/** Flags for a JVM that shall be small: it shares a machine with others. */
const smallMemory = (heap) => ['-XX:+UseSerialGC', `-Xmx${heap}`];

/**
 * Command line of a Java program of the release: `main` is a class of ours or of Apache's. `isBrief`: it lives for a test only. `memoryFlags`
 * are given in place of those for a small `heap`; none: the JVM chooses for itself.
 */
export function javaCommand(
  version,
  main,
  args,
  { heap = '512m', memoryFlags = smallMemory(heap), home, properties = {}, isBrief = false } = {},
) {
  const base = cacheFolder('apache', version);
  const userHome = home ?? prepareHome(cacheFolder('apache', version, 'home'));
  const defines = Object.entries({ 'user.home': userHome, 'rocketmq.home.dir': userHome, ...properties }).map(
    ([key, value]) => `-D${key}=${value}`,
  );
  const classpath = `${join(base, 'programs.jar')}:${join(base, 'lib', '*')}`;
  const flags = [...JAVA_FLAGS, ...(isBrief ? briefFlags(version, userHome) : []), ...memoryFlags];
  return ['java', [...flags, ...defines, '-cp', classpath, main, ...args]];
}

/** For a test, the second compiler takes more time than it gains, and so does 5.x's log. */
function briefFlags(version, home) {
  const flags = [
    '-XX:TieredStopAtLevel=1',
    `-Drmq.logback.configurationFile=${join(home, 'conf', 'logback_broker.xml')}`,
  ];
  const archive = classArchive(version);
  // Of a folder that was moved the archive does not fit: what the JVM says of it must not stand in a program's output.
  const quietly = ['-Xlog:cds=off', '-Xlog:cds+dynamic=off'];
  return existsSync(archive) ? [...flags, ...quietly, `-XX:SharedArchiveFile=${archive}`] : flags;
}

/** Command line that runs one of our programs in a JVM of its own. */
export function programCommand(version, program, args, options) {
  return shellCommand(version, [program, ...args], options);
}

function shellCommand(version, words, { properties, ...options } = {}) {
  const common = { isBrief: true, properties: { ...CLIENT_PROPERTIES, ...properties } };
  return javaCommand(version, 'Shell', words, { ...options, ...common });
}

/**
 * Runs one of our programs to its end; resolves with { code, stdout, stderr }. In a JVM of its own when it is to be `alone`, or
 * with options of `javaCommand`.
 */
export async function runJava(
  version,
  program,
  args,
  { timeoutMs = 300_000, alone = false, ...options } = {},
) {
  const result =
    alone || Object.keys(options).length > 0
      ? await runToEnd(...programCommand(version, program, args, options), { timeoutMs })
      : await runInShell(version, () => shellCommand(version, []), [program, ...args], timeoutMs);
  return {
    ...result,
    stdout: withoutLogbackStatus(result.stdout),
    stderr: withoutLogbackStatus(result.stderr),
  };
}

/** The logging library of 5.x reports its own set-up on standard output, hundreds of lines before the answer. */
function withoutLogbackStatus(text) {
  return text.replaceAll(/^\d\d:\d\d:\d\d,\d{3} \|-.*\n?/gm, '');
}

/**
 * Runs one mqadmin command of the release. Its requests have a second or so, counted from before its classes are loaded: on
 * a busy machine that is over before the answer is read, so a time-out of its own is tried again.
 */
export async function mqadmin(version, args) {
  for (let attempt = 1; ; attempt++) {
    const result = await runJava(version, 'Mqadmin', args, { timeoutMs: 120_000 });
    const timedOut = /RemotingTimeoutException/.test(result.stdout + result.stderr);
    if (!timedOut || attempt === 3) return result;
  }
}
