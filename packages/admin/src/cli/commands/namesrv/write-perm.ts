import { isAdminError } from '../../../errors.js';
import type { NameServerOperations } from '../../../operations/name-servers.js';
import { defineCommand, type Command } from '../../command.js';
import { required, text } from '../../option.js';
import { nameServersOf } from './namesrv-config.js';

function changeWritePerm(
  verb: 'wipe' | 'add',
  change: (nameServers: NameServerOperations, address: string, brokerName: string) => Promise<number>,
): Command {
  const title = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
  return defineCommand({
    name: `${verb}WritePerm`,
    summary: `${title} write perm of broker in all name server you defined in the -n param.`,
    options: { brokerName: required(text('b', 'brokerName', 'broker name')) },
    async run({ brokerName }, { admin, out }) {
      for (const address of nameServersOf(admin)) {
        const what = `${verb} write perm of broker[${brokerName}] in name server[${address}]`;
        try {
          out.line('%s OK, %d', what, await change(admin.nameServers, address, brokerName));
        } catch (error) {
          if (!isAdminError(error)) throw error;
          out.line('%s Failed', what);
          out.problem(error.message);
        }
      }
    },
  });
}

export const wipeWritePerm = changeWritePerm('wipe', (nameServers, address, brokerName) =>
  nameServers.wipeWritePerm(address, brokerName),
);

export const addWritePerm = changeWritePerm('add', (nameServers, address, brokerName) =>
  nameServers.addWritePerm(address, brokerName),
);
