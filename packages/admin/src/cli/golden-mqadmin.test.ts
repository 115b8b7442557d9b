// What Apache's mqadmin printed, and what ours prints when the servers answer the same: recorded by
// shared/golden/remoting/sessions, replayed over real sockets.
import { readFileSync, readdirSync } from 'node:fs';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { RecordedServers } from '../testing/recorded-servers.js';
import type { MqadminHost } from './mqadmin-host.js';
import { runMqadmin } from './run-mqadmin.js';

/** How ours may differ from the recorded output. */
interface Expectation {
  /** Applied to both outputs before they are compared. */
  readonly normalized?: (text: string) => string;
  /** Ours fails, with one sentence that matches; upstream printed a stack trace. */
  readonly refused?: RegExp;
  /** 4.9.7 had other columns: ours has to succeed on its servers' answers and match this. */
  readonly matches?: RegExp;
  /** Reason for not being run. */
  readonly skipped?: string;
  /** The time it is, ms since 1970. */
  readonly nowMs?: number;
}

const SAME: Expectation = {};
/** Order of a Java hash table: the operator sees ours in the server's order. */
const ANY_ORDER: Expectation = { normalized: (text) => text.split('\n').sort().join('\n') };

/** Members of `{a=1, b=2}`, which Java has in the order of a hash table, sorted. */
const sortedMaps = (text: string): string =>
  text.replace(/\{([^{}]*)\}/g, (_, members: string) => `{${members.split(', ').sort().join(', ')}}`);

const MESSAGES: Expectation = { normalized: sortedMaps };
const TRACKS: Expectation = {
  normalized: (text) =>
    sortedMaps(text)
      // Upstream leaves out the line break in one of the commands.
      .replaceAll(']MessageTrack', ']\nMessageTrack')
      // A Java exception's class and place.
      .replace(/trackType=UNKNOWN, exceptionDesc=[^\]]*\]/g, 'trackType=UNKNOWN, exceptionDesc=?]'),
};

const EARLIEST_MESSAGE_MS = 1795267422383;

