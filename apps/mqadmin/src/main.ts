import { runMqadmin } from '@mq/admin';

process.exitCode = await runMqadmin(process.argv.slice(2));
