// The limits that Apache's broker does not have; all may be changed while the broker runs (`mqadmin updateBrokerConfig`).
import { setting } from '@mq/remoting/settings';

import { topicNumbersSetting } from './topic-numbers.js';

export const limitSettings = {
  sendRatePerClient: setting.long({
    default: 0,
    min: 0,
    unit: 'messages/s',
    mutable: true,
    help: 'Messages a second that one client connection may send; above it sends are refused with SYSTEM_BUSY. 0: no limit (ours).',
  }),
  sendRatePerTopic: setting.long({
    default: 0,
    min: 0,
    unit: 'messages/s',
    mutable: true,
    help: 'Messages a second that all clients together may send to one topic. 0: no limit (ours).',
  }),
  sendRates: topicNumbersSetting({
    unit: 'messages/s',
    help: 'sendRatePerTopic for topics by name, 0 for no limit: OrderTopic=1000;LogTopic=0 (ours).',
  }),
  backlogQuotaPerTopic: setting.long({
    default: 0,
    min: 0,
    unit: 'messages',
    mutable: true,
    help: 'Messages that the slowest group of a topic may be behind before sends to it are refused. 0: no limit (ours).',
  }),
  backlogQuotas: topicNumbersSetting({
    unit: 'messages',
    help: 'backlogQuotaPerTopic for topics by name, 0 for no limit: OrderTopic=1000000 (ours).',
  }),
};
