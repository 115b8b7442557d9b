import { readFileSync } from 'node:fs';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import {
  dlqTopic,
  groupProblem,
  isNotAllowedSendTopic,
  isPopRetryTopicV2,
  isSystemTopic,
  namespaceOf,
  normalTopic,
  popRetryTopicV1,
  popRetryTopicV2,
  replyTopic,
  retryTopic,
  topicProblem,
  vipChannelAddress,
  withoutNamespace,
  wrapNamespace,
} from './names.js';
import { isValidPerm, permString } from './perm.js';

interface Names {
  description: string;
  validateTopic: {
    topic: string;
    valid: boolean;
    remark: string;
    isSystemTopic: boolean;
    notAllowedSend: boolean;
  }[];
  derived: Record<string, string>[];
  namespace: { namespace: string; resource: string; wrapped: string; without: string; withoutNs: string }[];
  perm: { perm: number; string: string }[];
}

describeGolden('names as Java 5.3.3 has them', () => {
  const names = JSON.parse(readFileSync(goldenPath('misc/names.json'), 'utf8')) as Names;

  test('the fixture has no part that is not walked', () => {
    expect(Object.keys(names).sort()).toEqual([
      'derived',
      'description',
      'namespace',
      'perm',
      'validateTopic',
    ]);
  });

  test('topics are legal, the system’s own, or closed to clients alike', () => {
    for (const { topic, remark, ...expected } of names.validateTopic) {
      expect({ topic, remark: topicProblem(topic) ?? '' }).toEqual({ topic, remark });
      expect({ topic, system: isSystemTopic(topic) }).toEqual({ topic, system: expected.isSystemTopic });
      expect({ topic, closed: isNotAllowedSendTopic(topic) }).toEqual({
        topic,
        closed: expected.notAllowedSend,
      });
    }
  });

  test('derived names agree', () => {
    const ours: Record<string, string> = {
      'retryTopic(G)': retryTopic('G'),
      'dlqTopic(G)': dlqTopic('G'),
      'replyTopic(C)': replyTopic('C'),
      'popRetryV1(T,G)': popRetryTopicV1('T', 'G'),
      'popRetryV2(T,G)': popRetryTopicV2('T', 'G'),
      'brokerVIPChannel(127.0.0.1:10911)': vipChannelAddress('127.0.0.1:10911'),
      popRetryParse: normalTopic('%RETRY%G_T', 'G'),
    };
    // File names belong to the store.
    const entries = names.derived
      .flatMap((row) => Object.entries(row))
      .filter(([key]) => !key.startsWith('offset2FileName'));
    for (const [key, value] of entries) expect({ [key]: ours[key] }).toEqual({ [key]: value });
  });

  test('namespaces wrap and unwrap alike', () => {
    for (const { namespace, resource, wrapped, without, withoutNs } of names.namespace) {
      expect(wrapNamespace(namespace, resource)).toBe(wrapped);
      expect(withoutNamespace(wrapped)).toBe(without);
      expect(withoutNamespace(wrapped, namespace)).toBe(withoutNs);
    }
  });

  test('permissions print alike', () => {
    for (const { perm, string } of names.perm) expect(permString(perm)).toBe(string);
  });
});

test('a group is refused in upstream’s words', () => {
  expect(groupProblem('G-1|%')).toBeUndefined();
  expect(groupProblem(' ')).toBe('the specified group is blank');
  expect(groupProblem('x'.repeat(256))).toMatch(/longer than group max length 255/);
  expect(groupProblem('a.b')).toMatch(/contains illegal characters/);
});

test('a pop retry topic gives its topic back in either version', () => {
  expect(normalTopic('%RETRY%G+T', 'G')).toBe('T');
  expect(normalTopic('T', 'G')).toBe('T');
  expect(isPopRetryTopicV2('%RETRY%G+T')).toBe(true);
  expect(isPopRetryTopicV2('%RETRY%G_T')).toBe(false);
});

test('namespaces are read from a name, not from a system’s prefix', () => {
  expect(namespaceOf('%RETRY%NS%G')).toBe('NS');
  expect(namespaceOf('%RETRY%G')).toBe('');
  expect(namespaceOf('TBW102')).toBe('');
});

test('administration accepts the eight unions of inherit, write and read', () => {
  expect([-1, 0, 6, 7, 8, 1.5].map(isValidPerm)).toEqual([false, true, true, true, false, false]);
});
