import { isDlqTopic, isRetryTopic } from '@mq/remoting/protocol';
import { isAdminError } from '../../../errors.js';
import { defineCommand, type CommandContext } from '../../command.js';
import { flag } from '../../option.js';
import { cut } from '../../printf.js';

interface TopicRow {
  readonly topic: string;
  readonly clusterName?: string;
  readonly consumerGroups?: readonly string[];
}

const COLUMNS = '%-20s  %-64s  %-64s';

export const topicList = defineCommand({
  name: 'topicList',
  summary: 'Fetch all topic list from name server.',
  options: { clusterModel: flag('c', 'clusterModel', 'clusterModel') },
  async run({ clusterModel }, context): Promise<TopicRow[]> {
    const topics = await context.admin.topics.list();
    if (!clusterModel) return topics.map((topic) => ({ topic }));
    const rows: TopicRow[] = [];
    for (const topic of topics.filter((name) => !isRetryTopic(name) && !isDlqTopic(name))) {
      rows.push({ topic, ...(await whereAndWho(topic, context)) });
    }
    return rows;
  },
  print(rows, { out }, { clusterModel }) {
    if (!clusterModel) {
      for (const { topic } of rows) out.line('%s', topic);
      return;
    }
    // Upstream's titles are narrower than its columns.
    out.line('%-20s  %-48s  %-48s', '#Cluster Name', '#Topic', '#Consumer Group');
    for (const { topic, clusterName = '', consumerGroups = [] } of rows) {
      for (const group of consumerGroups.length === 0 ? [''] : consumerGroups) {
        out.line(COLUMNS, cut(clusterName, 20), cut(topic, 64), cut(group, 64));
      }
    }
  },
});

/** A topic may go while the list is walked: then its columns stay empty, as upstream has them. */
async function whereAndWho(topic: string, { admin }: CommandContext): Promise<Omit<TopicRow, 'topic'>> {
  try {
    const [clusterName = ''] = await admin.topics.clustersOf(topic);
    return { clusterName, consumerGroups: await admin.topics.groupsConsuming(topic) };
  } catch (error) {
    if (!isAdminError(error) || error.retryable) throw error;
    return {};
  }
}
