import type { RemotingCommand, RequestContext } from '@mq/remoting';
import type { NamesrvParts } from '../namesrv-parts.js';

/** A request handler of the NameServer: everything it may touch comes in through `parts`. */
export type NamesrvProcessor = (
  parts: NamesrvParts,
  request: RemotingCommand,
  context: RequestContext,
) => RemotingCommand;
