import { runNamesrv } from '@mq/namesrv';

process.exitCode = await runNamesrv(process.argv.slice(2));