const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  'mqadmin-addWritePerm': SAME,
  'mqadmin-allocateMQ': {
    normalized: (text) =>
      JSON.stringify(Object.entries((JSON.parse(text) as { result: object }).result).sort()),
  },
  'mqadmin-brokerConsumeStats': SAME,
  'mqadmin-brokerStatus': SAME,
  'mqadmin-brokerStatus-slave': SAME,
  'mqadmin-checkMsgSendRT': { normalized: (text) => text.replace(/[\d.]+$/gm, 'n') },
  'mqadmin-cleanExpiredCQ': SAME,
  'mqadmin-cleanUnusedTopic': SAME,
  'mqadmin-cloneGroupOffset': {
    refused: /Group G_CLONE not exist!.*\(SUBSCRIPTION_GROUP_NOT_EXIST, 26, from/,
  },
  'mqadmin-clusterList': { nowMs: EARLIEST_MESSAGE_MS + 0.08 * 3_600_000 },
  'mqadmin-clusterList-more': SAME,
  'mqadmin-clusterList-slave': { nowMs: EARLIEST_MESSAGE_MS + 0.44 * 3_600_000 },
  'mqadmin-consumeMessage': MESSAGES,
  'mqadmin-consumerConnection': SAME,
  'mqadmin-consumerConnection-unknown': {
    refused: /No topic route info.*%RETRY%NoSuchGroup \(TOPIC_NOT_EXIST, 17/,
  },
  'mqadmin-consumerProgress': SAME,
  'mqadmin-consumerProgress-group': SAME,
  'mqadmin-consumerStatus': { nowMs: 1795268405995 },
  'mqadmin-consumerStatus-stack': { nowMs: 1795268409529 },
  'mqadmin-deleteKvConfig': SAME,
  'mqadmin-deleteSubGroup': SAME,
  'mqadmin-deleteTopic': SAME,
  'mqadmin-exportMetadata': {
    skipped: 'recorded without a request: upstream does nothing for a broker alone',
  },
  'mqadmin-getBrokerConfig': ANY_ORDER,
  'mqadmin-getColdDataFlowCtrInfo': ANY_ORDER,
  'mqadmin-getConsumerConfig': SAME,
  'mqadmin-getNamesrvConfig': ANY_ORDER,
  'mqadmin-haStatus': SAME,
  'mqadmin-haStatus-slave': SAME,
  'mqadmin-printMsg': MESSAGES,
  'mqadmin-producer': SAME,
  'mqadmin-producerConnection': SAME,
  'mqadmin-queryCq': SAME,
  'mqadmin-queryMsgById': TRACKS,
  'mqadmin-queryMsgById-direct': SAME,
  'mqadmin-queryMsgByKey': SAME,
  'mqadmin-queryMsgByKey-none': { refused: /no message of the topic "TopicS" has the key "nosuchkey"/ },
  'mqadmin-queryMsgByOffset': TRACKS,
  'mqadmin-queryMsgByUniqueKey': TRACKS,
  'mqadmin-resetOffsetByTime': SAME,
  'mqadmin-resetOffsetByTime-now': { nowMs: 1795267778037 },
  'mqadmin-sendMessage': { normalized: (text) => text.replace(/[0-9A-F]{32}$/m, 'id') },
  'mqadmin-setConsumeMode': SAME,
  'mqadmin-skipAccumulatedMessage': SAME,
  'mqadmin-statsAll': SAME,
  'mqadmin-topicClusterList': SAME,
  'mqadmin-topicList': SAME,
  'mqadmin-topicList-cluster': SAME,
  'mqadmin-topicRoute': SAME,
  'mqadmin-topicRoute-slave': SAME,
  'mqadmin-topicRoute-unknown': { refused: /No topic route info in name server for the topic: NoSuchTopic/ },
  // Upstream forgets to add up what the brokers said.
  'mqadmin-topicStatus': { normalized: (text) => text.replace(/(?<=Put TPS: )[\d.]+/, 'n') },
  'mqadmin-updateBrokerConfig': SAME,
  'mqadmin-updateKvConfig': SAME,
  'mqadmin-updateNamesrvConfig': SAME,
  'mqadmin-updateOrderConf': SAME,
  'mqadmin-updateSubGroup': SAME,
  'mqadmin-updateTopic': SAME,
  'mqadmin-updateTopic-attributes': SAME,
  'mqadmin-updateTopicPerm': SAME,
  'mqadmin-wipeWritePerm': SAME,
  'mixed-mqadmin497-ns533-clusterList': { matches: /^GoldenCluster +broker-a +0 +127.0.0.1:20911 +V5_3_3 /m },
  'mixed-mqadmin497-ns533-consumerProgress': { matches: /^Consume Diff Total: 37$/m },
  'mixed-mqadmin497-ns533-topicRoute': { matches: /^\t\t\t"brokerAddrs":\{0:"127.0.0.1:20911"$/m },
  'v497-mqadmin-brokerConsumeStats': SAME,
  'v497-mqadmin-brokerStatus': SAME,
  'v497-mqadmin-clusterList': { matches: /V4_9_7 +0\.00\(0,0ms\) +0\.00\(0,0ms\|N,Nms\)/ },
  'v497-mqadmin-consumerConnection-group': SAME,
  'v497-mqadmin-consumerProgress': SAME,
  'v497-mqadmin-consumerProgress-group': {
    matches: /^TopicS +broker-a +0 +22 +3 +19 [^]*Consume Diff Total: 28$/m,
  },
  'v497-mqadmin-consumerStatus-group': { nowMs: 1795268661630 },
  'v497-mqadmin-producerConnection-group': SAME,
  'v497-mqadmin-queryMsgByKey': SAME,
  'v497-mqadmin-resetOffsetByTime-group': {
    // 5.3.3 has other words for the same.
    normalized: (text) =>
      text
        .replace(/rollback consumer/, 'reset consumer')
        .replace('#rollbackOffset', '#resetOffset')
        .replace(/ +$/gm, ''),
  },
  'v497-mqadmin-statsAll': SAME,
  'v497-mqadmin-topicList': SAME,
  'v497-mqadmin-topicRoute': SAME,
  'v497-mqadmin-topicStatus': { matches: /^broker-a +1 +0 +12 +2026-11-21 13:44:03,222$/m },
};

describeGolden('mqadmin prints what Apache’s did', () => {
  const folder = (): string => goldenPath('remoting/sessions');
  const names = readdirSync(folder())
    .filter((file) => /mqadmin.*\.txt$/.test(file))
    .map((file) => file.slice(0, -'.txt'.length));

  test('every recorded command has an expectation', () => {
    expect(names.filter((name) => !(name in EXPECTATIONS))).toEqual([]);
    expect(names.length).toBeGreaterThan(60);
  });

  test.each(Object.entries(EXPECTATIONS).filter(([, { skipped }]) => skipped === undefined))(
    '%s',
    async (name, expectation) => {
      const [commandLine = '', ...recorded] = readFileSync(`${folder()}/${name}.txt`, 'utf8').split('\n');
      const ours = await replay(name, commandLine, expectation.nowMs);
      expect(ours.unexpected).toEqual([]);
      const { refused, matches, normalized = (text) => text } = expectation;
      if (refused !== undefined) {
        expect(ours).toMatchObject({ exitCode: 1, err: expect.stringMatching(refused) as string });
        expect(ours.err.trimEnd().split('\n')).toHaveLength(1);
        return;
      }
      expect(ours).toMatchObject({ exitCode: 0, err: '' });
      if (matches !== undefined) expect(ours.out).toMatch(matches);
      else expect(normalized(ours.out.trimEnd())).toBe(normalized(recorded.join('\n').trimEnd()));
    },
  );
});

async function replay(session: string, commandLine: string, nowMs = 0) {
  const servers = await RecordedServers.start(session);
  let out = '';
  let err = '';
  const host: MqadminHost = {
    out: (text) => (out += text),
    err: (text) => (err += text),
    env: {},
    now: () => nowMs,
    utcOffsetMinutes: () => 0,
    readFile: () => undefined,
    writeFile: () => undefined,
    pause: () => Promise.resolve(false),
  };
  try {
    const [, ...args] = servers.toOurs(commandLine).split(' ').slice(1);
    const exitCode = await runMqadmin(args, host);
    return {
      exitCode,
      out: servers.toRecorded(out),
      err: servers.toRecorded(err),
      unexpected: servers.unexpected,
    };
  } finally {
    await servers.close();
  }
}
