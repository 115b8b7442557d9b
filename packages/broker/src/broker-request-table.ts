// The table of what a broker serves: request code → processor, one line each, and why the rest is refused.
import { RequestCode } from '@mq/remoting/protocol';

import type { BrokerParts } from './broker-parts.js';
import { popRequestTable } from './pop/pop-request-table.js';
import { adminRequestTable } from './processor/admin/admin-request-table.js';
import { checkClientConfig } from './processor/client/check-client-config.js';
import { heartbeat } from './processor/client/heartbeat.js';
import { registerFilterServer } from './processor/client/register-filter-server.js';
import { unregisterClient } from './processor/client/unregister-client.js';
import { getConsumerListByGroup } from './processor/consumer/consumer-list.js';
import { queryConsumerOffset, updateConsumerOffset } from './processor/consumer/consumer-offset.js';
import { lockBatch, unlockBatch } from './processor/consumer/queue-lock.js';
import {
  getEarliestMsgStoreTime,
  getMaxOffset,
  getMinOffset,
  searchOffsetByTimestamp,
} from './processor/consumer/queue-offset.js';
import { PullMessageProcessor } from './processor/pull/pull-message-processor.js';
import { queryMessage, viewMessageById } from './processor/query/query-message.js';
import { replyMessage } from './processor/reply/reply-message.js';
import { consumerSendBack } from './processor/send/consumer-send-back.js';
import { recallMessage } from './processor/send/recall-message.js';
import { SendMessageProcessor } from './processor/send/send-message-processor.js';
import { RequestTable } from './request-table.js';
import { endTransaction } from './transaction/end-transaction.js';

/** Builds the table of one broker. Codes that are not in it are answered REQUEST_CODE_NOT_SUPPORTED. */
export function brokerRequestTable(broker: BrokerParts): RequestTable {
  const table = new RequestTable(broker.logger);
  const { send } = new SendMessageProcessor(broker);
  const { pull } = new PullMessageProcessor(broker);
  const reply = replyMessage(broker);
  const notOnFastPort = { onFastPort: false };
  table
    .add(RequestCode.SEND_MESSAGE, send)
    .add(RequestCode.SEND_MESSAGE_V2, send)
    .add(RequestCode.SEND_BATCH_MESSAGE, send)
    .add(RequestCode.CONSUMER_SEND_MSG_BACK, consumerSendBack(broker))
    .add(RequestCode.RECALL_MESSAGE, recallMessage(broker))
    .add(RequestCode.END_TRANSACTION, endTransaction(broker))
    .add(RequestCode.SEND_REPLY_MESSAGE, reply)
    .add(RequestCode.SEND_REPLY_MESSAGE_V2, reply)

    .add(RequestCode.PULL_MESSAGE, pull, notOnFastPort)
    .add(RequestCode.LITE_PULL_MESSAGE, pull, notOnFastPort)

    .add(RequestCode.HEART_BEAT, heartbeat(broker))
    .add(RequestCode.UNREGISTER_CLIENT, unregisterClient(broker))
    .add(RequestCode.CHECK_CLIENT_CONFIG, checkClientConfig(broker))
    .add(RequestCode.REGISTER_FILTER_SERVER, registerFilterServer(broker))

    .add(RequestCode.GET_CONSUMER_LIST_BY_GROUP, getConsumerListByGroup(broker))
    .add(RequestCode.QUERY_CONSUMER_OFFSET, queryConsumerOffset(broker))
    .add(RequestCode.UPDATE_CONSUMER_OFFSET, updateConsumerOffset(broker))
    .add(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, searchOffsetByTimestamp(broker))
    .add(RequestCode.GET_MAX_OFFSET, getMaxOffset(broker))
    .add(RequestCode.GET_MIN_OFFSET, getMinOffset(broker))
    .add(RequestCode.GET_EARLIEST_MSG_STORETIME, getEarliestMsgStoreTime(broker))
    .add(RequestCode.LOCK_BATCH_MQ, lockBatch(broker))
    .add(RequestCode.UNLOCK_BATCH_MQ, unlockBatch(broker))

    .add(RequestCode.QUERY_MESSAGE, queryMessage(broker))
    .add(RequestCode.VIEW_MESSAGE_BY_ID, viewMessageById(broker));
  for (const { code, processor, onFastPort } of popRequestTable(broker))
    table.add(code, processor, { onFastPort });
  for (const [code, processor] of adminRequestTable(broker)) table.add(code, processor);
  return table;
}
