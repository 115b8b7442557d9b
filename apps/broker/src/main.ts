import { runBroker } from '@mq/broker';

process.exitCode = await runBroker(process.argv.slice(2));
