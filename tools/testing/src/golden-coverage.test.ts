// Every entry of shared/golden has a reader: an entry that this table does not know fails, and so does a row whose test
// does not mention what it says it walks.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeGolden, goldenPath } from './golden.js';

const root = resolve(__dirname, '../../..');

/** Tests that read the entries; or, for parts that are not built yet, which part will. */
type Reader = { readonly tests: readonly string[] } | { readonly later: string };

const readers: ReadonlyArray<readonly [entry: RegExp, reader: Reader]> = [
  [/^(README\.md|manifest\.json)$/, { tests: [] }],
  [
    /^remoting\/(frames|index\.json)$/,
    {
      tests: [
        'packages/remoting/src/codec/golden-frames.test.ts',
        'packages/remoting/src/protocol/body/golden-bodies.test.ts',
      ],
    },
  ],
  [
    /^remoting\/sessions$/,
    {
      tests: [
        'packages/remoting/src/protocol/body/golden-bodies.test.ts',
        'packages/admin/src/cli/golden-mqadmin.test.ts',
        'packages/broker/src/processor/admin/golden-mqadmin.test.ts',
        'packages/broker/test/golden-errors.test.ts',
        'packages/client/test/official-client.test.ts',
        'packages/namesrv/src/golden.test.ts',
      ],
    },
  ],
  [/^remoting\/(v497-)?ha-stream\.json$/, { later: 'replication' }],
  [/^message$/, { tests: ['packages/remoting/src/message/golden-messages.test.ts'] }],
  [
    /^store-(5\.3\.3|4\.9\.7)$/,
    {
      tests: [
        'packages/store/src/default-message-store.golden.test.ts',
        'packages/store/src/consume-queue/golden.test.ts',
        'packages/store/src/index/golden.test.ts',
      ],
    },
  ],
  [
    /^misc\/hashcode\.json$/,
    {
      tests: [
        'packages/remoting/src/message/golden-facts.test.ts',
        'packages/remoting/src/protocol/body/bodies.test.ts',
      ],
    },
  ],
  [/^misc\/crc32\.json$/, { tests: ['packages/remoting/src/message/golden-facts.test.ts'] }],
  [/^misc\/properties\.json$/, { tests: ['packages/remoting/src/settings/properties-file.test.ts'] }],
  [/^misc\/codes\.json$/, { tests: ['packages/remoting/src/protocol/codes.test.ts'] }],
  [/^misc\/names\.json$/, { tests: ['packages/remoting/src/protocol/names.test.ts'] }],
  [/^misc\/rebalance\.json$/, { tests: ['packages/client/src/rebalance/rebalance.test.ts'] }],
  [/^misc\/route-queues\.json$/, { tests: ['packages/client/src/instance/topic-routes.test.ts'] }],
  [
    /^misc\/latency-fault(-4\.9\.7)?\.json$/,
    { tests: ['packages/client/src/producer/latency-fault.test.ts'] },
  ],
  [/^misc\/sql92(-4\.9\.7)?\.json$/, { tests: ['packages/filter/src/sql92/golden.test.ts'] }],
  [/^misc\/bloom\.json$/, { tests: ['packages/filter/src/bloom/bloom-filter.test.ts'] }],
  [/^misc\/acl-signature\.json$/, { later: 'ACL' }],
  [/^misc\/dledger-(coder|store)\.(json|tar\.gz)$/, { later: 'DLedger' }],
  [/^misc\/timer$/, { later: 'timers' }],
];

/** Entries that tests walk as one: folders of like files, and single files. */
function entries(): string[] {
  return readdirSync(goldenPath(), { withFileTypes: true }).flatMap((top) => {
    if (!top.isDirectory() || top.name === 'message' || top.name.startsWith('store-')) return [top.name];
    return readdirSync(join(goldenPath(), top.name)).map((name) => `${top.name}/${name}`);
  });
}

/** What a test that reads an entry cannot do without. */
function mentionOf(entry: string): string {
  if (entry === 'misc/latency-fault-4.9.7.json') return 'latency-fault';
  if (entry === 'remoting/sessions') return 'recorded';
  const folder = /^(store-|remoting\/)/.exec(entry)?.[0];
  return folder ?? (entry.split('/').at(-1) as string);
}

describeGolden('golden data', () => {
  test.each(entries())('%s has a reader', (entry) => {
    const found = readers.filter(([pattern]) => pattern.test(entry));
    expect(found).toHaveLength(1);
    const [, reader] = found[0] as (typeof readers)[number];
    if ('later' in reader) return;
    for (const path of reader.tests) {
      const file = join(root, path);
      expect([path, existsSync(file)]).toEqual([path, true]);
      expect(readFileSync(file, 'utf8')).toContain(mentionOf(entry));
    }
  });

  test.each(readers.map(([pattern]) => [pattern]))('%s names something that exists', (pattern) => {
    expect(entries().some((entry) => pattern.test(entry))).toBe(true);
  });
});
