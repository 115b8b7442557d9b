import { stringifyFastjson, type SubscriptionGroupConfig, type TopicConfig } from '@mq/remoting/protocol';
import { brokerTargets } from '../../broker-targets.js';
import { defineCommand } from '../../command.js';
import { flag, text } from '../../option.js';
import { DEFAULT_EXPORT_FOLDER } from './export-folder.js';

export const exportMetadata = defineCommand({
  name: 'exportMetadata',
  summary: 'Export metadata.',
  options: {
    clusterName: text('c', 'clusterName', 'choose a cluster to export'),
    brokerAddr: text('b', 'brokerAddr', 'choose a broker to export'),
    filePath: text('f', 'filePath', `export metadata.json path | default ${DEFAULT_EXPORT_FOLDER}`),
    topic: flag('t', 'topic', 'only export topic metadata'),
    subscriptionGroup: flag('g', 'subscriptionGroup', 'only export subscriptionGroup metadata'),
    specialTopic: flag('s', 'specialTopic', 'need retryTopic and dlqTopic'),
  },
  async run(options, context) {
    const { clusterName, brokerAddr, filePath = DEFAULT_EXPORT_FOLDER, specialTopic } = options;
    const { admin, out, host } = context;
    const topicConfigTable: Record<string, TopicConfig> = {};
    const subscriptionGroupTable: Record<string, SubscriptionGroupConfig> = {};
    for (const address of await brokerTargets({ brokerAddr, clusterName }, context)) {
      addTopics(topicConfigTable, await admin.topics.userConfigs(address, { withRetryAndDlq: specialTopic }));
      addGroups(subscriptionGroupTable, await admin.groups.userGroups(address));
    }
    // Unlike upstream, a single broker is exported as a whole too when neither is asked for alone.
    const only = options.topic ? 'topic' : options.subscriptionGroup ? 'subscriptionGroup' : undefined;
    const path = `${filePath}/${only ?? 'metadata'}.json`;
    const content = {
      ...(only === 'subscriptionGroup' ? {} : { topicConfigTable }),
      ...(only === 'topic' ? {} : { subscriptionGroupTable }),
      exportTime: host.now(),
    };
    host.writeFile(path, stringifyFastjson(content, { pretty: true }));
    out.line('export %s success', path);
  },
});

/** Queues of the same topic on several brokers are added up. */
function addTopics(total: Record<string, TopicConfig>, topics: Readonly<Record<string, TopicConfig>>): void {
  for (const [name, topic] of Object.entries(topics)) {
    const { readQueueNums = 0, writeQueueNums = 0 } = total[name] ?? {};
    total[name] = {
      ...topic,
      readQueueNums: topic.readQueueNums + readQueueNums,
      writeQueueNums: topic.writeQueueNums + writeQueueNums,
    };
  }
}

function addGroups(
  total: Record<string, SubscriptionGroupConfig>,
  groups: Readonly<Record<string, SubscriptionGroupConfig>>,
): void {
  for (const [name, group] of Object.entries(groups)) {
    const { retryQueueNums = 0 } = total[name] ?? {};
    total[name] = { ...group, retryQueueNums: group.retryQueueNums + retryQueueNums };
  }
}
