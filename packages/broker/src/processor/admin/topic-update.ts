// 17 UPDATE_AND_CREATE_TOPIC and 18 UPDATE_AND_CREATE_TOPIC_LIST.
import type { RequestProcessor } from '@mq/remoting';
import {
  CreateTopicRequestHeader,
  ResponseCode,
  type TopicConfig,
  decodeCreateTopicListRequestBody,
  isValidPerm,
  topicProblem,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { AttributeError, parseAttributeChanges } from '../../topic/attributes.js';
import { assertMaster, assertValid, done } from './answer.js';

/** Queues of a topic at most: what a client can address, and what one topic may cost. */
const MAX_QUEUES = 65_535;
/** Topics of one list at most. */
const MAX_TOPICS_PER_REQUEST = 10_000;

/** 17: creates a topic or changes it; answered once it is on disk. */
export function updateAndCreateTopic(parts: BrokerParts): RequestProcessor {
  return (request) => {
    assertMaster(parts);
    const header = CreateTopicRequestHeader.decode(request.extFields);
    const { topicFilterType } = header;
    if (topicFilterType !== 'SINGLE_TAG' && topicFilterType !== 'MULTI_TAG') {
      throw new RequestRefused(ResponseCode.INVALID_PARAMETER, `unknown topicFilterType ${topicFilterType}`);
    }
    applyChanges(parts, () => [
      {
        topicName: header.topic,
        readQueueNums: header.readQueueNums,
        writeQueueNums: header.writeQueueNums,
        perm: header.perm,
        topicFilterType,
        topicSysFlag: header.topicSysFlag ?? 0,
        order: header.order ?? false,
        attributes: Object.fromEntries(parseAttributeChanges(header.attributes)),
      },
    ]);
    return done();
  };
}

/** 18 (5.3): the same for a list, all or none. */
export function updateAndCreateTopicList(parts: BrokerParts): RequestProcessor {
  return (request) => {
    assertMaster(parts);
    applyChanges(parts, () => topicList(request.body));
    return done();
  };
}

function topicList(body: Buffer | undefined): TopicConfig[] {
  const { topicConfigList } = decodeCreateTopicListRequestBody(body);
  const isTooLong = topicConfigList.length > MAX_TOPICS_PER_REQUEST;
  assertValid(isTooLong ? `more than ${MAX_TOPICS_PER_REQUEST} topics in one list` : undefined);
  return topicConfigList;
}

function applyChanges(parts: BrokerParts, read: () => TopicConfig[]): void {
  try {
    const configs = read();
    for (const config of configs) assertValid(problemOf(parts, config));
    const changed = configs.filter((config) => !isSame(config, parts.topicConfig.select(config.topicName)));
    if (changed.length > 0) parts.topicConfig.updateList(changed);
  } catch (error) {
    if (error instanceof AttributeError) throw new RequestRefused(ResponseCode.SYSTEM_ERROR, error.message);
    throw error;
  }
}

function problemOf(parts: BrokerParts, config: TopicConfig): string | undefined {
  const { topicName, readQueueNums, writeQueueNums, perm } = config;
  const name = topicProblem(topicName);
  if (name !== undefined) return name;
  const { validateSystemTopicWhenUpdateTopic, enableMixedMessageType } = parts.settings.broker;
  if (validateSystemTopicWhenUpdateTopic && parts.topicConfig.isSystemTopic(topicName)) {
    return `The topic[${topicName}] is conflict with system topic.`;
  }
  for (const [key, queues] of Object.entries({ readQueueNums, writeQueueNums })) {
    if (!Number.isInteger(queues) || queues < 0 || queues > MAX_QUEUES) {
      return `${key} must be 0..${MAX_QUEUES}, got ${queues}`;
    }
  }
  if (!isValidPerm(perm)) return `perm must be 0..7, got ${perm}`;
  if (!enableMixedMessageType && config.attributes['+message.type'] === 'MIXED') {
    return 'MIXED message type is not supported.';
  }
  return undefined;
}

/** An operator may repeat a command: nothing changes then, not even the version. */
function isSame(wanted: TopicConfig, known: TopicConfig | undefined): boolean {
  if (known === undefined || Object.keys(wanted.attributes).length > 0) return false;
  return (
    wanted.readQueueNums === known.readQueueNums &&
    wanted.writeQueueNums === known.writeQueueNums &&
    wanted.perm === known.perm &&
    wanted.topicFilterType === known.topicFilterType &&
    wanted.topicSysFlag === known.topicSysFlag &&
    wanted.order === known.order
  );
}
