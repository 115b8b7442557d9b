// 200 UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, 225 …_LIST, 207 DELETE_SUBSCRIPTIONGROUP, 353 UPDATE_AND_GET_GROUP_FORBIDDEN.
import type { RequestProcessor } from '@mq/remoting';
import {
  DeleteSubscriptionGroupRequestHeader,
  ResponseCode,
  type SubscriptionGroupConfig,
  UpdateGroupForbiddenRequestHeader,
  decodeSubscriptionGroupConfig,
  decodeSubscriptionGroupList,
  encodeGroupForbidden,
  groupProblem,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { FORBIDDEN_READ_BIT } from '../../subscription/subscription-group-manager.js';
import { AttributeError } from '../../topic/attributes.js';
import { assertMaster, assertValid, done, found } from './answer.js';

/** Groups of one list at most. */
const MAX_GROUPS_PER_REQUEST = 10_000;

/** 200: creates a group or replaces it; answered once it is on disk. */
export function updateSubscriptionGroup(parts: BrokerParts): RequestProcessor {
  return (request) => {
    assertMaster(parts);
    applyChanges(parts, [decodeSubscriptionGroupConfig(request.body)]);
    return done();
  };
}

/** 225 (5.3.1): the same for a list, all or none. */
export function updateSubscriptionGroupList(parts: BrokerParts): RequestProcessor {
  return (request) => {
    assertMaster(parts);
    const { groupConfigList } = decodeSubscriptionGroupList(request.body);
    const isTooLong = groupConfigList.length > MAX_GROUPS_PER_REQUEST;
    assertValid(isTooLong ? `more than ${MAX_GROUPS_PER_REQUEST} groups in one list` : undefined);
    applyChanges(parts, groupConfigList);
    return done();
  };
}

/** 207: deletes a group, with its offsets when asked to: `cleanOffset` in 5.x, `removeOffset` in 4.9. */
export function deleteSubscriptionGroup(parts: BrokerParts): RequestProcessor {
  return (request) => {
    assertMaster(parts);
    const header = DeleteSubscriptionGroupRequestHeader.decode(request.extFields);
    parts.subscriptionGroups.delete(header.groupName);
    if (header.cleanOffset === true || header.removeOffset === true) {
      parts.consumerOffsets.removeByGroup(header.groupName);
      parts.consumerOffsets.persist();
    }
    if (parts.settings.broker.autoDeleteUnusedStats) parts.stats.onGroupDeleted(header.groupName);
    return done();
  };
}

/** 353 (5.x): forbids a group to read a topic, allows it again, or just asks (`readable` absent). */
export function updateAndGetGroupForbidden(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { group, topic, readable } = UpdateGroupForbiddenRequestHeader.decode(request.extFields);
    const groups = parts.subscriptionGroups;
    if (readable !== undefined) {
      assertMaster(parts);
      assertValid(groupProblem(group));
      groups.updateForbidden(group, topic, FORBIDDEN_READ_BIT, !readable);
    }
    return found(encodeGroupForbidden({ group, topic, readable: !groups.isReadForbidden(group, topic) }));
  };
}

function applyChanges(parts: BrokerParts, configs: readonly SubscriptionGroupConfig[]): void {
  for (const config of configs) assertValid(groupProblem(config.groupName) ?? numberProblem(config));
  try {
    parts.subscriptionGroups.updateList(configs);
  } catch (error) {
    if (error instanceof AttributeError) throw new RequestRefused(ResponseCode.SYSTEM_ERROR, error.message);
    throw error;
  }
}

function numberProblem({ retryQueueNums, retryMaxTimes }: SubscriptionGroupConfig): string | undefined {
  if (!(retryQueueNums >= 0 && retryQueueNums <= 1024))
    return `retryQueueNums must be 0..1024, got ${retryQueueNums}`;
  if (!(retryMaxTimes >= -1)) return `retryMaxTimes must be -1 or more, got ${retryMaxTimes}`;
  return undefined;
}
