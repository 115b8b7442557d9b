// UPDATE_NAMESRV_CONFIG and GET_NAMESRV_CONFIG: the settings as properties text.
import { RemotingCommand } from '@mq/remoting';
import { ResponseCode } from '@mq/remoting/protocol';
import { parseProperties } from '@mq/remoting/settings';
import type { NamesrvProcessor } from './namesrv-processor.js';

/** Only settings declared mutable change; upstream has a list of forbidden ones instead. */
export const updateNamesrvConfig: NamesrvProcessor = ({ settings, logger }, request, { connection }) => {
  const properties = parseProperties(request.body?.toString('utf8') ?? '');
  const update = settings.update(properties);
  if (!update.accepted) {
    logger.warn('update of settings refused', { from: connection.remoteAddress, refusal: update.refusal });
    return RemotingCommand.response(ResponseCode.NO_PERMISSION, update.refusal);
  }
  logger.info('settings updated', { from: connection.remoteAddress, keys: [...properties.keys()] });
  return RemotingCommand.response(ResponseCode.SUCCESS);
};

export const getNamesrvConfig: NamesrvProcessor = ({ settings }) =>
  RemotingCommand.response(
    ResponseCode.SUCCESS,
    undefined,
    undefined,
    Buffer.from(settings.toProperties(), 'utf8'),
  );
