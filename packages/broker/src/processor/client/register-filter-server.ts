// 301 REGISTER_FILTER_SERVER: a server that runs consumers' filter code says where it listens (upstream, until 4.2:
// AdminBrokerProcessor#registerFilterServer).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  RegisterFilterServerRequestHeader,
  RegisterFilterServerResponseHeader,
  ResponseCode,
} from '@mq/remoting/protocol';

import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';

/** Clients will connect to it: a name or an address, and a port. */
const ADDRESS = /^(?:[\w.-]{1,253}|\[[\da-fA-F:.]{2,45}\]):\d{1,5}$/;

export function registerFilterServer(broker: BrokerParts): RequestProcessor {
  return (request, { connection }) => {
    const { filterServerAddr } = RegisterFilterServerRequestHeader.decode(request.extFields);
    if (!ADDRESS.test(filterServerAddr)) {
      throw new RequestRefused(ResponseCode.INVALID_PARAMETER, 'filterServerAddr is no host:port');
    }
    if (!broker.filterServers.register(connection, filterServerAddr)) {
      const { filterServerNums } = broker.settings.broker;
      throw new RequestRefused(
        ResponseCode.NO_PERMISSION,
        `filterServerNums is ${filterServerNums}: no further filter server may register`,
      );
    }
    const { brokerName, brokerId } = broker.identity;
    const ext = RegisterFilterServerResponseHeader.encode({
      filterServerId: filterServerAddr,
      brokerName,
      brokerId,
    });
    return RemotingCommand.response(ResponseCode.SUCCESS, undefined, ext);
  };
}
