// 308 QUERY_CORRECTION_OFFSET and 314 CLONE_GROUP_OFFSET.
import type { RequestProcessor } from '@mq/remoting';
import {
  CloneGroupOffsetRequestHeader,
  QueryCorrectionOffsetHeader,
  encodeQueryCorrectionOffsetBody,
  groupProblem,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { assertValid, done, found } from './answer.js';
import { isUnsubscribed } from './consume-offsets.js';

const LONG_MAX = 9223372036854775807n;

/** 308: per queue the least offset of all groups but some; Long.MAX where `compareGroup` is behind it. */
export function queryCorrectionOffset(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { topic, filterGroups, compareGroup } = QueryCorrectionOffsetHeader.decode(request.extFields);
    const excluded = new Set((filterGroups ?? '').split(',').filter((group) => group !== ''));
    const least = parts.consumerOffsets.minOffsetOfAllGroups(topic, excluded, (name, queueId) =>
      parts.store.minOffsetInQueue(name, queueId),
    );
    const correctionOffsets = new Map<number, number | bigint>(least);
    for (const [queueId, offset] of parts.consumerOffsets.queryAll(compareGroup, topic) ?? []) {
      if ((least.get(queueId) ?? 0) > offset) correctionOffsets.set(queueId, LONG_MAX);
    }
    return found(encodeQueryCorrectionOffsetBody({ correctionOffsets }));
  };
}

/** 314: gives a group the offsets of another, in one topic or (different from upstream, where it fails) in all. */
export function cloneGroupOffset(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { srcGroup, destGroup, topic, offline } = CloneGroupOffsetRequestHeader.decode(request.extFields);
    assertValid(groupProblem(destGroup));
    const isForAll = topic === undefined || topic.trim() === '';
    for (const name of isForAll ? parts.consumerOffsets.whichTopicsByGroup(srcGroup) : [topic]) {
      if (parts.topicConfig.select(name) === undefined) continue;
      if (offline !== true && isUnsubscribed(parts, srcGroup, name)) continue;
      parts.consumerOffsets.cloneOffset(srcGroup, destGroup, name);
    }
    return done();
  };
}
