import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigFile } from '@mq/remoting/settings';
import { FileDisk } from '../src/disk/file-disk.js';
import { SimulatedDisk } from '../src/testing/index.js';

const PATH = '/store/config/topics.json';

function newDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.mkdir('/store/config');
  return disk;
}

function open(disk: SimulatedDisk): ConfigFile {
  return new ConfigFile(disk, PATH, { check: (text) => void JSON.parse(text) });
}

describe('ConfigFile', () => {
  test('no file at all is a fresh start, not an error', () => {
    expect(open(newDisk()).load()).toBeUndefined();
  });

  test('what was persisted is loaded, and the content before it is the backup', () => {
    const disk = newDisk();
    const file = open(disk);
    file.persist('{"n":1}');
    file.persist('{"n":2}');
    expect(open(disk).load()).toBe('{"n":2}');
    expect(disk.readFile(file.backupPath)?.toString()).toBe('{"n":1}');
    expect(disk.list('/store/config')).toEqual(['topics.json', 'topics.json.bak']);
  });

  const stops = [
    ['open', 1],
    ['truncate', 1],
    ['write', 1],
    ['sync', 1],
    ['rename', 1],
    ['rename', 2],
    ['syncDirectory', 1],
  ] as const;

  test.each(stops)(
    'stopped at %s number %d and then crashed, the old or the new content is loaded',
    (operation, nth) => {
      const disk = newDisk();
      open(disk).persist('{"n":1}');
      disk.failAt(operation, nth, 'EIO');
      expect(() => open(disk).persist('{"n":2}')).toThrow(
        expect.objectContaining({ code: 'EIO', operation }),
      );
      for (const { name, disk: after } of disk.crashStates(40)) {
        expect([name, open(after).load()]).toEqual([name, expect.stringMatching(/^\{"n":[12]\}$/)]);
      }
    },
  );

  test('after a persist every crash state has the new content', () => {
    const disk = newDisk();
    open(disk).persist('{"n":1}');
    open(disk).persist('{"n":2}');
    for (const { name, disk: after } of disk.crashStates(20))
      expect([name, open(after).load()]).toEqual([name, '{"n":2}']);
  });

  test.each(['', ' \n', '{"n":', '\0\0\0'])('a main file that reads %j gives way to its backup', (torn) => {
    const disk = newDisk();
    disk.writeFile(PATH, torn);
    disk.writeFile(`${PATH}.bak`, '{"n":1}');
    expect(open(disk).load()).toBe('{"n":1}');
  });

  test('a torn main file does not replace a good backup', () => {
    const disk = newDisk();
    disk.writeFile(PATH, '{"n":');
    disk.writeFile(`${PATH}.bak`, '{"n":1}');
    open(disk).persist('{"n":2}');
    expect(disk.readFile(`${PATH}.bak`)?.toString()).toBe('{"n":1}');
    expect(open(disk).load()).toBe('{"n":2}');
  });

  test('when something is there and nothing of it is readable, loading fails', () => {
    const disk = newDisk();
    disk.writeFile(PATH, '{');
    expect(() => open(disk).load()).toThrow(
      expect.objectContaining({ code: 'CONFIG_UNREADABLE', path: PATH }),
    );
    disk.writeFile(`${PATH}.bak`, '');
    expect(() => open(disk).load()).toThrow(/topics\.json: .*topics\.json\.bak: it is empty/);
  });

  test('a disk that is full leaves the former content', () => {
    const disk = newDisk();
    open(disk).persist('{"n":1}');
    disk.failAt('write', 1, 'ENOSPC', { acceptBytes: 3 });
    expect(() => open(disk).persist('{"n":2}')).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(open(disk).load()).toBe('{"n":1}');
    open(disk).persist('{"n":3}');
    expect(open(disk).load()).toBe('{"n":3}');
  });

  test('one that holds secrets is for its owner alone, whatever lay there before', () => {
    const directory = mkdtempSync(join(tmpdir(), 'mq-config-'));
    try {
      const path = join(directory, 'broker.conf');
      for (const name of [path, `${path}.tmp`]) writeFileSync(name, 'open=to all\n', { mode: 0o644 });
      new ConfigFile(new FileDisk(), path, { ownerOnly: true }).persist('secret=1\n');
      expect(statSync(path).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
