// END_TRANSACTION (upstream: EndTransactionProcessor). Producers send it oneway; who wants an answer gets it once the
// message is as durable as configured.
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import { SysFlag } from '@mq/remoting/message';
import { decodeEndTransactionHeader, ResponseCode } from '@mq/remoting/protocol';

import type { BrokerParts } from '../broker-parts.js';
import { remarkOf, responseCodeOf } from '../processor/send/put-status.js';
import { RequestRefused } from '../request-refused.js';

export function endTransaction({ transactions, settings, logger }: BrokerParts): RequestProcessor {
  return async (request, { connection }) => {
    const header = decodeEndTransactionHeader(request);
    if (!transactions.isMaster) {
      throw new RequestRefused(ResponseCode.SLAVE_NOT_AVAILABLE, 'transactions end on the master');
    }
    try {
      switch (header.commitOrRollback) {
        case SysFlag.TRANSACTION_COMMIT: {
          const result = await transactions.commit(header);
          const remark = remarkOf(result, settings.store.maxMessageSize);
          return RemotingCommand.response(responseCodeOf(result.status), remark, {});
        }
        case SysFlag.TRANSACTION_ROLLBACK:
          await transactions.rollback(header);
          return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {});
        case SysFlag.TRANSACTION_NOT:
          // The producer does not know yet; the check will ask again.
          return RemotingCommand.response(ResponseCode.SUCCESS, undefined, {});
        default:
          throw new RequestRefused(
            ResponseCode.INVALID_PARAMETER,
            `commitOrRollback ${header.commitOrRollback} is none of 0, 8, 12`,
          );
      }
    } catch (error) {
      // Nobody reads the answer to a oneway request.
      if (error instanceof RequestRefused && request.isOneway) {
        const { commitLogOffset, producerGroup } = header;
        logger.warn('transaction not ended', {
          reason: error.message,
          commitLogOffset,
          producerGroup,
          address: connection.remoteAddress,
        });
      }
      throw error;
    }
  };
}
