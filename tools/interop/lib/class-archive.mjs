// Class data sharing: with the classes of a release laid out as it wants them in memory, a JVM starts in about half the time.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classArchive, prepareHome, programCommand } from './apache.mjs';
import { runToEnd } from './command.mjs';
import { PATIENT, writeBrokerConfig, writeNameServerConfig } from './configurations.mjs';
import { freePort } from './servers.mjs';

const TIMEOUT_MS = 600_000;

/**
 * Makes the archive of a release that was installed, by a rehearsal; quick when that was done before. Programs run without it,
 * too: a rehearsal that fails says so, and that is all.
 */
export async function archiveClasses(version) {
  const archive = classArchive(version);
  if (existsSync(archive)) return;
  const home = prepareHome(mkdtempSync(join(tmpdir(), 'mq-interop-')));
  try {
    const fresh = `${archive}-${process.pid}`;
    const [command, flags] = await rehearsal(version, home);
    const recording = ['-Xlog:disable', `-XX:ArchiveClassesAtExit=${fresh}`, ...flags];
    const { code, stderr } = await runToEnd(command, recording, { timeoutMs: TIMEOUT_MS });
    if (code === 0 && existsSync(fresh)) renameSync(fresh, archive);
    else console.log(`no class archive of ${version}: the rehearsal failed\n${stderr.slice(-2000)}`);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function rehearsal(version, home) {
  const ports = [await freePort(), await freePort()];
  const [nameServer, broker] = ports.map((port) => ({ address: `127.0.0.1:${port}`, port }));
  const configurations = [
    writeNameServerConfig(home, nameServer),
    writeBrokerConfig(home, {
      nameServer,
      port: broker.port,
      store: join(home, 'store'),
      brokerName: 'broker-a',
      settings: PATIENT,
    }),
  ];
  const args = [...configurations, nameServer.address, broker.address, home];
  return programCommand(version, 'Rehearse', args, { home, heap: '768m' });
}
