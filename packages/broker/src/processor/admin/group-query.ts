// 201 GET_ALL_SUBSCRIPTIONGROUP_CONFIG and 352 GET_SUBSCRIPTIONGROUP_CONFIG.
import type { RequestProcessor } from '@mq/remoting';
import {
  GetSubscriptionGroupConfigRequestHeader,
  ResponseCode,
  encodeSubscriptionGroupConfig,
  encodeSubscriptionGroupWrapper,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { found } from './answer.js';

/** 201: every group, for slaves and tools. */
export function getAllSubscriptionGroups(parts: BrokerParts): RequestProcessor {
  return () => found(encodeSubscriptionGroupWrapper(parts.subscriptionGroups.serializeWrapper()));
}

/** 352 (5.x): one group. Asking creates none, unlike upstream with autoCreateSubscriptionGroup. */
export function getSubscriptionGroup(parts: BrokerParts): RequestProcessor {
  return (request) => {
    const { group } = GetSubscriptionGroupConfigRequestHeader.decode(request.extFields);
    const config = parts.subscriptionGroups.table.get(group);
    if (config !== undefined) return found(encodeSubscriptionGroupConfig(config));
    throw new RequestRefused(
      ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      `No group in this broker. group: ${group}`,
    );
  };
}
