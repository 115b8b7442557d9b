import { isAdminError } from '../../../errors.js';
import { membersOf } from '../../../operations/cluster.js';
import { defineCommand } from '../../command.js';
import { integer, text } from '../../option.js';
import { averageAfterFirst } from '../../send-times.js';
import { printf } from '../../printf.js';

export const clusterRT = defineCommand({
  name: 'clusterRT',
  summary: 'List All clusters Message Send RT.',
  options: {
    amount: integer('a', 'amount', 'message amount | default 100'),
    size: integer('s', 'size', 'message size | default 128 Byte'),
    cluster: text('c', 'cluster', 'cluster name | default display all cluster'),
    interval: integer('i', 'interval', 'print interval in seconds | default once'),
  },
  intervalSeconds: ({ interval }) => interval,
  async run({ amount = 100, size = 128, cluster }, { admin, out }) {
    const members = membersOf(await admin.cluster.info(), cluster);
    const groups = new Map(members.map(({ brokerName, clusterName }) => [brokerName, clusterName]));
    const rows = [];
    for (const [brokerName, clusterName] of groups) {
      const times: number[] = [];
      let failed = 0;
      try {
        // Every broker has a topic of its own name.
        for await (const probe of admin.probes.measure(brokerName, {
          count: amount,
          body: 'a'.repeat(size),
        })) {
          times.push(probe.elapsedMs);
          if (probe.error !== undefined) failed++;
        }
      } catch (error) {
        if (!isAdminError(error)) throw error;
        out.problem(error.message);
        failed = amount;
      }
      rows.push({
        clusterName,
        brokerName,
        rtMs: averageAfterFirst(times),
        successCount: amount - failed,
        failed,
      });
    }
    return rows;
  },
  print(rows, { out }) {
    out.line(
      '%-24s  %-24s  %-4s  %-8s  %-8s',
      '#Cluster Name',
      '#Broker Name',
      '#RT',
      '#successCount',
      '#failCount',
    );
    for (const { clusterName, brokerName, rtMs, successCount, failed } of rows) {
      out.line(
        '%-24s  %-24s  %-8s  %-16s  %-16s',
        clusterName,
        brokerName,
        printf('%.2f', rtMs),
        successCount,
        failed,
      );
    }
  },
});
