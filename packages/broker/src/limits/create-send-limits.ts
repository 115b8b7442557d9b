import { isDlqTopic, isRetryTopic } from '@mq/remoting/protocol';

import type { BrokerParts } from '../broker-parts.js';
import { BacklogQuotas } from './backlog-quotas.js';
import { SendLimits } from './send-limits.js';
import { SendRates } from './send-rates.js';

type LimitedBroker = Pick<
  BrokerParts,
  'clock' | 'logger' | 'settings' | 'store' | 'topicConfig' | 'consumerOffsets'
>;

/** The limits of a broker, which follow its settings from now on. */
export function createSendLimits(broker: LimitedBroker): SendLimits {
  const { clock, logger, settings, store, topicConfig, consumerOffsets } = broker;
  // The system's own topics, retries and dead letters are never held up: what was accepted once must be able to go on.
  const isExempt = (topic: string): boolean =>
    topicConfig.isSystemTopic(topic) || isRetryTopic(topic) || isDlqTopic(topic);
  const rates = new SendRates(clock, settings.broker, isExempt);
  const backlogs = new BacklogQuotas(
    settings.broker,
    {
      topics: () => topicConfig.table.keys(),
      isExempt,
      groupsOf: (topic) => consumerOffsets.whichGroupsByTopic(topic),
      queueIds: (topic) => store.queueIds(topic),
      maxOffset: (topic, queueId) => store.maxOffsetInQueue(topic, queueId),
      minOffset: (topic, queueId) => store.minOffsetInQueue(topic, queueId),
      committedOffset: (group, topic, queueId) => consumerOffsets.query(group, topic, queueId),
    },
    logger,
  );
  settings.onChange(() => {
    rates.update(settings.broker);
    backlogs.update(settings.broker);
  });
  return new SendLimits(rates, backlogs);
}
