// 12 QUERY_MESSAGE (by key or unique id) and 33 VIEW_MESSAGE_BY_ID (by commit log offset). Upstream: QueryMessageProcessor.
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  QueryMessageRequestHeader,
  QueryMessageResponseHeader,
  ResponseCode,
  ViewMessageRequestHeader,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

export function queryMessage({ store, settings }: BrokerParts): RequestProcessor {
  return async (request) => {
    const header = QueryMessageRequestHeader.decode(request.extFields);
    const unique = header.isUniqueKeyQuery ?? false;
    const maxNum = unique
      ? settings.store.defaultQueryMaxNum
      : Math.min(header.maxNum, settings.store.maxMsgsNumBatch);
    const { topic, key, beginTimestamp, endTimestamp } = header;
    const found = await store.queryMessage(topic, key, maxNum, beginTimestamp, endTimestamp, { unique });
    const { indexLastUpdateTimestamp, indexLastUpdatePhyoffset } = found;
    const ext = QueryMessageResponseHeader.encode({ indexLastUpdateTimestamp, indexLastUpdatePhyoffset });
    if (found.buffers.length === 0) {
      const remark = 'can not find message, maybe time range not correct';
      return RemotingCommand.response(ResponseCode.QUERY_NOT_FOUND, remark, ext);
    }
    const response = RemotingCommand.response(ResponseCode.SUCCESS, undefined, ext);
    response.bodyParts = found.buffers;
    return response;
  };
}

export function viewMessageById({ store }: BrokerParts): RequestProcessor {
  return async (request) => {
    const { offset } = ViewMessageRequestHeader.decode(request.extFields);
    const record = await store.recordAt(offset);
    if (record === undefined) {
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `can not find message by the offset, ${offset}`);
    }
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, undefined, record);
  };
}
