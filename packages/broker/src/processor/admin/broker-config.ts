// 25 UPDATE_BROKER_CONFIG and 26 GET_BROKER_CONFIG.
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  GetBrokerConfigResponseHeader,
  ResponseCode,
  encodeDataVersion,
  firstDataVersion,
  nextDataVersion,
} from '@mq/remoting/protocol';
import { ConfigFile, parseProperties } from '@mq/remoting/settings';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { done } from './answer.js';

export interface BrokerConfigProcessors {
  readonly update: RequestProcessor;
  readonly get: RequestProcessor;
}

/** The two share the version of the configuration, which starts anew with each start of the broker, as upstream's does. */
export function brokerConfigProcessors(parts: BrokerParts): BrokerConfigProcessors {
  let version = firstDataVersion(parts.bootTimestamp);
  return {
    /**
     * 25: changes settings that are declared mutable, saves all of them to brokerConfigPath when the broker was started
     * with a file. Refused names answer NO_PERMISSION, with a remark that says for each why, and what was changed.
     */
    update: (request, { connection }) => {
      const { changed, refused } = parts.settings.update(
        parseProperties(request.body?.toString('utf8') ?? ''),
      );
      parts.logger.info('settings updated by an operator', {
        address: connection.remoteAddress,
        changed,
        refused: refused.map(({ name }) => name),
      });
      if (changed.length > 0) {
        version = nextDataVersion(version, parts.clock.now());
        persist(parts);
      }
      if (changed.includes('brokerPermission')) {
        parts.topicConfig.touch();
        parts.requestRegistration();
      }
      if (refused.length === 0) return done();
      const reasons = refused.map(({ text }) => text).join('; ');
      const taken = changed.length > 0 ? ` Changed: ${changed.join(', ')}.` : '';
      throw new RequestRefused(ResponseCode.NO_PERMISSION, `Can not update config: ${reasons}.${taken}`);
    },

    /** 26: every setting as `name=value` lines; the header carries the version. */
    get: () => {
      const ext = GetBrokerConfigResponseHeader.encode({ version: encodeDataVersion(version).toString() });
      const body = Buffer.from(parts.settings.toProperties(), 'utf8');
      return RemotingCommand.response(ResponseCode.SUCCESS, undefined, ext, body);
    },
  };
}

/** The file is what the next start reads, so it needs the secrets, and is for its owner alone. */
function persist({ settings, disk, logger }: BrokerParts): void {
  const path = settings.broker.brokerConfigPath;
  if (path === '') return;
  const text = settings.toProperties({ showSecrets: true });
  new ConfigFile(disk, path, { logger, ownerOnly: true }).persist(text);
}
