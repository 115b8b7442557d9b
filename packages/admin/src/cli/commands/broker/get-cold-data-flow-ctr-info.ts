import { stringifyFastjson, type ColdDataFlowCtrInfo } from '@mq/remoting/protocol';
import { brokerTargets } from '../../broker-targets.js';
import { defineCommand } from '../../command.js';
import { text } from '../../option.js';
import { toSeconds } from '../../timestamps.js';

export const getColdDataFlowCtrInfo = defineCommand({
  name: 'getColdDataFlowCtrInfo',
  summary: 'Get cold data flow ctr info.',
  options: {
    brokerAddr: text('b', 'brokerAddr', 'get from which broker'),
    clusterName: text('c', 'clusterName', 'get from which cluster'),
  },
  async run({ brokerAddr, clusterName }, context) {
    const infos = new Map<string, ColdDataFlowCtrInfo>();
    const addresses = await brokerTargets({ brokerAddr, clusterName }, context, { withSlaves: true });
    for (const address of addresses) infos.set(address, await context.admin.brokers.coldDataFlow(address));
    return infos;
  },
  print(infos, { out, host }) {
    for (const [address, info] of infos) {
      const runtimeTable = Object.fromEntries(
        Object.entries(info.runtimeTable).map(
          ([group, { coldAcc, createTimeMills, lastColdReadTimeMills }]) => [
            group,
            {
              coldAcc,
              lastColdReadTimeFormat: toSeconds(lastColdReadTimeMills, host),
              createTimeFormat: toSeconds(createTimeMills, host),
            },
          ],
        ),
      );
      out.line(' ============%s============', address);
      out.line('%s', stringifyFastjson({ ...info, runtimeTable }, { pretty: true, sort: false }));
    }
  },
});
